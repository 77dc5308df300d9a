"""SIGTERM and Ctrl-C whatever pkbench is at: it saves, leaves in time, and the same command ends where it would have ended."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pkbench.execute.holds import Holds
from pkbench.execute.prepare import Selection, prepare
from pkbench.spec.load import load_spec
from tests.essence import essences_in, records_in
from tests.small import write_small
from tests.store.conftest import hanging  # noqa: F401

from .conftest import Torture
from .forked import LIMIT, Pkbench, epochs_kept, epochs_told, run, start, wait_for

EPOCHS = ("epochs = 2", "epochs = 100")
PROBE = (
    "[train.augment]",
    "[train.probe]\ntimes = 2\nspectrum = true\nsparsity = false\ngradients = false\ndegrees = false\n\n[train.augment]",
)
HOW = {
    "alone": ("--jobs", "1"),
    "pool": ("--jobs", "2"),
    "stack": ("--jobs", "1", "--engine", "batch-last", "--stack", "4"),
}
# Never by time: what is saved was saved because of the signal.
RUN = ("run", "small", "--no-mlflow", "--json", "--seeds", "1", "--checkpoint-every", "100h")


def leave(command: Pkbench, number: signal.Signals, torture: Torture) -> float:
    """Send ``number`` and wait for the end; the seconds it took."""
    started = time.monotonic()
    command.send(number)
    assert command.end() == 130, command.err.read_text()
    seconds = time.monotonic() - started
    assert "Traceback" not in command.err.read_text()
    # A machine that is busy with other tests may be slower than a promise made for one that is not.
    assert seconds < (10 if torture.full else LIMIT)
    return seconds


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_while_it_trains(how: str, number: signal.Signals, tmp_path: Path, torture: Torture) -> None:
    if how != "alone":
        torture.only_full()
    write_small(tmp_path / "whole", EPOCHS)
    write_small(tmp_path / "stopped", EPOCHS)
    command = start(tmp_path / "stopped", *RUN, *HOW[how], patch=None if torture.full else patient)
    wait_for(command, lambda: max(epochs_told(command).values(), default=0) >= 3)
    seconds = leave(command, number, torture)
    told = epochs_told(command)
    kept = epochs_kept(tmp_path / "stopped" / "results")
    assert all(kept[run_id] >= epoch for run_id, epoch in told.items()), "not a step is lost"
    assert {event["status"] for event in command.told("RunEnded")} == {"interrupted"}
    run(tmp_path / "stopped", *RUN, *HOW[how])
    whole = ("--jobs", "1", "--engine", "batch-last" if how == "stack" else "auto", "--stack", "1")
    run(tmp_path / "whole", *RUN, *whole)
    assert essences_in(tmp_path / "stopped" / "results") == essences_in(tmp_path / "whole" / "results")
    assert any(record.resumed_after for record in records_in(tmp_path / "stopped" / "results").values())
    torture.tell(f"{number.name} while it trains: {how}", 1, f"nothing; it left after {seconds:.1f} s")


def patient() -> None:
    """SIGTERM leaves time to save on a machine that is busy with other tests, too: that it is short is the full mode's to see."""
    from pkbench.cli import stopping

    stopping.TERM_SECONDS = LIMIT


def slow_data() -> None:
    """As from a disk that takes minutes."""
    from pkbench.data import dataset

    load = dataset.load

    def slow(*arguments: object) -> object:
        print('{"event": "loading"}', flush=True)
        time.sleep(600)
        return load(*arguments)  # type: ignore[arg-type]

    dataset.load = slow  # type: ignore[assignment]


def slow_probe() -> None:
    """As with large matrices: every number takes a while."""
    from pkbench.probes import watch

    spectrum = watch.layer_spectrum

    def slow(*arguments: object, **options: object) -> object:
        print('{"event": "measuring"}', flush=True)
        time.sleep(0.5)
        return spectrum(*arguments, **options)  # type: ignore[arg-type]

    watch.layer_spectrum = slow  # type: ignore[assignment]


def slow_probe_and_patient() -> None:
    slow_probe()
    patient()


