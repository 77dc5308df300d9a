"""Pushing to a database: complete, once, and whole again after any interruption."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pkbench.errors import UsageError
from pkbench.store.files import Store
from pkbench.store.mirror import Mirror, MirrorError, Target, entry, sync
from pkbench.store.mirror.settings import mirror_settings
from pkbench.store.record import Invocation, Record

from .factory import make_epoch, make_failed, make_record
from .mlflow_view import Seen, look
from .processes import run_pkbench, start_pkbench, wait_until

WRITING = (
    "create_run",
    "log_batch",
    "log_artifact",
    "set_terminated",
    "set_tag",
    "delete_run",
)


def check_mirrors(seen: Seen, record: Record, raw: bytes) -> None:
    """Fail unless ``seen`` is all of ``record`` and nothing else."""
    assert seen.name == entry.run_name(record)
    assert seen.status == entry.status(record)
    assert (seen.start, seen.end) == (round(record.started * 1000), round(record.ended * 1000))
    assert seen.params == entry.parameters(record)
    assert seen.artifacts == {f"{record.run_id}.json": raw}
    assert seen.tags["pkbench.run_id"] == record.run_id
    pushed = {(key, step, stamp, value) for key, found in seen.metrics.items() for step, stamp, value in found}
    assert len(pushed) == sum(map(len, seen.metrics.values()))
    assert pushed == {(p.key, p.step, p.timestamp, p.value) for p in entry.points(record)}


def check_all(uri: str, store: Store, records: list[Record], folder: Path) -> list[Seen]:
    """Fail unless MLflow has exactly ``records``; what it has."""
    seen = look(uri, "toy", folder)
    by_id = {run.tags["pkbench.run_id"]: run for run in seen}
    assert len(by_id) == len(seen) == len(records)
    for record in records:
        check_mirrors(by_id[record.run_id], record, store.record_path("toy", record.run_id).read_bytes())
    return seen


def test_everything_of_a_record_arrives(store: Store, target: Target, tmp_path: Path) -> None:
    records = [make_record(0), make_record(1, epochs=200), make_failed(2)]
    for record in records:
        store.write(record)
    summary = sync(store)
    assert (summary.pushed, summary.replaced, summary.present, summary.problems) == (3, 0, 0, ())
    seen = check_all(target.uri, store, records, tmp_path / "a")
    (parent,) = look(target.uri, "toy", tmp_path / "b", "invocation")
    assert {run.tags["mlflow.parentRunId"] for run in seen} == {parent.id}
    assert parent.status == "FINISHED"
    assert parent.end == max(run.end for run in seen)
    assert parent.name == "pkbench run toy --profile quick, 2025-06-15 15:06:40 UTC"


def test_syncing_again_pushes_nothing(store: Store, target: Target, tmp_path: Path) -> None:
    record = make_record()
    store.write(record)
    sync(store)
    (before,) = look(target.uri, "toy", tmp_path / "a")
    summary = sync(store)
    assert (summary.pushed, summary.replaced, summary.present) == (0, 0, 1)
    assert look(target.uri, "toy", tmp_path / "a") == [before]


def test_only_what_is_new_is_pushed(store: Store, target: Target, tmp_path: Path) -> None:
    first, second = make_record(0), make_record(1, invocation=Invocation(id="f" * 16, started=1.75e9))
    store.write(first)
    sync(store)
    store.write(second)
    summary = sync(store, ["toy"])
    assert (summary.pushed, summary.present) == (1, 1)
    check_all(target.uri, store, [first, second], tmp_path / "a")
    assert len(look(target.uri, "toy", tmp_path / "b", "invocation")) == 2


def test_a_record_computed_again_replaces_the_run(store: Store, target: Target, tmp_path: Path) -> None:
    kept = make_record(1)
    store.write(kept)
    store.write(make_record(0, epochs=3))
    sync(store)
    again = make_record(0, epochs=2, invocation=Invocation(id="f" * 16, started=1.75e9))
    store.write(again)
    summary = sync(store)
    assert (summary.pushed, summary.replaced, summary.present) == (0, 1, 1)
    check_all(target.uri, store, [kept, again], tmp_path / "a")


def test_an_invocation_without_runs_goes(store: Store, target: Target, tmp_path: Path) -> None:
    store.write(make_record(0))
    sync(store)
    store.write(make_record(0, epochs=2, invocation=Invocation(id="f" * 16, started=1.75e9)))
    sync(store)
    (parent,) = look(target.uri, "toy", tmp_path / "a", "invocation")
    assert parent.tags[entry.INVOCATION] == "f" * 16


def test_runs_of_another_mirror_format_are_replaced(
    store: Store, target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = make_record()
    store.write(record)
    with monkeypatch.context() as older:
        older.setattr(entry, "CURRENT_FORMAT", "0")
        sync(store)
    assert sync(store).replaced == 1
    check_all(target.uri, store, [record], tmp_path / "a")


@pytest.mark.parametrize("start", [1, 2_000_000_000_000])  # MLflow lists it after the true one, or before
def test_a_run_that_is_there_twice_is_left_once(start: int, store: Store, target: Target, tmp_path: Path) -> None:
    record = make_record()
    path = store.write(record)
    sync(store)
    (first,) = look(target.uri, "toy", tmp_path / "a")
    with mirror_settings():
        client = importlib.import_module("mlflow").MlflowClient(target.uri)
        experiment = client.get_experiment_by_name("pkbench/toy").experiment_id
        tags = first.tags | {entry.COMPLETE: "", "mlflow.runName": "a double"}
        client.create_run(experiment, start_time=start, tags=tags)
    sync(store)
    (only,) = look(target.uri, "toy", tmp_path / "a")
    check_mirrors(only, record, path.read_bytes())


def test_runs_deleted_by_hand_come_back(store: Store, target: Target, tmp_path: Path) -> None:
    record = make_record()
    store.write(record)
    sync(store)
    with mirror_settings():
        client = importlib.import_module("mlflow").MlflowClient(target.uri)
        client.delete_experiment(client.get_experiment_by_name("pkbench/toy").experiment_id)
    sync(store)
    check_all(target.uri, store, [record], tmp_path / "a")


def test_damaged_records_are_named_and_the_others_pushed(store: Store, target: Target, tmp_path: Path) -> None:
    sound, damaged = make_record(0), make_record(1)
    store.write(sound)
    store.write(damaged).write_bytes(b'{"sha256": ')
    summary = sync(store)
    assert summary.pushed == 1
    (problem,) = summary.problems
    assert damaged.run_id in problem
    check_all(target.uri, store, [sound], tmp_path / "a")


class Interruption(BaseException):
    """Like a kill: nothing may catch it."""


def interrupting(calls: int) -> Callable[[Any], Any]:
    """Replaces client methods by ones of which the ``calls``-th call, counted over all of them, raises."""
    left = [calls]

    def wrap(method: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                raise Interruption
            return method(*args, **kwargs)

        return call

    return wrap


def test_interrupted_before_every_single_call(
    empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupt a sync before its n-th writing call, for every n; whatever was left, the next sync mends it."""
    client = importlib.import_module("mlflow").MlflowClient
    records = [make_record(0), make_record(1, epochs=2)]
    ended = False
    interrupted = 0
    while not ended:
        store = Store(tmp_path / f"{interrupted}")
        uri = default_mirror(store, empty_database)
        store.write(make_record(0, epochs=1))
        sync(store)
        for record in records:
            store.write(record)
        with monkeypatch.context() as patch:
            wrap = interrupting(interrupted + 1)
            for name in WRITING:
                patch.setattr(client, name, wrap(getattr(client, name)))
            try:
                sync(store)
                ended = True
            except Interruption:
                interrupted += 1
        sync(store)
        check_all(uri, store, records, tmp_path / "artifacts")
    assert interrupted == 12  # else there are calls this test does not interrupt


