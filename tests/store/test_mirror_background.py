"""The mirror beside a training: it catches up, keeps to its time, and never outlives who started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pkbench.store.files import Store
from pkbench.store.mirror import BackgroundMirror, MirrorOutcome, Target

from .factory import make_record
from .processes import children, is_running, wait_until
from .test_mirror_sync import check_all


def the_child() -> psutil.Process:
    (found,) = children()
    return psutil.Process(found)


def test_runs_arrive_as_they_end(store: Store, target: Target, tmp_path: Path) -> None:
    records = [make_record(seed) for seed in range(4)]
    store.write(records[0])  # left by an earlier command
    mirror = BackgroundMirror(store.root, ["toy"])
    mirror.start()
    for count, record in enumerate(records[1:], start=2):
        store.write(record)
        mirror.nudge()
        wait_until(lambda count=count: len(list(target.artifacts.glob("toy/*/artifacts/*.json"))) == count)
    assert mirror.finish(60) == MirrorOutcome("caught up")
    check_all(target.uri, store, records, tmp_path / "a")


def test_without_records_there_is_nothing_to_wait_for(store: Store) -> None:
    mirror = BackgroundMirror(store.root, ["toy"])
    mirror.start()
    assert mirror.finish(20) == MirrorOutcome("caught up")
    assert not store.root.exists()


def test_the_uri_is_not_on_the_command_line(store: Store, hanging: str) -> None:
    mirror = BackgroundMirror(store.root, ["toy"], hanging.replace("://", "://me:secret@"))
    mirror.start()
    assert "secret" not in " ".join(the_child().cmdline())
    mirror.finish(0)


def test_it_has_low_priority_and_ignores_ctrl_c(store: Store, hanging: str) -> None:
    store.write(make_record())
    mirror = BackgroundMirror(store.root, ["toy"], hanging)
    mirror.start()
    child = the_child()
    wait_until(lambda: child.nice() >= min(19, psutil.Process().nice() + 10))
    assert os.getpgid(child.pid) != os.getpgid(0)
    child.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert is_running(child.pid)
    mirror.finish(0)


@pytest.mark.parametrize("timeout", [0.0, 1.0])
def test_a_hanging_server_costs_no_more_than_the_time_given(store: Store, hanging: str, timeout: float) -> None:
    mirror = BackgroundMirror(store.root, ["toy"], hanging)
    mirror.start()
    store.write(make_record())
    started = time.monotonic()
    mirror.nudge()
    assert time.monotonic() - started < 0.5
    outcome = mirror.finish(timeout)
    assert time.monotonic() - started < timeout + 1.5
    assert outcome == MirrorOutcome("behind", 1, "it takes too long")
    assert outcome.message == "mirror behind: 1 run (it takes too long); `pkbench sync` brings it up to date"


def test_a_dead_server_is_named(store: Store, refused: str) -> None:
    mirror = BackgroundMirror(store.root, ["toy"], refused.replace("://", "://me:secret@"))
    mirror.start()
    for seed in range(3):
        store.write(make_record(seed))
        mirror.nudge()
    outcome = mirror.finish(60)
    assert (outcome.state, outcome.behind) == ("behind", 3)
    assert "connection refused" in outcome.reason
    assert "secret" not in outcome.message


def test_a_mirror_that_was_killed_is_named(store: Store, hanging: str) -> None:
    store.write(make_record())
    mirror = BackgroundMirror(store.root, ["toy"], hanging)
    mirror.start()
    the_child().kill()
    mirror.nudge()
    outcome = mirror.finish(10)
    assert (outcome.state, outcome.reason) == ("behind", "it died")


def test_nudges_nobody_reads_do_not_block(store: Store, hanging: str) -> None:
    mirror = BackgroundMirror(store.root, ["toy"], hanging)
    mirror.start()
    the_child().suspend()
    started = time.monotonic()
    for _ in range(70_000):
        mirror.nudge()
    assert time.monotonic() - started < 10
    assert mirror.finish(0.1).state == "behind"


def test_without_mlflow_nothing_is_started(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pkbench.store.mirror.background.is_installed", lambda: False)
    mirror = BackgroundMirror(store.root, ["toy"])
    mirror.start()
    assert not children()
    mirror.nudge()
    outcome = mirror.finish(10)
    assert outcome.state == "not installed"
    assert "pip install 'pkbench[mlflow]'" in outcome.message


def test_one_that_was_not_started_claims_nothing(store: Store) -> None:
    mirror = BackgroundMirror(store.root, ["toy"])
    mirror.nudge()
    assert mirror.finish(10) == MirrorOutcome("behind", 1, "not started")


PARENT = """
import sys, time
from pathlib import Path
from pkbench.store.mirror import BackgroundMirror
mirror = BackgroundMirror(Path(sys.argv[1]), ["toy"], sys.argv[2])
mirror.start()
if sys.argv[3] == "fork":  # a worker that keeps the pipe open and lives on
    import os
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)
print("started", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("worker", ["fork", "none"])
def test_it_ends_with_a_parent_that_is_killed(store: Store, hanging: str, worker: str) -> None:
    store.write(make_record())
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(store.root), hanging, worker], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "started\n"
    below = psutil.Process(parent.pid).children()
    (mirror,) = [found for found in below if "pkbench.store.mirror.worker" in " ".join(found.cmdline())]
    forked = [found for found in below if found != mirror]
    wait_until(lambda: mirror.nice() >= 10)
    parent.kill()
    parent.communicate() if worker == "none" else parent.wait()
    wait_until(lambda: not is_running(mirror.pid), 5)
    for found in forked:
        found.kill()
    parent.stdout.close()


def test_a_failing_mirror_is_tried_again_by_the_next_nudge(
    store: Store, target: Target, tmp_path: Path, empty_database: Path
) -> None:
    """The database cannot be opened at first, then it can: nothing is lost in between."""
    record = make_record()
    store.write(record)
    assert target.sqlite_file is not None
    target.sqlite_file.write_bytes(b"no database" * 100)
    mirror = BackgroundMirror(store.root, ["toy"])
    mirror.start()
    time.sleep(4)
    target.sqlite_file.write_bytes(empty_database.read_bytes())
    mirror.nudge()
    assert mirror.finish(30).state == "caught up"
    check_all(target.uri, store, [record], tmp_path / "a")
