"""Theory and audit specs on the command line: run, plan, claims and report."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pkbench.execute import checks as module
from pkbench.execute.holds import Holds
from pkbench.plan.check import checks_of
from pkbench.spec.load import LoadedChecks, load_any
from tests.spec.test_check_specs import AUDIT, THEORY, write_checks
from tests.spec.test_commands import Call
from tests.store.processes import wait_until


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """The command in this process, in a project with both specs."""
    monkeypatch.delenv("PKBENCH_RESULTS", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    write_checks(tmp_path, THEORY)
    write_checks(tmp_path, AUDIT)
    return Call(tmp_path, monkeypatch, capsys)


def records(call: Call, spec: str = "numbers") -> list[Path]:
    return sorted((call.folder / "results" / spec / "checks").glob("*.json"))


def broken_audit(monkeypatch: pytest.MonkeyPatch, message: str = "out of luck") -> None:
    def fail(claim: object, configurations: object) -> None:
        raise ValueError(message)

    monkeypatch.setattr(module, "audit", fail)


def test_plan_run_plan(call: Call) -> None:
    before = call("plan", "numbers")
    assert before.code == 0
    assert before.out.count("never computed") == 2
    assert "2 checks: 2 to compute, 0 skipped" in before.out
    assert not (call.folder / "results").exists(), "planning writes nothing"

    run = call("run", "numbers")
    assert run.code == 0, "a contradicted claim is a result"
    first, second, total, after = run.out.splitlines()
    assert first == "supported    width  residual 0, tolerance 0"
    assert second.startswith(
        "contradicted same-m  residual 0.5, tolerance 0.01; Features S*C: 24 (small) and 36 (large)"
    )
    assert total.startswith("numbers: 1 consistent, 1 inconsistent in ")
    assert after == "next: pkbench report specs/numbers.toml"

    again = call("run", "numbers")
    assert again.out.count("(done before)") == 2
    assert "2 checks: 0 to compute, 2 skipped" in call("plan", "numbers").out
    assert "2 checks: 2 to compute, 0 skipped" in call("plan", "numbers", "--fresh").out


def test_plan_for_machines(call: Call) -> None:
    call("run", "formulas")
    theory, audit = json.loads(call("plan", "formulas", "numbers", "--json").out)
    assert [row["action"] for row in theory["checks"]] == ["skip", "skip"]
    assert audit["spec"] == "numbers"
    assert audit["path"] == str(call.folder / "specs" / "numbers.toml")
    row = audit["checks"][1]
    assert (row["claim"], row["kind"], row["action"], row["reason"]) == ("same-m", "equal", "run", "never computed")
    assert {row["run_id"] for row in theory["checks"]} == {path.stem for path in records(call, "formulas")}


def test_events_for_machines(call: Call) -> None:
    events = [json.loads(line) for line in call("run", "numbers", "--json").out.splitlines()]
    assert [(event["event"], event["fresh"], event["claim_id"]) for event in events] == [
        ("CheckEnded", True, "width"),
        ("CheckEnded", True, "same-m"),
    ]
    assert [event["outcome"] for event in events] == ["supported", "contradicted"]
    again = [json.loads(line) for line in call("run", "numbers", "--json").out.splitlines()]
    assert [event["fresh"] for event in again] == [False, False]
    fresh = [json.loads(line) for line in call("run", "numbers", "--json", "--fresh").out.splitlines()]
    assert [event["fresh"] for event in fresh] == [True, True]


def test_quiet_prints_failures_only(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = call("run", "formulas", "-q")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    broken_audit(monkeypatch)
    failed = call("run", "numbers", "-q")
    assert failed.code == 1
    assert len(failed.out.splitlines()) == 2
    assert "The computation failed: ValueError: out of luck." in failed.out


def test_failures_decide_the_exit_code_and_are_tried_again(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        broken_audit(patch)
        failed = call("run", "numbers", "formulas")
        assert failed.code == 1
        assert "numbers: 2 not assessed" in failed.out
        assert "formulas: 1 supported, 1 contradicted" in failed.out, "the other spec was run"
    plan = call("plan", "numbers")
    assert "failed before (ValueError: out of luck); tried again" in " ".join(plan.out.replace("│", " ").split())
    assert call("run", "numbers").code == 0
    assert "2 skipped" in call("plan", "numbers").out


def test_an_unsound_record_is_noted_and_computed_again(call: Call) -> None:
    call("run", "numbers")
    records(call)[0].write_text("{}")
    again = call("run", "numbers", "--json")
    assert [json.loads(line)["fresh"] for line in again.out.splitlines()].count(True) == 1
    assert records(call)[0].name in again.err
    assert "counts as not done" in again.err


def test_no_time_computes_nothing_and_the_same_command_goes_on(call: Call) -> None:
    stopped = call("run", "numbers", "--max-time", "0.000000001s")
    assert stopped.code == 3
    assert "stopped, the same command goes on" in stopped.out
    assert records(call) == []
    assert call("run", "numbers", "--max-time", "10m").code == 0


def test_hostile_texts_send_no_commands_to_the_terminal(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = r"\u009b2J\u202e [red]x[/]\n[/nothing]"
    write_checks(call.folder, AUDIT, ("Numbers", hostile), ("The width is 48", hostile))
    broken_audit(monkeypatch, "\x1b[2J\n\x9b2J [/x]")
    for command in (["run"], ["plan"], ["claims"], ["report"], ["run", "-q"]):
        result = call(*command, "numbers")
        assert result.code in (0, 1), result.err
        text = (result.out + result.err).replace("\n", "")
        assert not {"\x1b", "\x9b", "\r"} & set(text), command


def test_claims_prints_verdicts_and_leaves_metrics(call: Call) -> None:
    call("run", "numbers")
    result = call("claims", "numbers")
    assert result.code == 0
    assert "✗ inconsistent" in result.out
    assert "numbers: 1 consistent, 1 inconsistent" in result.out
    folder = call.folder / "results" / "numbers" / "metrics"
    assert f"written: {folder}" in result.out
    assert {path.name for path in folder.iterdir()} == {"claim.width.json", "claim.same-m.json"}
    write_checks(call.folder, AUDIT, ('id = "same-m"', 'id = "as-wide"'))
    data = json.loads(call("claims", "numbers", "--json").out)
    assert [verdict["claim_id"] for verdict in data["verdicts"]] == ["width", "as-wide"]
    assert {path.name for path in folder.iterdir()} == {"claim.width.json", "claim.as-wide.json"}


def test_report_and_what_check_makes_of_it(call: Call) -> None:
    assert call("report", "--check", "--json").code == 0, "nothing computed, nothing contradicted"
    call("run", "numbers", "formulas")
    written = call("report")
    assert written.code == 0
    folder = call.folder / "reports"
    assert f"report: {folder / 'index.md'}" in written.out
    assert {path.name for path in folder.iterdir()} == {
        "index.md",
        "report.json",
        "formulas.md",
        "numbers.md",
        "manifest.json",
    }
    assert "[`numbers`](numbers.md)" in (folder / "index.md").read_text(encoding="utf-8")
    assert call("report", "--check", "--json", "numbers").code == 1
    consistent = ("C = 9", "C = 6")
    write_checks(call.folder, AUDIT, consistent)
    call("run", "numbers")
    assert call("report", "--check", "--json", "numbers").code == 0
    assert call("report", "--check", "formulas").code == 1


def test_results_can_lie_elsewhere(call: Call) -> None:
    assert call("run", "numbers", "--results", "kept").code == 0
    assert not (call.folder / "results").exists()
    assert len(list((call.folder / "kept" / "numbers" / "checks").glob("*.json"))) == 2
    assert "1 inconsistent" in call("claims", "numbers", "--results", "kept").out


def test_two_processes_at_once_compute_each_check_once(tmp_path: Path, environment: dict[str, str]) -> None:
    write_checks(tmp_path, AUDIT)
    folder = tmp_path / "results" / "numbers"
    loaded = load_any(tmp_path / "specs" / "numbers.toml")
    assert isinstance(loaded, LoadedChecks)
    errors = [tmp_path / "err-1", tmp_path / "err-2"]
    command = [sys.executable, "-m", "pkbench", "run", "numbers", "--json"]
    with Holds(folder).held(check.run_id for check in checks_of(loaded.spec)):
        started = [
            subprocess.Popen(
                command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=error.open("w"), text=True
            )
            for error in errors
        ]
        wait_until(lambda: all("another pkbench computes 2" in error.read_text() for error in errors), 60)
        assert not (folder / "checks").exists()
    outputs = [process.communicate(timeout=60)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0]
    events = [json.loads(line) for output in outputs for line in output.splitlines()]
    assert sorted((event["claim_id"], event["fresh"]) for event in events) == [
        ("same-m", False),
        ("same-m", True),
        ("width", False),
        ("width", True),
    ]
