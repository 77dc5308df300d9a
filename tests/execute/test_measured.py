"""What a probe measures comes into the record, once, whether or not the run was interrupted."""

from pathlib import Path
from typing import Any

from pkbench.execute.prepare import Selection
from pkbench.execute.session import Options, Session
from pkbench.spec.load import load_spec
from pkbench.store.files import Store
from pkbench.store.record import Record
from tests.small import write_small

PROBE = """[train.probe]
times = 2
spectrum = true
sparsity = true
gradients = true
degrees = false

[train.augment]"""


def run(path: Path, results: Path, stop_after: int | None = None) -> list[Record]:
    calls = 0

    def should_stop() -> bool:
        nonlocal calls
        calls += 1
        return stop_after is not None and calls > stop_after

    events: list[Any] = []
    options = Options(results, "cpu", 1, checkpoint_seconds=0.0)
    Session(load_spec(path), Selection(only=("narrow/0",)), options).run(events.append, should_stop)
    return list(Store(results).scan("small").records.values())


def test_an_interrupted_run_measures_what_an_uninterrupted_one_does(tmp_path: Path) -> None:
    path = write_small(tmp_path, ("[train.augment]", PROBE))
    (whole,) = run(path, tmp_path / "whole")
    assert {found.epoch for found in whole.measured} == {0, 1, 2}
    places = [(found.epoch, found.where, found.name) for found in whole.measured]
    assert len(set(places)) == len(places)
    assert {found.name for found in whole.measured} >= {"largest singular value", "gradient norm", "Hoyer sparsity"}
    records: list[Record] = []
    for stop_after in (4, 8, 12, None):
        records = records or run(path, tmp_path / "pieces", stop_after)
    (pieces,) = records
    assert pieces.resumed_after
    assert pieces.measured == whole.measured
    assert pieces.weights_sha256 == whole.weights_sha256


def test_measuring_changes_nothing_of_the_training(tmp_path: Path) -> None:
    (with_probe,) = run(write_small(tmp_path, ("[train.augment]", PROBE)), tmp_path / "one")
    (without,) = run(write_small(tmp_path), tmp_path / "two")
    assert with_probe.weights_sha256 == without.weights_sha256
    assert with_probe.run_id != without.run_id
    assert without.measured == ()
