"""What is counted of the runs of a command, and said in the end."""

from pathlib import Path

from pkbench.cli.conclusion import Tally, conclusion
from pkbench.execute.events import RunEnded, RunStarted
from pkbench.execute.outcome import outcome
from pkbench.execute.prepare import Selection, prepare
from pkbench.spec.load import load_spec
from tests.small import write_small


def test_resumed_and_others_runs_are_counted_apart(tmp_path: Path) -> None:
    spec = write_small(tmp_path)
    prepared = prepare(load_spec(spec), Selection(), tmp_path / "results")
    first, second, third, fourth, *_ = [str(run.run_id) for run in prepared.to_run]
    tally = Tally()
    for event in (
        RunStarted(first, 0),
        RunEnded(first, "finished", "", 1.0),
        RunStarted(second, 7),
        RunEnded(second, "finished", "", 1.0),
        RunEnded(third, "finished", "", 1.0, by_other=True),
        RunStarted(fourth, 3),
        RunEnded(fourth, "failed", "diverged", None),
    ):
        tally.event(event)
    said, following = conclusion(prepared, tally, outcome(prepared, tally.ended, 75.0))
    assert said == (
        "small: 3 finished (1 from a checkpoint, 1 by another pkbench), 1 failed, 2 left: the same command goes on in 75 s; "
        f"records in {tmp_path / 'results' / 'small' / 'runs'}"
    )
    assert following.startswith("next: pkbench report ")
