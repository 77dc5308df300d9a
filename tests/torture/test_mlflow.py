"""MLflow's server dead, dying, hanging, refusing, full: training does not notice, and a sync puts everything right."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from pkbench.store.files import Store
from pkbench.store.mirror import MirrorError, sync
from pkbench.store.mirror.interface import address, free_port, serving
from pkbench.store.mirror.target import Target, resolve_target
from tests.small import write_small
from tests.store.conftest import empty_database  # noqa: F401 - a fixture
from tests.store.factory import make_failed, make_record
from tests.store.mlflow_view import Seen, look
from tests.store.processes import is_running, wait_until
from tests.store.test_mirror_sync import check_all

from .commands import TIMEOUT, command, environment, essences_in, pkbench, records_in
from .conftest import Torture
from .faulty_server import misbehaving

SAID = {
    "500": "has a fault of its own",
    "401": "refuses the name or password",
    "full": "the disk is full",
    "nonsense": "",
    "hang": "does not answer in time",
    "die-before": "closes the connection",
}


@pytest.fixture(autouse=True)
def _no_foreign_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")


def with_database(results: Path, database: Path) -> Target:
    """The default mirror of ``results``, its database made already."""
    found = resolve_target(results)
    assert found.sqlite_file is not None
    found.folder.mkdir(parents=True, exist_ok=True)
    found.sqlite_file.write_bytes(database.read_bytes())
    return found


def test_each_fault_is_one_line_and_a_sync_repairs_it(
    tmp_path: Path,
    empty_database: Path,  # noqa: F811
    torture: Torture,
) -> None:
    """Faults from the first request on, with a word for each; then the mirror is pushed where something works."""
    store = Store(tmp_path / "results")
    records = [make_record(0), make_failed(1), make_record(2, epochs=20)]
    for record in records:
        store.write(record)
    before = {path: path.read_bytes() for path in store.runs_folder("toy").iterdir()}
    for mode, words in SAID.items():
        with misbehaving(lambda mode=mode: mode) as server:
            with pytest.raises(MirrorError) as caught:
                sync(store, uri=server.uri.replace("://", "://me:secret@"))
            assert server.seen == [mode], "no request is repeated: it might have been carried out"
        assert words in caught.value.what
        assert "nothing is lost" in caught.value.message
        assert "\n" not in caught.value.message
        assert "secret" not in caught.value.message
    target = with_database(store.root, empty_database)
    assert sync(store).pushed == 3
    check_all(target.uri, store, records, tmp_path / "a")
    assert {path: path.read_bytes() for path in store.runs_folder("toy").iterdir()} == before
    torture.tell(f"MLflow's server: {', '.join(SAID)}; from its first request on", len(SAID), "nothing")


def seconds(folder: Path, *words: str, **variables: str) -> float:
    """Seconds that the runs of a command in ``folder`` trained for."""
    write_small(folder, ("epochs = 2", "epochs = 40"))
    done = pkbench("run", "small", "--jobs", "1", *words, cwd=folder, env=environment(**variables))
    assert done.returncode == 0, done.stderr
    return sum(record.seconds for record in records_in(folder / "results").values())


def test_the_pace_of_a_training_beside_a_hanging_server(tmp_path: Path, torture: Torture) -> None:
    """The ratio is told, not asserted: machines are shared. That the records are the same bits is."""
    torture.only_full()
    times = torture.times(short=1, full=5)
    plain, hanging, requests = [], [], 0
    with misbehaving(lambda: "hang") as server:
        for number in range(times):
            plain.append(seconds(tmp_path / f"plain-{number}", "--no-mlflow"))
            hanging.append(seconds(tmp_path / f"hanging-{number}", MLFLOW_TRACKING_URI=server.uri))
        requests = len(server.seen)
    if not requests:
        pytest.skip("on so busy a machine the mirror did not come to ask the server within its time")
    assert essences_in(tmp_path / "hanging-0" / "results") == essences_in(tmp_path / "plain-0" / "results")
    ratio = sorted(with_ / without for with_, without in zip(hanging, plain, strict=True))[times // 2]
    torture.tell(f"a hanging server beside six runs: they took {ratio:.2f} times as long as without", times, "nothing")


def check_once_each(seen: list[Seen], expected: set[str]) -> None:
    """One ended run for each of ``expected``, and no (metric, step) twice."""
    assert Counter(run.tags["pkbench.run_id"] for run in seen) == Counter(expected)
    assert {run.status for run in seen} <= {"FINISHED", "FAILED"}
    for run in seen:
        for key, points in run.metrics.items():
            steps = [step for step, _, _ in points]
            assert len(steps) == len(set(steps)), f"{run.name}: {key}"


def kill(process: subprocess.Popen[str]) -> None:
    """End a command, its workers and its mirror at once, as a lost machine does."""
    below = psutil.Process(process.pid).children(recursive=True)
    for each in (psutil.Process(process.pid), *below):
        try:
            each.kill()
        except psutil.NoSuchProcess:
            continue
    process.communicate()
    wait_until(lambda: not any(is_running(each.pid) for each in below))


def test_kill_and_resume(tmp_path: Path, empty_database: Path, torture: Torture) -> None:  # noqa: F811
    """Commands killed at random moments, mirror and all; in the end MLflow has every run once."""
    write_small(tmp_path, ("epochs = 2", "epochs = 60"))
    target = with_database(tmp_path / "results", empty_database)
    chance = random.Random(1)
    cycles = torture.times(short=2, full=20)
    for _ in range(cycles):
        process = subprocess.Popen(
            command("run", "small", "--jobs", "1", "--json"), cwd=tmp_path, env=environment(),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
        )  # fmt: skip
        assert process.stdout is not None
        lines = chance.randint(1, 80)
        for _, line in zip(range(lines), process.stdout, strict=False):
            assert line
        # The mirror is a few seconds behind: some kills are to meet it at work.
        time.sleep(chance.choice([0.0, 0.0, 1.0, 4.0]))
        kill(process)
    done = pkbench("run", "small", cwd=tmp_path, timeout=TIMEOUT)
    assert done.returncode == 0, done.stderr
    assert pkbench("sync", cwd=tmp_path).returncode == 0
    expected = set(records_in(tmp_path / "results"))
    assert len(expected) == 6
    check_once_each(look(target.uri, "small", tmp_path / "seen"), expected)
    parents = look(target.uri, "small", tmp_path / "seen", "invocation")
    assert {parent.status for parent in parents} == {"FINISHED"}
    torture.tell(
        "`pkbench run` and its mirror killed (SIGKILL), then resumed", cycles, "nothing; in MLflow each run once"
    )


def test_syncs_killed(tmp_path: Path, empty_database: Path, torture: Torture) -> None:  # noqa: F811
    """`pkbench sync` killed at random moments while it pushes."""
    torture.only_full()
    store = Store(tmp_path / "results")
    records = [make_record(seed, epochs=60) for seed in range(30)]
    for record in records:
        store.write(record)
    target = with_database(store.root, empty_database)
    chance = random.Random(2)
    kills = torture.times(short=2, full=20)
    for number in range(kills):
        process = subprocess.Popen(
            command("sync", "--results", store.root), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True,
        )  # fmt: skip
        pushed = len(list(target.artifacts.glob("toy/*")))
        more = pushed + chance.randint(0, 2)
        wait_until(
            lambda more=more, process=process: (
                len(list(target.artifacts.glob("toy/*"))) > more or process.poll() is not None
            ),
            120,
        )
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert number < kills
    sync(store)
    check_all(target.uri, store, records, tmp_path / "a")
    check_once_each(look(target.uri, "toy", tmp_path / "b"), {record.run_id for record in records})
    (parent,) = look(target.uri, "toy", tmp_path / "b", "invocation")
    assert (parent.status, parent.end) == ("FINISHED", max(round(record.ended * 1000) for record in records))
    torture.tell("`pkbench sync` killed (SIGKILL) while it pushes", kills, "nothing; in MLflow each run once")


def test_a_real_server_behind_a_bad_network(tmp_path: Path, empty_database: Path, torture: Torture) -> None:  # noqa: F811
    """Requests fail at random, before they are carried out and after; syncs are repeated until one comes through."""
    if not torture.full:
        pytest.skip("starting MLflow's own server takes long: `make torture` does it")
    database = tmp_path / "server.db"
    database.write_bytes(empty_database.read_bytes())
    store = Store(tmp_path / "results")
    records = [*(make_record(seed, epochs=30) for seed in range(12)), make_failed(12)]
    for record in records:
        store.write(record)
    chance = random.Random(3)
    fault = [0.25]

    def mode() -> str:
        if chance.random() < fault[0]:
            return chance.choice(["500", "full", "die-before", "die-after", "nonsense"])
        return "pass"

    port = free_port("127.0.0.1", 0)
    with serving(Target(f"sqlite:///{database}", tmp_path), "127.0.0.1", port), misbehaving(mode, port) as server:
        failed = 0
        while True:
            try:
                sync(store, uri=server.uri)
            except MirrorError:
                failed += 1
                fault[0] = 0.25 if failed < 60 else 0.0
            else:
                break
        assert sync(store, uri=address("127.0.0.1", port)).replaced == 0
        check_all(address("127.0.0.1", port), store, records, tmp_path / "a")
        check_once_each(look(address("127.0.0.1", port), "toy", tmp_path / "b"), {record.run_id for record in records})
        assert {run.status for run in look(address("127.0.0.1", port), "toy", tmp_path / "b", "invocation")} == {
            "FINISHED"
        }
    torture.tell(
        "requests to MLflow's own server fail, before and after they are carried out", failed, "nothing; each run once"
    )
