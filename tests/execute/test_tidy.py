"""Tidying: what the dead left goes, what the living are at stays."""

from __future__ import annotations

from pathlib import Path

from pkbench.execute.holds import Holds
from pkbench.execute.tidy import tidy
from pkbench.store.files import Store
from tests.store.factory import make_failed, make_record


def half_written(store: Store, folder: str, run_id: str) -> Path:
    path = store.folder("toy") / folder / f".{run_id}.json.abc123.tmp"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{")
    return path


def test_half_written_files_go_unless_somebody_is_writing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    dead, living = make_record(0).run_id, make_record(1).run_id
    folders = ("runs", "weights", "checks", "comparisons")
    theirs = [half_written(store, folder, living) for folder in folders]
    left = [half_written(store, folder, dead) for folder in folders]
    sound = store.write(make_record(2))
    with Holds(store.folder("toy")).held([living]):
        assert tidy(store, "toy") == ()
        assert not any(path.exists() for path in left)
        assert all(path.exists() for path in theirs)
    tidy(store, "toy")
    assert not any(path.exists() for path in theirs)
    assert sound.exists()


def test_damaged_records_are_set_aside_unless_somebody_computes_the_run(tmp_path: Path) -> None:
    store = Store(tmp_path)
    paths = [store.write(make_record(seed)) for seed in range(3)]
    for path in paths[:2]:
        path.write_bytes(path.read_bytes()[:-100])
    with Holds(store.folder("toy")).held([paths[0].stem]):
        (message,) = tidy(store, "toy")
    assert f"{paths[1]}: it is not a whole JSON record; set aside as {paths[1].name}.damaged" in message
    assert [path.exists() for path in paths] == [True, False, True]
    (message,) = tidy(store, "toy")
    assert str(paths[0]) in message


def test_checkpoints_of_finished_runs_go_and_others_stay(tmp_path: Path) -> None:
    """A process killed between a record and the end leaves them; those of a failed run may be gone on from."""
    store = Store(tmp_path)
    finished, held, failed = make_record(0), make_record(1), make_failed(2)
    unfinished = make_record(3)
    for record in (finished, held, failed):
        store.write(record)
    folders = [store.checkpoints("toy", record.run_id).folder for record in (finished, held, failed, unfinished)]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "step-000000000010-000001.pt").touch()
    with Holds(store.folder("toy")).held([held.run_id]):
        tidy(store, "toy")
    assert [folder.exists() for folder in folders] == [False, True, True, True]


def test_where_there_is_nothing_nothing_is_made(tmp_path: Path) -> None:
    assert tidy(Store(tmp_path), "toy") == ()
    assert list(tmp_path.iterdir()) == []
