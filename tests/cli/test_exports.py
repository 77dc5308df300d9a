"""``pkbench report`` for papers and for CI: LaTeX, CSV and requirements, on a small project."""

import csv
import json
from pathlib import Path

import pytest

from pkbench.errors import StoreError, UsageError
from tests.report.made import ERRORS
from tests.report.test_cli import call, fill, write_spec
from tests.spec.test_check_specs import AUDIT, write_checks


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a spec that is trained, finished, and one that is computed, not yet; in the current folder."""
    (tmp_path / "specs").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PKBENCH_RESULTS", raising=False)
    write_spec(tmp_path)
    fill(tmp_path)
    write_checks(tmp_path, AUDIT)
    return tmp_path


def tree(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def test_latex_and_csv_beside_the_report(project: Path) -> None:
    result = call("report", "--latex", "paper/tables", "--csv", "data")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[:2] == [
        "latex: paper/tables (3 tables)",
        "csv: data (verdicts, members of families, models, runs; columns.csv describes them)",
    ]
    names = ["manifest.json", "numbers-verdicts.tex", "small-quick-models.tex", "small-quick-verdicts.tex"]
    assert sorted(path.name for path in (project / "paper" / "tables").iterdir()) == names
    with (project / "data" / "runs.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 6
    assert (project / "reports" / "index.md").is_file()
    written = [path for folder in ("paper", "data") for path in (project / folder).rglob("*") if path.is_file()]
    assert all(str(project).encode() not in path.read_bytes() for path in written)


def test_without_the_options_there_is_neither(project: Path) -> None:
    assert call("report").exit_code == 0
    assert not [path for path in tree(project) if path.suffix in (".tex", ".csv")]


def test_a_folder_that_is_a_file(project: Path) -> None:
    (project / "tables").write_text("mine")
    result = call("report", "--latex", "tables")
    assert isinstance(result.exception, StoreError)
    assert (project / "tables").read_text() == "mine"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--json", "--csv", "x"),
        ("--json", "--latex", "x"),
        ("--require", "small:less=supported", "--csv", "x"),
        ("--require", "small:less=supported", "--latex", "x"),
        ("--require", "small:less=supported", "--out", "x"),
    ],
)
def test_options_that_exclude_each_other(project: Path, arguments: tuple[str, ...]) -> None:
    before = tree(project)
    result = call("report", *arguments)
    assert isinstance(result.exception, UsageError)
    assert "writes nothing; leave it out" in str(result.exception)
    assert tree(project) == before


def test_requirements_that_hold(project: Path) -> None:
    before = tree(project)
    wanted = ("small:less=supported", "numbers:width=not-assessed", "small:less:digits@quick=supported")
    result = call("report", "--check", *(part for text in wanted for part in ("--require", text)))
    assert result.exit_code == 0, result.output
    starts = ("holds small:less@quick: supported on digits (", "holds numbers:width: not assessed (It has not been")
    lines = result.output.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(start) for line, start in zip(lines, starts, strict=False))
    assert tree(project) == before, "nothing is written"


def test_one_that_does_not_hold_is_enough(project: Path) -> None:
    result = call("report", "--require", "small:less=supported", "--require", "specs/numbers.toml:width=consistent")
    assert result.exit_code == 1
    first, second = result.output.splitlines()
    assert first.startswith("holds ")
    assert second.startswith("FAILS numbers:width: not assessed (")
    assert second.endswith("; required: consistent")


def test_other_contradicted_claims_do_not_matter(project: Path) -> None:
    fill(project, {"a": ERRORS["b"], "b": ERRORS["a"]})
    assert call("report", "--check", "--json").exit_code == 1
    assert call("report", "--check", "--require", "small:less=contradicted").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--require", "smal:less=supported"), 'there is no spec smal; .*did you mean "small"'),
        (("--require", "small:les=supported"), 'no claim is called `les` in small; .*did you mean "less"'),
        (("--require", "small:less:digit=supported"), 'did you mean "digits"'),
        (("--require", "small:less@paper=supported"), "has no profile paper; .*quick"),
        (("--require", "small:less=suported"), 'did you mean "supported"'),
        (("--require", "numbers:width@quick=supported"), "neither data sets nor profiles"),
        (("numbers", "--require", "small:less=supported"), "no spec is called `small` among those given"),
        (("--require", "small"), "is no requirement"),
    ],
)
def test_what_is_not_there(project: Path, arguments: tuple[str, ...], message: str) -> None:
    result = call("report", "--require", "small:less=supported", *arguments)
    assert isinstance(result.exception, UsageError)
    assert result.exception.exit_code == 2
    with pytest.raises(UsageError, match=message):
        raise result.exception
    assert result.output == "", "no verdict is printed beside a mistake"


def test_specs_that_are_given_are_looked_at_by_id(project: Path) -> None:
    (project / "specs" / "small.toml").rename(project / "elsewhere.toml")
    for name in ("small", "elsewhere"):
        text = f"{name}:less=supported"
        assert call("report", "elsewhere.toml", "--results", "results", "--require", text).exit_code == 0


def test_profile_and_seeds_are_those_asked_for(project: Path) -> None:
    text = ("--require", "small:less=inconclusive")
    assert call("report", "--seeds", "4", *text).exit_code == 0
    assert call("report", *text).exit_code == 1
    missing = call("report", "--profile", "paper", *text)
    assert isinstance(missing.exception, UsageError)
    assert call("report", "--profile", "paper", "--require", "small:less@quick=supported").exit_code == 0


def test_requirements_as_json(project: Path) -> None:
    result = call("report", "--json", "--require", "small:less=contradicted")
    assert result.exit_code == 1
    (finding,) = json.loads(result.stdout)
    assert finding["requirement"] == "small:less=contradicted"
    assert (finding["claim"], finding["required"], finding["holds"]) == ("small:less@quick", "contradicted", False)
    assert [found["outcome"] for found in finding["found"]] == ["supported"]


def test_a_damaged_record_is_said_beside_the_lines(project: Path) -> None:
    path = next((project / "results" / "small" / "runs").iterdir())
    path.write_text("damaged")
    result = call("report", "--require", "small:less=supported")
    assert result.exit_code == 1
    assert [line.startswith("FAILS small:less@quick: inconclusive") for line in result.stdout.splitlines()] == [True]
    assert f"note: small/runs/{path.name}: it is not a whole JSON record" in result.stderr


def test_each_spec_is_read_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pkbench.store.files import Store

    scanned = []
    scan = Store.scan

    def count(self: Store, spec_id: str) -> object:
        scanned.append(spec_id)
        return scan(self, spec_id)

    monkeypatch.setattr(Store, "scan", count)
    texts = ("small:less=supported", "small:less:digits=supported", "specs/small.toml:less@quick=supported")
    assert call("report", *(part for text in texts for part in ("--require", text))).exit_code == 0
    assert scanned == ["small"]
