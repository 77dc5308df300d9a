"""``pkbench verify-results``: what is whole is proven, what is not is named with its meaning and remedy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from pkbench.errors import UsageError
from pkbench.results import prove_sources
from pkbench.store.checkpoints import CheckpointInfo
from pkbench.store.files import encode
from tests.results.conftest import call
from tests.results.made import Made


def proof(*arguments: str) -> tuple[int, dict[str, Any]]:
    result = call("verify-results", "--json", *arguments)
    return result.exit_code, json.loads(result.stdout)


def found(*arguments: str) -> list[tuple[str, str, str]]:
    """Kind, file name and what of everything that is named."""
    code, data = proof(*arguments)
    assert code == bool(data["discrepancies"])
    return [(one["kind"], Path(one["file"]).name, one["what"]) for one in data["discrepancies"]]


def test_a_sound_project_is_proven_whole(made: Made) -> None:
    assert call("report", "--latex", "paper", "--csv", "tables").exit_code == 0
    code, data = proof()
    assert (code, data["discrepancies"]) == (0, [])
    assert data["notes"] == ["the code of 11 records is proven by no commit: 11 recorded before the files' hash was"]
    assert data["proven"] == {
        "records of runs": 6,
        "records of checks": 2,
        "records of comparisons": 3,
        "kept weights": 6,
        "specs": 2,
        "data sets": 1,
        # Overview, data, two pages, four figures twice; four tables as LaTeX; five files of CSV.
        "files of reports": 4 + 8 + 3 + 5,
    }
    assert "nothing is damaged, stale or changed" in call("verify-results").stdout


def test_a_record_that_is_missing_makes_what_rests_on_it_stale(made: Made) -> None:
    call("report")
    path = made.store.record_path("small", str(made.runs[0].run_id))
    path.write_bytes(path.read_bytes()[:-30])
    names = {(kind, name) for kind, name, _ in found()}
    assert ("damaged", path.name) in names
    assert {("stale", name) for name in ("index.md", "report.json", "small.md", "small-quick-errors.png")} <= names
    assert ("stale", "numbers.md") not in names, "computed claims rest on other records"
    (compared,) = [what for kind, _, what in found("small") if "which it compares" in what]
    assert str(made.runs[0].run_id) in compared


def test_a_record_that_was_spelled_anew_is_named(made: Made) -> None:
    path = made.store.record_path("small", str(made.runs[0].run_id))
    path.write_bytes(json.dumps(json.loads(path.read_bytes())).encode())
    assert ("damaged", path.name, "its bytes are not as pkbench writes them") in found()


def test_another_record_of_a_run_makes_its_figures_stale(made: Made) -> None:
    call("report")
    made.store.write(made.record(made.runs[0], 99.0))
    whats = {name: what for kind, name, what in found() if kind == "stale"}
    assert whats["small-quick-errors.svg"] == f"runs/{made.runs[0].run_id} has another record now"


def test_a_run_that_ended_since_makes_its_figures_stale(made: Made) -> None:
    path = made.store.record_path("small", str(made.runs[0].run_id))
    later = path.read_bytes()
    path.unlink()
    call("report")
    path.write_bytes(later)
    assert {what for kind, _, what in found() if kind == "stale"} == {"1 records of small were not there yet"}


def test_a_record_that_contradicts_itself_is_damaged(made: Made) -> None:
    record = made.record(made.runs[0], 1.0)
    assert record.data is not None
    other = record.model_copy(update={"data": record.data.model_copy(update={"checksum": "9" * 64})})
    made.store.record_path("small", record.run_id).write_bytes(encode(other))
    (what,) = [what for kind, name, what in found() if kind == "damaged"]
    assert what.startswith("the data's checksum stands in it as ")


def test_a_record_of_another_spec_is_named(made: Made) -> None:
    record = made.record(made.runs[0], 1.0)
    other = record.model_copy(update={"spec": record.spec.model_copy(update={"id": "other"})})
    made.store.record_path("small", record.run_id).write_bytes(encode(other))
    assert any(what == "it is a record of other" for _, _, what in found())


def test_comparisons_are_held_against_the_weights_their_runs_have_now(made: Made) -> None:
    made.store.write(made.record(made.runs[0], 1.0, weights_sha256="0" * 64))
    assert [what for kind, _, what in found() if kind == "stale"] == [
        f"it was made from other weights than run {made.runs[0].run_id} has now"
    ]


def test_changed_data_is_no_damage(made: Made) -> None:
    status = made.data.stat()
    content = bytearray(made.data.read_bytes())
    content[100] ^= 1
    made.data.write_bytes(content)
    # Whoever keeps size and time does not get past it.
    os.utime(made.data, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert found() == [
        ("changed", "small.toml", "data set digits has other bytes than 6 of 6 records were computed from")
    ]
    assert call("verify-results", "--damage-only").exit_code == 0


def test_data_that_is_not_here_is_no_discrepancy(made: Made) -> None:
    made.data.unlink()
    code, data = proof()
    assert code == 0
    assert data["notes"][:1] == ["specs/small.toml: the files of data set digits are not here, so they were not read"]


def test_a_comment_in_the_spec_is_told_from_other_runs(made: Made) -> None:
    text = made.spec.read_text()
    made.spec.write_text(text + "# why\n")
    code, data = proof("--damage-only")
    (one,) = data["discrepancies"]
    assert (code, one["kind"], one["file"]) == (0, "changed", "specs/small.toml")
    assert one["what"] == "9 of 9 records are from another text of it"
    assert "still asks for every one of them" in one["means"]
    made.spec.write_text(text.replace('"epochs" = 2', '"epochs" = 3'))
    (one,) = proof()[1]["discrepancies"]
    assert one["means"] == "9 of them it no longer asks for, which no verdict uses"


def test_a_spec_that_is_broken_hides_no_results(made: Made) -> None:
    made.spec.write_text("[experiment")
    code, data = proof()
    (one,) = data["discrepancies"]
    assert (code, one["kind"]) == (1, "changed")
    assert one["what"].startswith("specs/small.toml: ")
    assert data["proven"]["records of runs"] == 6


def test_a_spec_of_a_kind_that_does_not_exist_hides_no_results(made: Made) -> None:
    path = made.folder / "specs" / "numbers.toml"
    text = path.read_text()
    assert 'kind = "audit"' in text
    path.write_text(text.replace('kind = "audit"', 'kind = "audiu"'))
    _, data = proof()
    (one,) = data["discrepancies"]
    assert (one["kind"], one["file"]) == ("changed", "specs/numbers.toml")
    assert data["proven"]["records of checks"] == 2


def test_results_without_a_spec_are_proven_by_themselves(made: Made) -> None:
    made.spec.unlink()
    code, data = proof()
    assert code == 0
    assert data["proven"]["records of runs"] == 6
    assert any("there is no spec of this name here" in note for note in data["notes"])
    assert proof("small")[1]["proven"]["records of runs"] == 6


def test_a_report_without_its_manifest_proves_nothing(made: Made) -> None:
    call("report")
    (made.folder / "reports" / "manifest.json").unlink()
    assert found() == [("stale", "index.md", "it has no manifest")]


def test_a_file_of_a_report_that_is_gone_is_named(made: Made) -> None:
    call("report", "--csv", "tables")
    (made.folder / "reports" / "figures" / "small-quick-errors.png").unlink()
    (made.folder / "tables" / "manifest.json").unlink()
    assert found() == [
        ("damaged", "small-quick-errors.png", "it is not there"),
        ("damaged", "tables", "its manifest is not there"),
    ]


def test_code_is_held_against_the_commit_that_records_name(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"1" * 40: "a" * 64, "2" * 40: "b" * 64}
    monkeypatch.setattr(prove_sources, "commit_sha256", here.get)
    for run, commit, dirty, files in zip(
        made.runs,
        ("1" * 40, "2" * 40, "3" * 40, None, "1" * 40, "1" * 40),
        (False, False, False, None, True, False),
        ("a" * 64, "a" * 64, "a" * 64, "a" * 64, "c" * 64, "a" * 64),
        strict=True,
    ):
        record = made.record(run, 1.0)
        code = record.code.model_copy(update={"commit": commit, "dirty": dirty, "files_sha256": files})
        made.store.write(record.model_copy(update={"code": code}))
    _, data = proof("small")
    (one,) = data["discrepancies"]
    assert one["what"].startswith(f"record {made.runs[1].run_id} names commit 222222222222 without changes")
    assert data["proven"]["records' code as its commit has it"] == 2
    assert data["notes"] == [
        "the code of 6 records is proven by no commit: 1 of a commit that is not here, 1 of no commit, "
        "3 recorded before the files' hash was, 1 with uncommitted changes"
    ]


def test_metrics_and_plots_for_dvc_are_proven_too(made: Made) -> None:
    assert call("claims", "small").exit_code == call("claims", "numbers").exit_code == 0
    code, data = proof()
    written = [
        path for pattern in ("*/metrics/*", "*/plots/*", "*/data.json") for path in made.store.root.glob(pattern)
    ]
    assert (code, data["proven"]["files of reports"]) == (0, len(written))
    assert len(written) > 5
    metrics = made.store.folder("small") / "metrics"
    (metrics / "runs.json").write_text("{}")
    (one,) = proof()[1]["discrepancies"]
    assert (one["kind"], one["file"]) == ("damaged", str(metrics / "runs.json"))
    assert one["remedy"] == "`pkbench claims small` writes it again"
    (metrics / "claim.old.digits.json").write_text("{}")
    assert call("claims", "small").exit_code == 0
    assert not (metrics / "claim.old.digits.json").exists()
    assert found() == []


def test_only_what_was_named_is_proven(made: Made) -> None:
    call("report")
    (made.folder / "reports" / "small.md").write_text("altered")
    assert found("numbers") == []
    assert ("damaged", "small.md", "these are not the bytes that were written") in found("small")


def test_a_damaged_checkpoint_and_what_was_set_aside(made: Made) -> None:
    run_id = "0123456789abcdef"
    info = CheckpointInfo(run_id=run_id, step=3, sha256="", history=(), resumed_after=(), started=1e9)
    checkpoints = made.store.checkpoints("small", run_id)
    checkpoints.save({"weight": torch.ones(50)}, info)
    assert proof()[1]["proven"]["checkpoints"] == 1
    (tensors,) = checkpoints.folder.glob("*.pt")
    content = bytearray(tensors.read_bytes())
    content[len(content) // 2] ^= 1
    tensors.write_bytes(content)
    (made.store.runs_folder("small") / "0123456789abcdef.json.damaged").write_text("")
    code, data = proof()
    (one,) = data["discrepancies"]
    assert (code, one["what"]) == (1, "it is not what was saved")
    assert "passes it over" in one["remedy"]
    assert any("pkbench clean" in note for note in data["notes"])


def test_nothing_here_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    error = call("verify-results").exception
    assert isinstance(error, UsageError)
    assert "neither specs nor results" in error.message
    error = call("verify-results", "--report", "elsewhere").exception
    assert isinstance(error, UsageError)
    assert "there is no report in elsewhere" in error.message
    error = call("verify-results", "nothing").exception
    assert isinstance(error, UsageError)
    assert "there is no spec nothing" in error.message


@pytest.mark.parametrize("arguments", [["verify-results"], ["verify-results", "small", "--json"]])
def test_no_torch_is_needed(made: Made, arguments: list[str]) -> None:
    call("report")
    code = (
        "import sys; from pkbench.cli.main import main\n"
        f"sys.argv = ['pkbench', *{arguments!r}]\n"
        "try: main()\nexcept SystemExit as error: print(error.code or 0)\n"
        "print([name for name in ('torch', 'mlflow', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100)
    assert done.stdout.splitlines()[-1] == "[]"