def test_an_interrupted_run_is_taken_up_again(
    store: Store, target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even when somebody has deleted its parent meanwhile."""
    client = importlib.import_module("mlflow").MlflowClient
    record = make_record()
    store.write(record)
    with monkeypatch.context() as patch:
        patch.setattr(client, "log_artifact", interrupting(1)(client.log_artifact))
        with pytest.raises(Interruption):
            sync(store)
    (before,) = look(target.uri, "toy", tmp_path / "a")
    assert before.status == "RUNNING"
    with mirror_settings():
        client(target.uri).delete_run(before.tags[entry.PARENT])
    assert sync(store).pushed == 1
    (after,) = check_all(target.uri, store, [record], tmp_path / "a")
    assert after.id == before.id
    (parent,) = look(target.uri, "toy", tmp_path / "a", "invocation")
    assert after.tags[entry.PARENT] == parent.id


def test_many_runs_are_compared_page_by_page(
    store: Store, target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pkbench.store.mirror.push._PAGE", 2)
    records = [make_record(seed) for seed in range(5)]
    for record in records:
        store.write(record)
    assert sync(store).pushed == 5
    assert sync(store).present == 5
    check_all(target.uri, store, records, tmp_path / "a")


def test_it_knows_how_far_it_is_behind(store: Store, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    client = importlib.import_module("mlflow").MlflowClient
    mirror = Mirror(store, target, ["toy", "other"])
    for seed in range(3):
        store.write(make_record(seed))
    assert mirror.behind() is None, "before MLflow was asked nobody knows"
    with monkeypatch.context() as patch:
        artifacts = []

        def full(*_args: object) -> None:
            artifacts.append(1)
            if len(artifacts) == 3:
                raise OSError(28, "No space left on device")

        patch.setattr(client, "log_artifact", full)
        with pytest.raises(MirrorError, match="the disk is full"):
            mirror.catch_up()
    assert mirror.behind() == 1
    assert mirror.catch_up().pushed == 1
    assert mirror.behind() == 0


def test_a_record_that_changes_under_a_mirror_is_seen(store: Store, target: Target, tmp_path: Path) -> None:
    first, second = (make_record(history=(make_epoch(1, test_error=error),)) for error in (51.0, 52.0))
    mirror = Mirror(store, target)
    size = store.write(first).stat().st_size
    mirror.catch_up()
    assert store.write(second).stat().st_size == size
    assert mirror.behind() == 1
    assert mirror.catch_up().replaced == 1
    assert mirror.behind() == 0
    check_all(target.uri, store, [second], tmp_path / "a")


def default_mirror(store: Store, database: Path) -> str:
    """A default mirror for ``store`` with a copy of ``database``; its URI."""
    folder = store.root / "_mlflow"
    folder.mkdir(parents=True)
    (folder / "mlflow.db").write_bytes(database.read_bytes())
    return f"sqlite:///{folder / 'mlflow.db'}"


def test_killed_while_the_database_is_made(store: Store, tmp_path: Path) -> None:
    record = make_record()
    store.write(record)
    folder = store.root / "_mlflow"
    process = start_pkbench("sync", "--results", store.root)
    wait_until(lambda: bool(list(folder.glob(".mlflow.db.creating-*/made.db"))))
    process.kill()
    process.communicate()
    assert not (folder / "mlflow.db").exists()
    assert sync(store).pushed == 1
    check_all(f"sqlite:///{folder / 'mlflow.db'}", store, [record], tmp_path / "a")
    assert not list(folder.glob(".mlflow.db.creating-*"))


def test_killed_while_it_pushes(store: Store, target: Target, tmp_path: Path) -> None:
    records = [make_record(seed, epochs=100) for seed in range(12)]
    for record in records:
        store.write(record)
    process = start_pkbench("sync", "--results", store.root)
    wait_until(lambda: len(list(target.artifacts.glob("toy/*"))) >= 3)
    process.kill()
    process.communicate()
    summary = sync(store)
    assert summary.pushed > 0
    assert summary.present > 0
    check_all(target.uri, store, records, tmp_path / "a")


def test_two_processes_at_once_on_a_mirror_that_is_not_there_yet(store: Store, tmp_path: Path) -> None:
    records = [make_record(seed) for seed in range(6)]
    for record in records:
        store.write(record)
    both = [start_pkbench("sync", "--results", store.root) for _ in range(2)]
    said = [process.communicate(timeout=100) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum(int(out.split()[0]) for out, _ in said) == 6
    check_all(f"sqlite:///{store.root}/_mlflow/mlflow.db", store, records, tmp_path / "a")


def test_a_dead_server_is_an_error_at_once(store: Store, refused: str) -> None:
    store.write(make_record())
    with pytest.raises(MirrorError, match="connection refused; nothing is lost"):
        sync(store, uri=refused)


def test_a_database_that_is_none_is_left_alone(store: Store, tmp_path: Path) -> None:
    store.write(make_record())
    file = tmp_path / "precious.txt"
    file.write_text("not a database, but somebody's" * 100)
    with pytest.raises(MirrorError, match="not a database"):
        sync(store, uri=f"sqlite:///{file}")
    assert file.read_text() == "not a database, but somebody's" * 100


def test_without_mlflow(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pkbench.store.mirror.catch_up.is_installed", lambda: False)
    with pytest.raises(UsageError, match=r"pip install 'pkbench\[mlflow\]'"):
        sync(store)


def test_the_command_reports_and_prints_no_noise(store: Store, target: Target) -> None:
    store.write(make_record())
    assert run_pkbench("sync", "toy", "--results", store.root) == (
        0,
        f"1 pushed, 0 replaced, 0 already there: {target.uri}\n",
        "",
    )


def test_the_command_with_a_hanging_server(store: Store, hanging: str) -> None:
    store.write(make_record())
    address = hanging.replace("://", "://me:secret@")
    settings = {"MLFLOW_TRACKING_URI": address, "MLFLOW_HTTP_REQUEST_TIMEOUT": "1"}  # ours would be 4
    code, out, err = run_pkbench("sync", "--results", store.root, **settings)
    assert (code, out) == (1, "")
    assert err.startswith("error: MLflow at http://***@127.0.0.1:")
    assert "does not answer in time" in err
    assert err.count("\n") == 1
    assert "secret" not in err


def test_the_lock_of_another_process_is_waited_for_but_not_forever(
    store: Store, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    from filelock import FileLock

    store.write(make_record())
    monkeypatch.setattr("pkbench.store.mirror.catch_up._LOCK_SECONDS", 0.2)
    with FileLock(target.folder / ".toy.lock"), pytest.raises(MirrorError, match="another process"):
        sync(store)


def test_a_lenient_sync_only_warns(store: Store, refused: str) -> None:
    store.write(make_record())
    arguments = ("sync", "toy", "--results", store.root, "--uri", refused)
    code, _, _ = run_pkbench(*arguments)
    assert code == 1
    code, out, err = run_pkbench(*arguments, "--lenient")
    assert (code, out) == (0, "")
    assert err.startswith("warning: not mirrored: ")
    assert "Traceback" not in err
