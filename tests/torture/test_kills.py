"""SIGKILL at any moment: the same command goes on, and ends bit for bit where it would have ended."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from pkbench.native.library import available
from tests.essence import essences_in, records_in
from tests.small import write_small

from .conftest import Torture
from .forked import Pkbench, epochs_kept, epochs_told, run, start

EPOCHS = ("epochs = 2", "epochs = 12")
INTERVAL = 2
RUNS = 4
ENGINES = {
    "native": ("--engine", "native"),
    "reference": ("--engine", "reference"),
    "stacked": ("--engine", "batch-last", "--stack", "4"),
}
TIMES = {  # short, full: 100 in all
    ("native", 1): (3, 40),
    ("reference", 1): (0, 20),
    ("stacked", 1): (2, 20),
    ("native", 2): (0, 10),
    ("stacked", 2): (0, 10),
}


def command(engine: str, jobs: int) -> tuple[str, ...]:
    every = ("--checkpoint-every", f"{INTERVAL}epochs", "--checkpoint-every", "10s")
    return ("run", "small", "--no-mlflow", "--json", "--seeds", "2", "--jobs", str(jobs), *every, *ENGINES[engine])


def lost(killed: Pkbench, results: Path) -> int:
    """The most epochs that were told of a run and are not kept."""
    kept = epochs_kept(results)
    return max((epoch - kept.get(run_id, 0) for run_id, epoch in epochs_told(killed).items()), default=0)


def wait_for_a_moment(started: Pkbench, source: random.Random) -> None:
    """Wait for a random moment: of the start, or a little after some event has been told."""
    told = source.randrange(20)
    while started.runs and len(started.events) < told:
        time.sleep(0.002)
    time.sleep(source.uniform(0.0, 0.05 if told else 0.5))


@pytest.mark.parametrize(("engine", "jobs"), TIMES)
def test_random_kills_change_nothing(engine: str, jobs: int, tmp_path: Path, torture: Torture) -> None:
    short, full = TIMES[engine, jobs]
    times = torture.times(short=short, full=full)
    if engine == "native" and not available():
        pytest.skip("no C compiler here")
    if not times:
        pytest.skip("in full mode only: its processes take seconds to start")
    write_small(tmp_path / "whole", EPOCHS)
    run(tmp_path / "whole", *command(engine, 1))
    expected = essences_in(tmp_path / "whole" / "results")
    assert len(expected) == RUNS
    source = random.Random(f"{engine} {jobs}")
    worst, kills, sweep = 0, 0, 0
    while kills < times:
        folder = tmp_path / f"killed-{sweep}"
        write_small(folder, EPOCHS)
        results = folder / "results"
        while kills < times and len(records_in(results)) < RUNS:
            killed = start(folder, *command(engine, jobs))
            wait_for_a_moment(killed, source)
            kills += killed.kill()
            worst = max(worst, lost(killed, results))
        run(folder, *command(engine, jobs))
        assert essences_in(results) == expected
        assert not list((results / "small" / "checkpoints").iterdir()), "nothing is left behind"
        assert not [path for path in (results / "small").rglob(".*") if path.is_file()]
        sweep += 1
    # What was told of an epoch that is not kept was less than an interval ago.
    assert worst < INTERVAL
    torture.tell(
        f"SIGKILL at a random moment of a sweep: {engine}, --jobs {jobs}",
        times,
        f"{worst} epochs of an interval of {INTERVAL}",
    )
