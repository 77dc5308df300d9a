"""What a power cut leaves of the newest checkpoint, whatever it is: the run goes on from the one before, or anew."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from pkbench.execute.events import EpochEnded, Event, Note, RunEnded, RunStarted
from pkbench.execute.prepare import Selection
from pkbench.execute.session import Options, Session
from pkbench.spec.load import load_spec
from tests.essence import essences_in, records_in
from tests.small import write_small

from .conftest import Torture

EPOCHS = ("epochs = 2", "epochs = 8")
ENGINES: dict[str, tuple[str, int | None]] = {
    "native": ("auto", 1),  # where there is a C compiler
    "reference": ("reference", 1),
    "stacked": ("batch-last", 4),
}

Damage = Callable[[Path, random.Random], None]


def truncated(path: Path, source: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: source.randrange(path.stat().st_size)])


def zero_filled(path: Path, source: random.Random) -> None:
    """Of the right length, without its content from some place on: as file systems leave what was not written back."""
    raw = path.read_bytes()
    start = source.randrange(len(raw) - 1)
    path.write_bytes(raw[:start] + bytes(len(raw) - start))
    if path.read_bytes() == raw:
        path.write_bytes(bytes(len(raw)))


def bit_flipped(path: Path, source: random.Random) -> None:
    raw = bytearray(path.read_bytes())
    # Not in white space, nor in an exponent's sign: E and e are the same.
    place = source.choice([number for number, byte in enumerate(raw) if byte not in b" \neE"])
    raw[place] ^= 1 << source.randrange(8)
    path.write_bytes(raw)


def missing(path: Path, source: random.Random) -> None:
    del source
    path.unlink()


DAMAGES = (truncated, zero_filled, bit_flipped, missing)
PARTS = ((".pt",), (".json",), (".pt", ".json"))


class Sweep:
    """Sessions of one small spec with a checkpoint after every epoch."""

    def __init__(self, folder: Path, engine: str) -> None:
        self.spec = write_small(folder, EPOCHS)
        self.results = folder / "results"
        self.engine, self.stack = ENGINES[engine]
        self.events: list[Event] = []

    def run(self, stop_at: int | None = None) -> None:
        """To the end, or until an epoch has ended."""
        self.events.clear()
        options = Options(self.results, "cpu", 1, float("inf"), self.engine, self.stack, checkpoint_epochs=1)
        Session(load_spec(self.spec), Selection(seeds=1), options).run(
            self.events.append,
            lambda: any(isinstance(event, EpochEnded) and event.result.epoch == stop_at for event in self.events),
        )

    @property
    def checkpointed(self) -> list[Path]:
        return sorted(folder for folder in (self.results / "small" / "checkpoints").iterdir() if any(folder.iterdir()))

    @property
    def notes(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Note)]


def newest(folder: Path, number: int = 1) -> dict[str, Path]:
    """The files of the newest checkpoint, or of the one before it (2), by suffix."""
    tensors, infos = (sorted(folder.glob(f"step-*{suffix}"))[-number] for suffix in (".pt", ".json"))
    assert tensors.stem == infos.stem
    return {".pt": tensors, ".json": infos}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_damaged_newest_checkpoint_costs_an_interval(engine: str, tmp_path: Path, torture: Torture) -> None:
    if engine != "native":
        torture.only_full()
    whole = Sweep(tmp_path / "whole", engine)
    whole.run()
    source = random.Random(engine)
    cases = [(damage, parts) for damage in DAMAGES for parts in PARTS if (damage, parts) != (missing, (".json",))]
    source.shuffle(cases)
    times = torture.times(short=len(cases) if engine == "native" else 3, full=6 * len(cases))
    for number in range(times):
        damage, parts = cases[number % len(cases)]
        sweep = Sweep(tmp_path / f"{number}", engine)
        stop = source.randrange(2, 7)
        sweep.run(stop_at=stop)
        folders = sweep.checkpointed
        before = {folder.name: len(list(folder.glob("*.json"))) for folder in folders}
        assert set(before.values()) == {2}
        for folder in folders:
            files = newest(folder)
            for suffix in parts:
                damage(files[suffix], source)
        sweep.run()
        told = [note for note in sweep.notes if "is damaged; going back to the one before it" in note]
        # Without any JSON file there is nothing to be damaged: the checkpoint before is the newest.
        gone = damage is missing and ".json" in parts
        assert len(told) == (0 if gone else len(folders)), (damage, parts, sweep.notes)
        after = [event.resumed_after for event in sweep.events if isinstance(event, RunStarted)]
        assert sorted(after)[-1] >= stop - 1
        assert essences_in(sweep.results) == essences_in(whole.results), (damage, parts)
    torture.tell(f"newest checkpoint truncated, zero-filled, flipped, gone: {engine}", times, "one interval each")


@pytest.mark.parametrize("engine", ENGINES)
def test_where_all_checkpoints_are_damaged_runs_start_anew(engine: str, tmp_path: Path, torture: Torture) -> None:
    if engine != "native":
        torture.only_full()
    whole = Sweep(tmp_path / "whole", engine)
    whole.run()
    source = random.Random(engine)
    times = torture.times(short=2, full=10)
    for number in range(times):
        sweep = Sweep(tmp_path / f"{number}", engine)
        sweep.run(stop_at=4)
        folders = sweep.checkpointed
        for folder in folders:
            for place in (1, 2):
                zero_filled(newest(folder, place)[source.choice((".pt", ".json"))], source)
        sweep.run()
        assert sum("there is no other, so the run starts anew" in note for note in sweep.notes) == 2 * len(folders)
        assert {event.resumed_after for event in sweep.events if isinstance(event, RunStarted)} == {0}
        assert {record.resumed_after for record in records_in(sweep.results).values()} == {()}
        assert all(event.status == "finished" for event in sweep.events if isinstance(event, RunEnded))
        assert essences_in(sweep.results) == essences_in(whole.results)
    torture.tell(f"both checkpoints zero-filled: {engine}", times, "the run up to there; it starts anew")