def endless_evaluation() -> None:
    """As with a batch that takes minutes."""
    from pkbench.train import trainer

    def endless(*_arguments: object) -> object:
        print('{"event": "evaluating"}', flush=True)
        while True:
            time.sleep(1)

    trainer.evaluate = endless  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("patch", "event"), [(slow_data, "loading"), (slow_probe, "measuring"), (endless_evaluation, "evaluating")]
)
def test_sigterm_while_something_takes_long(
    patch: Callable[[], None], event: str, tmp_path: Path, torture: Torture
) -> None:
    command_line = (*RUN, "--jobs", "1", "--only", "narrow/0")
    short = ("epochs = 2", "epochs = 6")
    for folder in ("whole", "stopped"):
        write_small(tmp_path / folder, short, PROBE, ("eval_every = 1", "eval_every = 3"))
    command = start(tmp_path / "stopped", *command_line, patch=patch)
    wait_for(command, lambda: bool(command.told(event)))
    seconds = leave(command, signal.SIGTERM, torture)
    run(tmp_path / "stopped", *command_line)
    run(tmp_path / "whole", *command_line)
    assert essences_in(tmp_path / "stopped" / "results") == essences_in(tmp_path / "whole" / "results")
    torture.tell(f"SIGTERM while it is {event} for long", 1, f"at most an interval; it left after {seconds:.1f} s")


def test_sigterm_while_a_probe_is_measured_loses_no_step(tmp_path: Path, torture: Torture) -> None:
    write_small(tmp_path, ("epochs = 2", "epochs = 6"), PROBE)
    patch = slow_probe if torture.full else slow_probe_and_patient
    command = start(tmp_path, *RUN, "--jobs", "1", "--only", "narrow/0", patch=patch)
    # At the beginning there are two; the third is in the middle of the run.
    wait_for(command, lambda: len(command.told("measuring")) >= 3)
    leave(command, signal.SIGTERM, torture)
    assert set(epochs_kept(tmp_path / "results").values()) == {3}
    assert command.told("RunEnded")[0]["status"] == "interrupted"


def test_sigterm_while_it_waits_for_another(tmp_path: Path, torture: Torture) -> None:
    spec = write_small(tmp_path)
    ids = [str(one.run_id) for one in prepare(load_spec(spec), Selection(), tmp_path / "results").to_run]
    with Holds(tmp_path / "results" / "small").held(ids):
        command = start(tmp_path, *RUN, "--jobs", "1")
        wait_for(command, lambda: bool(command.told("Note")))
        seconds = leave(command, signal.SIGTERM, torture)
    assert not records_in(tmp_path / "results")
    torture.tell("SIGTERM while it waits for another pkbench", 1, f"nothing; it left after {seconds:.1f} s")


def test_sigterm_while_mlflow_hangs(tmp_path: Path, hanging: str, torture: Torture) -> None:  # noqa: F811
    write_small(tmp_path)
    command = start(
        tmp_path,
        *(argument for argument in RUN if argument != "--no-mlflow"),
        "--jobs",
        "1",
        MLFLOW_TRACKING_URI=hanging,
    )
    wait_for(command, lambda: len(command.told("RunEnded")) == 2)
    seconds = leave(command, signal.SIGTERM, torture)
    assert len(records_in(tmp_path / "results")) == 2
    assert seconds < 15 or not torture.full
    torture.tell("SIGTERM while the MLflow mirror hangs", 1, f"nothing; it left after {seconds:.1f} s")


def test_ctrl_c_twice_leaves_at_once_and_loses_an_interval_at_most(tmp_path: Path, torture: Torture) -> None:
    write_small(tmp_path, EPOCHS)
    every = ("--checkpoint-every", "1epoch")
    command = start(tmp_path, *RUN, *every, "--jobs", "1", "--engine", "reference", patch=endless_after_three)
    wait_for(command, lambda: max(epochs_told(command).values(), default=0) >= 3)
    command.send(signal.SIGINT)
    wait_for(command, lambda: "stopping after this step" in command.err.read_text())
    seconds = leave(command, signal.SIGINT, torture)
    (epochs,) = epochs_kept(tmp_path / "results").values()
    assert epochs >= 3
    torture.tell("Ctrl-C twice in an endless step", 1, f"less than an interval; it left after {seconds:.1f} s")


def endless_after_three() -> None:
    """The first step of the fourth epoch never ends."""
    from pkbench.train.engines.reference import ReferenceEngine

    step, made = ReferenceEngine.step, 0

    def slower(engine: ReferenceEngine, *arguments: object) -> object:
        nonlocal made
        made += 1
        while made > 30:
            time.sleep(1)
        return step(engine, *arguments)  # type: ignore[arg-type]

    ReferenceEngine.step = slower  # type: ignore[assignment, method-assign]
