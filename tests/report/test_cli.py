"""The commands as a user runs them, on a small project."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pkbench.cli.main import app
from pkbench.data.identity import checksum
from pkbench.errors import PkbenchError, UsageError
from pkbench.plan.run import expand
from pkbench.store.files import Store
from tests.claims.factory import LESS, document, finished, study
from tests.report.made import ERRORS, toml


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one spec, in the current folder."""
    (tmp_path / "specs").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PKBENCH_RESULTS", raising=False)
    write_spec(tmp_path)
    return tmp_path


def write_spec(project: Path, name: str = "small", **changes: Any) -> dict[str, Any]:
    raw = document(**({"seeds": (0, 1, 2)} | changes))
    raw["experiment"]["id"] = name
    # No download is needed for what these tests run, and validation counts are part of the spec.
    raw["data"] = raw["data"][:1]
    raw["profile"] = {"quick": raw["profile"]["quick"]}
    (project / "specs" / f"{name}.toml").write_text(toml(raw), encoding="utf-8")
    return raw


def fill(project: Path, errors: dict[str, Any] = ERRORS, name: str = "small", profile: str = "quick") -> None:
    """Finished records of digits as they are on this machine."""
    made = study(seeds=(0, 1, 2))
    content = checksum(made.scaled.data[0], project)
    for run in expand(made.scaled, {"digits": content}):
        record = finished(run, errors[run.model.id][run.seed])
        labelled = {"spec": record.spec.model_copy(update={"id": name}), "profile": profile}
        Store(project / "results").write(record.model_copy(update=labelled))


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_report(project: Path) -> None:
    fill(project)
    result = call("report")
    assert result.exit_code == 0, result.output
    assert "✓ supported" in result.output
    assert f"report: {project / 'reports' / 'index.md'}" in result.output
    written = {
        str(path.relative_to(project / "reports")) for path in (project / "reports").rglob("*") if path.is_file()
    }
    names = [
        f"figures/small-quick-{kind}.{ending}" for kind in ("errors", "effects", "curves") for ending in ("png", "svg")
    ]
    assert written == {"index.md", "small.md", "report.json", "manifest.json", *names}
    # Neither warnings nor anything else says where on this machine the project lies.
    assert all(str(project).encode() not in (project / "reports" / name).read_bytes() for name in written)


def test_report_without_runs(project: Path) -> None:
    result = call("report", "small")
    assert result.exit_code == 0, result.output
    assert "no runs yet: pkbench run specs/small.toml --profile quick" in result.output
    assert "No runs yet" in (project / "reports" / "small.md").read_text()


def test_report_elsewhere(project: Path) -> None:
    fill(project)
    (project / "results").rename(project / "kept")
    result = call("report", "specs/small.toml", "--results", "kept", "--out", "shown")
    assert result.exit_code == 0, result.output
    assert "✓ supported" in (project / "shown" / "small.md").read_text()
    assert not (project / "reports").exists()


def test_check_fails_on_a_contradiction_only(project: Path) -> None:
    fill(project)
    assert call("report", "--check", "--json").exit_code == 0
    fill(project, {"a": ERRORS["b"], "b": ERRORS["a"]})
    assert call("report", "--json").exit_code == 0
    assert call("report", "--check", "--json").exit_code == 1
    result = call("report", "--check")
    assert result.exit_code == 1
    assert "✗ contradicted" in result.output
    assert (project / "reports" / "small.md").is_file()


def test_json_is_all_there_is(project: Path) -> None:
    fill(project)
    result = call("report", "--json")
    assert result.exit_code == 0, result.output
    assert [entry["spec"] for entry in json.loads(result.stdout)["studies"]] == ["small"]
    assert not (project / "reports").exists()


def test_every_spec_of_the_project(project: Path) -> None:
    write_spec(project, "other", claims=(LESS | {"id": "again"},))
    assert call("report").exit_code == 0
    index = (project / "reports" / "index.md").read_text()
    assert "[`other`](other.md)" in index
    assert "[`small`](small.md)" in index
    assert (project / "reports" / "other.md").is_file()


def test_profiles_with_results_are_reported_too(project: Path) -> None:
    raw = write_spec(project)
    raw["profile"]["fast"] = {"scope": "More seeds.", "data": ["digits"]}
    raw["profile"]["paper"] = {"scope": "As published.", "data": ["digits"]}
    (project / "specs" / "small.toml").write_text(toml(raw), encoding="utf-8")
    fill(project, profile="fast")

    def profiles(*arguments: str) -> list[str]:
        return [entry["profile"] for entry in json.loads(call("report", "--json", *arguments).stdout)["studies"]]

    assert profiles() == ["quick", "fast"]
    assert profiles("--profile", "paper") == ["paper"]


def test_a_profile_that_is_not_there(project: Path) -> None:
    result = call("report", "small", "--profile", "paper")
    assert isinstance(result.exception, UsageError)
    assert "has no profile paper" in str(result.exception)
    # Among all specs those without it are left out, unless none has it.
    raw = write_spec(project, "other")
    raw["profile"]["paper"] = {"scope": "As published.", "data": ["digits"]}
    (project / "specs" / "other.toml").write_text(toml(raw), encoding="utf-8")
    found = json.loads(call("report", "--profile", "paper", "--json").stdout)["studies"]
    assert [entry["spec"] for entry in found] == ["other"]
    assert isinstance(call("report", "--profile", "fast").exception, PkbenchError)


def test_more_seeds_are_asked_for(project: Path) -> None:
    fill(project)
    found = json.loads(call("report", "--seeds", "4", "--json").stdout)["studies"][0]
    assert found["verdicts"][0]["n_planned"] == 4
    assert found["verdicts"][0]["outcome"] == "inconclusive"
    assert any("4 seeds were asked for, the spec has 3" in sentence for sentence in found["trust"])


def test_claims_prints_and_leaves_metrics(project: Path) -> None:
    fill(project)
    result = call("claims", "small")
    assert result.exit_code == 0, result.output
    assert "✓ supported: less on digits. a 2.00 %, b 4.00 %: difference −2.00 points" in result.output
    folder = project / "results" / "small"
    assert json.loads((folder / "metrics" / "claim.less.digits.json").read_text())["verdict"] == "supported"
    assert (folder / "plots" / "errors.csv").is_file()
    assert (folder / "plots" / "learning-curves.csv").is_file()


def test_claims_as_json(project: Path) -> None:
    fill(project)
    data = json.loads(call("claims", "specs/small.toml", "--json").stdout)
    assert data["verdicts"][0]["outcome"] == "supported"
    assert (project / "results" / "small" / "metrics" / "runs.json").is_file()


def test_notes_are_printed(project: Path) -> None:
    fill(project)
    path = next((project / "results" / "small" / "runs").iterdir())
    path.write_text("damaged")
    output = call("claims", "small").output
    assert f"note: small/runs/{path.name}: it is not a whole JSON record; the run counts as not done" in output
    assert "note: 1 of 6 runs have not finished" in output


def test_verdicts_need_no_torch(project: Path) -> None:
    import subprocess
    import sys

    fill(project)
    code = (
        "import sys; from pkbench.cli.main import main\n"
        "sys.argv = ['pkbench', 'claims', 'small']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([name for name in ('torch', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"
