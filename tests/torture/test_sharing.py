"""Several pkbench in one results folder: each run once, none damaged, nobody waits for what nobody does."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from pkbench.native.library import available
from tests.essence import essences_in, records_in
from tests.small import write_small

from .conftest import Torture
from .forked import Pkbench, run, start, wait_for

EPOCHS = ("epochs = 2", "epochs = 30")
RUN = ("run", "small", "--no-mlflow", "--json", "--checkpoint-every", "1epoch")
ALONE = ("--jobs", "1")
STACK = ("--jobs", "1", "--engine", "batch-last", "--stack", "2")


def whole(folder: Path, *how: str) -> dict[str, dict[str, object]]:
    """What all six runs give, computed by one process alone."""
    write_small(folder, EPOCHS)
    run(folder, *RUN, *how)
    return essences_in(folder / "results")


def computed(commands: list[Pkbench]) -> Counter[str]:
    """How often each run was finished, by whoever it was."""
    ended = [event for command in commands for event in command.told("RunEnded")]
    return Counter(event["run_id"] for event in ended if event["status"] == "finished" and not event["by_other"])


@pytest.mark.parametrize("how", [ALONE, STACK], ids=["alone", "stacks"])
def test_overlapping_commands_compute_each_run_once(how: tuple[str, ...], tmp_path: Path, torture: Torture) -> None:
    if how is ALONE and not available():
        how = (*how, "--engine", "reference")
    expected = whole(tmp_path / "whole", *how, *(("--stack", "1") if how is STACK else ()))
    times = torture.times(short=1, full=10)
    for number in range(times):
        folder = tmp_path / f"{number}"
        write_small(folder, EPOCHS)
        commands = [
            start(folder, *RUN, *how),
            start(folder, *RUN, *how, "--only", "random", "--only", "narrow/2"),
            start(folder, *RUN, *how, "--seeds", "2"),
        ]
        assert [command.end() for command in commands] == [0, 0, 0]
        assert computed(commands) == Counter(dict.fromkeys(expected, 1))
        assert essences_in(folder / "results") == expected
    torture.tell(
        f"three overlapping commands at once, {'stacks' if how is STACK else 'one run at a time'}", times, "nothing"
    )


def until_it_may_go_on() -> None:
    """The first step takes until there is a file of this name."""
    from pkbench.train.engines.reference import ReferenceEngine

    step = ReferenceEngine.step

    def slow(engine: ReferenceEngine, *arguments: object) -> object:
        while not Path("go").exists():
            time.sleep(0.01)
        return step(engine, *arguments)  # type: ignore[arg-type]

    ReferenceEngine.step = slow  # type: ignore[assignment, method-assign]


def test_the_second_takes_what_nobody_computes_and_waits_for_the_rest(tmp_path: Path, torture: Torture) -> None:
    write_small(tmp_path)
    how = (*ALONE, "--engine", "reference")
    first = start(tmp_path, *RUN, *how, "--only", "narrow/0", patch=until_it_may_go_on)
    wait_for(first, lambda: bool(first.told("RunStarted")))
    (theirs,) = {event["run_id"] for event in first.told("RunStarted")}
    second = start(tmp_path, *RUN, *how, "--only", "narrow/0", "--only", "narrow/1")
    wait_for(second, lambda: bool(second.told("Note")))
    (note,) = second.told("Note")
    assert "another pkbench computes a run of these at this moment (narrow · digits · lr 0.01 · seed 0)" in note["text"]
    assert len(computed([second])) == 1, "the other run is done before anything is waited for"
    (tmp_path / "go").touch()
    assert first.end() == 0
    assert second.end() == 0
    assert computed([first]) == {theirs: 1}
    assert len(computed([second])) == 1
    assert theirs not in computed([second])
    (by_other,) = [event for event in second.told("RunEnded") if event["by_other"]]
    assert by_other["run_id"] == theirs
    torture.tell("a second command beside a run that another computes", 1, "nothing")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_what_a_killed_one_was_at_is_taken_over(jobs: str, tmp_path: Path, torture: Torture) -> None:
    expected = whole(tmp_path / "whole", *ALONE)
    times = torture.times(short=1 if jobs == "1" else 0, full=5)
    if not times:
        pytest.skip("in full mode only: its processes take seconds to start")
    source = random.Random(jobs)
    for number in range(times):
        folder = tmp_path / f"{number}"
        write_small(folder, EPOCHS)
        first = start(folder, *RUN, "--jobs", jobs)
        wait_for(first, lambda first=first: bool(first.told("EpochEnded")))
        others = [start(folder, *RUN, *ALONE), start(folder, *RUN, *ALONE, "--only", "random")]
        time.sleep(source.uniform(0.0, 0.3))
        first.kill()
        assert [other.end() for other in others] == [0, 0]
        assert essences_in(folder / "results") == expected
        assert all(count == 1 for count in computed([first, *others]).values())
        assert not [path for path in (folder / "results" / "small").rglob(".*") if path.is_file()]
    torture.tell(
        f"one of three killed, --jobs {jobs}: the others take over its run", times, "less than an interval each"
    )


def test_reports_and_plans_are_whole_while_runs_are_written(tmp_path: Path, torture: Torture) -> None:
    write_small(tmp_path, ("epochs = 2", "epochs = 40"), ("seeds = [0, 1, 2]", "seeds = [0, 1, 2, 3, 4, 5]"))
    runs = [start(tmp_path, *RUN, *ALONE, *only) for only in ((), ("--only", "random"))]
    looks, counts = 0, [0]
    while any(command.runs for command in runs) or not looks:
        report = run(tmp_path, "report", "small", "--json")
        plan = run(tmp_path, "plan", "small", "--json", "--no-estimate")
        (study,) = json.loads(report.out.read_text())["studies"]
        assert not [warning for warning in study["warnings"] if "counts as not done" in warning]
        assert study["runs"]["failed"] == 0
        (planned,) = json.loads(plan.out.read_text())
        states = Counter(row["state"] for row in planned["runs"])
        assert set(states) <= {"new", "interrupted", "done"}
        # The plan looked later.
        counts += [study["runs"]["finished"], states["done"]]
        looks += 1
    assert counts == sorted(counts), "what is done stays done"
    assert [command.end() for command in runs] == [0, 0]
    assert len(records_in(tmp_path / "results")) == 12
    run(tmp_path, "report", "small")
    torture.tell("report and plan while two commands write", looks, "nothing")


def test_nobody_waits_for_the_dead(tmp_path: Path, torture: Torture) -> None:
    """Killed with their holds: the next command starts at once and says nothing of others."""
    write_small(tmp_path, EPOCHS)
    times = torture.times(short=2, full=20)
    for _ in range(times):
        killed = start(tmp_path, *RUN, *ALONE, "--fresh")
        wait_for(killed, lambda killed=killed: bool(killed.told("EpochEnded")))
        assert killed.kill()
    after = run(tmp_path, *RUN, *ALONE)
    assert not after.told("Note")
    assert len(records_in(tmp_path / "results")) == 6
    torture.tell("killed while holding runs; the next command goes on", times, "no hold stays")
