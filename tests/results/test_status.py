"""``pkbench status``: every run in its state, whoever computes it, also while that goes on."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pkbench.errors import UsageError
from pkbench.execute import forecast
from pkbench.plan.estimate import Calibration
from pkbench.plan.run import config_id
from pkbench.results.running import progress, worker
from pkbench.results.status import statuses
from pkbench.results.subject import subjects
from pkbench.store.checkpoints import CheckpointInfo
from tests.claims.factory import failed
from tests.results.conftest import call
from tests.results.made import Made
from tests.small import write_small
from tests.store.factory import make_epoch
from tests.store.processes import start_pkbench, wait_until


def status(*arguments: str) -> dict[str, Any]:
    """The one of ``small``."""
    result = call("status", "small", "--json", *arguments)
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)
    return found


def save(made: Made, run_id: str, epochs: int, when: float | None = None) -> None:
    """A checkpoint after ``epochs`` epochs."""
    history = tuple(make_epoch(epoch) for epoch in range(1, epochs + 1))
    info = CheckpointInfo(run_id=run_id, step=9, sha256="", history=history, resumed_after=(), started=1e9)
    checkpoints = made.store.checkpoints("small", run_id)
    checkpoints.save({}, info)
    for path in checkpoints.folder.iterdir() if when is not None else ():
        os.utime(path, (when, when))


def test_all_states(made: Made) -> None:
    runs = [str(run.run_id) for run in made.runs]
    made.store.write(failed(made.runs[0], message="the loss became nan"))
    for number in (1, 2, 3):
        made.store.record_path("small", runs[number]).unlink()
    save(made, runs[1], 1)
    # Of other settings by its names: a record that nobody asks for.
    record = made.record(made.runs[2], 4.0)
    config = {**record.config, "train": {**record.config["train"], "epochs": 7}}
    made.store.write(record.model_copy(update={"config": config, "run_id": config_id(config)}))
    found = status()
    by_id = {item["id"]: item for item in found["runs"]}
    states = [by_id[run_id]["state"] for run_id in runs]
    assert states == ["failed", "interrupted", "stale", "missing", "done", "done"]
    assert "the loss became nan" in by_id[runs[0]]["detail"]
    assert (by_id[runs[1]]["epoch"], by_id[runs[1]]["epochs"]) == (1, 2)
    assert by_id[runs[2]]["detail"] == "train.epochs changed from 7 to 2"
    assert found["counts"] == {"failed": 1, "interrupted": 1, "stale": 1, "missing": 1, "done": 5}
    made.data.unlink()
    for run_id in runs[3:]:
        made.store.record_path("small", run_id).unlink(missing_ok=True)
    shown = call("status", "small").stdout
    assert (
        "small at quick: failed: a · digits · lr 0.01 · seed 0: failed before (diverged: the loss became nan)" in shown
    )
    assert "small at quick: interrupted: " in shown


def test_all_specs_and_their_total(made: Made) -> None:
    shown = call("status").stdout
    lines = {line.split("│")[1].strip(): line for line in shown.splitlines() if line.startswith("│")}
    assert lines.keys() == {"numbers", "small", "all"}
    assert [cell.strip() for cell in lines["all"].split("│")][3] == "11"
    assert [one["spec"] for one in json.loads(call("status", "--json", "--profile", "quick").stdout)] == ["small"]


def test_what_is_left_is_forecast_from_runs_here_and_from_what_was_saved(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast.platform, "system", lambda: "Linux")
    runs = [str(run.run_id) for run in made.runs]
    for run_id in runs[:2]:
        made.store.record_path("small", run_id).unlink()
    save(made, runs[0], 1)
    parts = dict.fromkeys((field.name for field in dataclasses.fields(Calibration)), 0.0)
    calibrated = Calibration(**parts | {"per_layer": 10.0})
    monkeypatch.setattr(forecast, "image_counts", lambda *_: (640, 0))
    (subject,) = subjects(["small"], None)
    (one,) = statuses(subject, None, "cpu", lambda *_: calibrated)
    left = {item.id: item.seconds for item in one.items if item.state != "done"}
    # Ten steps an epoch, two layers of ten seconds in each; one of them has one of its two epochs left.
    assert left[runs[1]] == pytest.approx(2 * left[runs[0]])
    assert left[runs[0]] == pytest.approx(10 * 2 * 10.0)
    assert one.seconds == pytest.approx((left[runs[0]] + left[runs[1]]) / one.jobs)
    (unknown,) = statuses(subject, None, "cpu", lambda *_: None)
    assert unknown.seconds is None


def test_a_spec_that_is_not_valid_and_one_that_is_not_here(made: Made) -> None:
    made.spec.write_text("x")
    (found,) = json.loads(call("status", "small", "--json").stdout)
    assert found["runs"] == []
    assert found["problems"][0].startswith("specs/small.toml:")
    made.spec.unlink()
    assert "there is no spec of this name here" in call("status", "small").stdout
    error = call("status", "numbers", "--profile", "quick").exception
    assert error is None, "a spec whose claims are computed has no profiles, and needs none"


def test_a_profile_that_is_not_there(made: Made) -> None:
    error = call("status", "small", "--profile", "paper").exception
    assert isinstance(error, UsageError)
    assert "has no profile paper" in error.message


HOLD = """
import sys, time
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(600)
"""


def test_who_works_is_told_by_what_he_holds(made: Made) -> None:
    runs = [str(run.run_id) for run in made.runs]
    for run_id in runs[:2]:
        made.store.record_path("small", run_id).unlink()
        save(made, run_id, 1)
    folder = made.store.folder("small")
    assert worker(folder) is None
    lock = folder / "locks" / f"{runs[1]}.lock"
    lock.parent.mkdir(exist_ok=True)
    with subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            process.stdout.readline()
            at_work = worker(folder)
            assert at_work is not None
            assert at_work.pid == process.pid
            assert at_work.since is not None
            assert abs(at_work.since - time.time()) < 3600
            found = {item["id"]: item for item in status()["runs"]}
            assert (found[runs[0]]["state"], found[runs[1]]["state"]) == ("interrupted", "running")
            assert found[runs[1]]["worker"]["pid"] == process.pid
            shown = call("status", "small").stdout
            assert f"small at quick: process {process.pid} of " in shown
            assert "epoch 1 of 2, saved" in shown
        finally:
            process.kill()
    wait_until(lambda: worker(folder) is None)
    assert {one.worker for one in progress(made.store, "small").values()} == {None}


def test_a_run_that_is_held_runs_though_it_was_never_saved(made: Made) -> None:
    run_id = str(made.runs[0].run_id)
    made.store.record_path("small", run_id).unlink()
    lock = made.store.folder("small") / "locks" / f"{run_id}.lock"
    lock.parent.mkdir()
    (lock.parent / f"{made.runs[1].run_id}.lock").touch()
    with subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            process.stdout.readline()
            found = {item["id"]: item for item in status()["runs"]}
            assert (found[run_id]["state"], found[run_id]["epoch"]) == ("running", 0)
            assert found[run_id]["worker"]["pid"] == process.pid
            assert found[str(made.runs[1].run_id)]["state"] == "done"
        finally:
            process.kill()


def test_two_who_look_do_not_take_each_other_for_somebody_at_work(made: Made) -> None:
    folder = made.store.folder("small")
    lock = folder / "locks" / f"{made.runs[0].run_id}.lock"
    lock.parent.mkdir(exist_ok=True)
    lock.touch()
    handle = os.open(lock, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        assert worker(folder) is None
    finally:
        os.close(handle)


def test_looks_agree_while_runs_are_going(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PKBENCH_RESULTS", raising=False)
    write_small(tmp_path)
    process = start_pkbench(
        "run", tmp_path / "specs" / "small.toml", "--no-mlflow", "--jobs", "1", "--only", "narrow", "-q"
    )
    done: list[int] = []
    try:
        while process.poll() is None:
            counts = status()["counts"]
            assert sum(counts.values()) == 6
            done.append(counts.get("done", 0))
    finally:
        process.communicate(timeout=250)
    assert done == sorted(done), "what is done stays done"
    assert status()["counts"] == {"done": 3, "missing": 3}


def test_watching_ends_when_all_is_done_and_says_each_state_once(made: Made) -> None:
    result = call("status", "small", "--watch", "--every", "0.2")
    assert result.exit_code == 0
    assert result.stdout.count("│ small") == 1
    assert "\x1b" not in result.stdout


def test_watching_in_a_terminal_is_live(made: Made) -> None:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pkbench", "status", "small", "--watch"],
        env={**os.environ, "TERM": "xterm", "COLUMNS": "140"},
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    chunks: list[bytes] = []
    while True:
        try:
            chunk = os.read(master, 4096)
        except OSError:  # how Linux ends a terminal
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(master)
    assert process.wait(timeout=100) == 0
    assert b"small" in b"".join(chunks)
    assert b"\x1b[" in b"".join(chunks)


@pytest.mark.parametrize("arguments", [["status"]])
def test_no_torch_is_needed(made: Made, arguments: list[str]) -> None:
    code = (
        "import sys; from pkbench.cli.main import main\n"
        f"sys.argv = ['pkbench', *{arguments!r}]\n"
        "try: main()\nexcept SystemExit as error: print(error.code or 0)\n"
        "print([name for name in ('torch', 'mlflow', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100)
    assert done.stdout.splitlines()[-1] == "[]"
