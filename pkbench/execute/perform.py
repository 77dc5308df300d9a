"""One run from start to record: load data, train with checkpoints, write what came out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

import torch

from pkbench.data.dataset import Dataset
from pkbench.errors import StoreError
from pkbench.execute.context import Context
from pkbench.execute.device import batches_ahead
from pkbench.execute.events import EpochEnded, Event, Note, RunEnded, RunStarted, Status
from pkbench.execute.failures import explain
from pkbench.execute.keeper import Keeper
from pkbench.execute.records import make_record, summary
from pkbench.plan.run import Run
from pkbench.plan.stack import engine_of
from pkbench.store.checkpoints import Checkpoint, CheckpointInfo
from pkbench.store.record import Epoch, Failure, FailureKind, Measured, Record
from pkbench.train.engines.base import Engine
from pkbench.train.memory import is_out_of_memory
from pkbench.train.result import EpochResult
from pkbench.train.steps import StackError, Steps
from pkbench.train.trainer import Trainer

_FINAL: frozenset[FailureKind] = frozenset({"diverged", "error"})
"""Failures that a run would only come to again: it does not go on from its checkpoint."""


class StopRequestedError(Exception):
    """Raised out of the training when it has been asked to stop; the run's state has been saved."""


class Performance:
    """The carrying out of one run in this process, in a stack of ``stacked`` runs or alone (``None``).

    Attributes:
        over: whether the run has ended, one way or another.
    """

    def __init__(
        self,
        run: Run,
        context: Context,
        emit: Callable[[Event], None],
        should_stop: Callable[[], bool],
        stacked: int | None = None,
    ) -> None:
        if run.run_id is None:
            raise ValueError("a run without data cannot be performed")
        self.run = run
        self.run_id = run.run_id
        self.context = context
        self.emit = emit
        self.should_stop = should_stop
        self.stacked = stacked
        self.over = False
        self.keeper = Keeper(run, context, emit)
        self.history: list[Epoch] = []
        self.measured: list[Measured] = []
        self.resumed_after: list[int] = []
        self.engine: str | None = None
        self.accumulated: int | None = None
        self.started = time.time()
        self.saved = time.monotonic()

    def steps(self, load_data: Callable[[], Dataset], *, fresh: bool) -> Steps:
        """Train the run and leave a record (finished or failed) or a checkpoint (interrupted).

        Its steps are computed by whoever goes through it. What goes wrong inside the run becomes its record. Only a store that
        cannot be written raises.
        """
        data: Dataset | None = None
        trainer: Trainer | None = None
        try:
            torch.set_num_threads(self.run.train.cpu_threads)
            data = load_data()
            device, jobs = self.context.device, self.context.jobs * (self.stacked or 1)
            ahead = batches_ahead(self.run.train, device, jobs)
            engine = engine_of(
                self.run, self.context.engine, self.stacked or self.context.stack, device.partition(":")[0]
            )
            parts = self.context.accumulate
            make_trainer = partial(Trainer, self.run, data, torch.device(device), engine, ahead, parts)
            trainer = make_trainer()
            self.engine = trainer.engine.name
            if not self._resume(trainer, fresh=fresh):
                trainer = make_trainer()
            self._note_whole(trainer.engine)
            yield from self._train(trainer)
            weights_sha256 = trainer.weights_sha256()
        except StopRequestedError as stop:
            self._end("interrupted", str(stop), None)
            return
        except StoreError:
            raise
        except Exception as error:
            if self.stacked is not None and is_out_of_memory(error):
                # Alone it may fit.
                raise StackError(str(error) or "out of memory") from error
            parts = None if trainer is None else trainer.engine.parts
            self._fail(data, *explain(error, self.run, self.context, parts))
            return
        kept = None
        if self.run_id in self.context.keep_weights:
            kept = self.keeper.write_weights(trainer.model)
        record = self._record(data, None, weights_sha256, kept)
        self.keeper.write(record)
        self.keeper.drop()
        self._end("finished", "", self.history[-1].test_error)

    def _resume(self, trainer: Trainer, *, fresh: bool) -> bool:
        """Take up the newest sound checkpoint, unless everything is to be computed afresh.

        Returns:
            Whether ``trainer`` can be used: not where what it was given is the state of something else.
        """
        if self.should_stop():
            # While data was loaded, for instance. There is nothing to save yet.
            raise StopRequestedError("stopped before it went on")
        if fresh:
            self.keeper.checkpoints.remove()
        checkpoint, problems = self.keeper.checkpoints.load()
        for problem in problems:
            self.emit(Note(problem))
        fits = checkpoint is None or _is_loaded(trainer, checkpoint)
        if not fits:
            self.keeper.checkpoints.remove()
            self.emit(Note(f"{self.run.label}: its checkpoint is of something else; it starts from the beginning"))
        elif checkpoint is not None:
            self.accumulated = checkpoint.info.accumulated
            self._tell_change(checkpoint.state.get("engine"))
            self.history = list(checkpoint.info.history)
            self.measured = list(checkpoint.info.measured)
            self.resumed_after = [*checkpoint.info.resumed_after, len(self.history)]
            self.started = checkpoint.info.started
        self.emit(RunStarted(self.run_id, len(self.history)))
        return fits

    def _tell_change(self, before: object) -> None:
        """Say so where another engine goes on: the run then ends within rounding of where it would have, not bit for bit."""
        if before is not None and before != self.engine:
            self.emit(
                Note(
                    f"{self.run.label}: its first epochs were computed by engine {before}, the rest is by {self.engine}"
                )
            )

    def _train(self, trainer: Trainer) -> Steps:
        def on_step() -> None:
            self._note_parts(trainer.engine.parts or 1)
            self._stop_if_asked(trainer)
            if time.monotonic() - self.saved >= self.context.checkpoint_seconds:
                self._save(trainer)

        def on_epoch(result: EpochResult) -> None:
            self.history.append(Epoch(**asdict(result), ended=time.time()))
            every = self.context.checkpoint_epochs
            if every is not None and result.epoch % every == 0:
                self._save(trainer)
            self._measure(trainer)
            self.emit(EpochEnded(self.run_id, result))

        if trainer.batches.step == 0:
            self._measure(trainer)
        yield from trainer.steps(on_step, on_epoch)

    def _stop_if_asked(self, trainer: Trainer) -> None:
        """Save and end the training where that is asked for; the trainer's state must be whole."""
        if self.should_stop():
            kept = self._save(trainer)
            where = "here" if kept else "its last checkpoint, because this one could not be written"
            raise StopRequestedError(f"stopped; goes on from {where} next time")

    def _measure(self, trainer: Trainer) -> None:
        """What the recipe's probe asks for at this epoch's end, unless it is known already."""
        probe, epoch = self.run.train.probe, len(self.history)
        if probe is None or any(found.epoch == epoch for found in self.measured):
            return
        # It brings SciPy's statistics, a second of every worker's start that most specs have no use for.
        from pkbench.probes.watch import due_epochs, measure

        if epoch in due_epochs(probe, self.run.train.epochs):
            found = []
            for measurement in measure(trainer.model, probe, epoch, *trainer.probe_batch()):
                # All of an epoch or none: what is missing is measured when the run goes on.
                self._stop_if_asked(trainer)
                found.append(Measured(**asdict(measurement)))
            self.measured += found

    def _note_whole(self, engine: Engine) -> None:
        """Say so where batches were to be computed in parts and the model cannot be: an extension's, of which no plan knows."""
        if self.context.accumulate not in (None, 1) and engine.parts is None:
            self.emit(Note(f"{self.run.label}: batches are not divided, the model normalises over a batch"))

    def _note_parts(self, parts: int) -> None:
        """Say so, and keep for the record, where batches are computed in more parts than before."""
        if parts > (self.accumulated or 1):
            self.accumulated = parts
            size = -(-self.run.train.batch_size // parts)
            self.emit(Note(f"{self.run.label}: batches are computed in {parts} parts of up to {size} images"))

    def _save(self, trainer: Trainer) -> bool:
        """Write a checkpoint; where that cannot be done, say so and let the training go on: whether it was written."""
        state = trainer.state()
        info = CheckpointInfo(
            run_id=self.run_id,
            step=state["epoch"] * trainer.steps_per_epoch + state["step"],
            sha256="",
            history=tuple(self.history),
            measured=tuple(self.measured),
            resumed_after=tuple(self.resumed_after),
            accumulated=self.accumulated,
            started=self.started,
        )
        self.saved = time.monotonic()
        return self.keeper.save(state, info)

    def _fail(self, data: Dataset | None, kind: FailureKind, message: str) -> None:
        record = self._record(data, Failure(kind=kind, message=message, epoch=len(self.history)))
        self.keeper.write(record)
        if kind in _FINAL:
            self.keeper.drop()
        self._end("failed", message, None)

    def _end(self, status: Status, message: str, test_error: float | None) -> None:
        self.over = True
        self.emit(RunEnded(self.run_id, status, message, test_error))

    def _record(
        self, data: Dataset | None, failure: Failure | None, weights: str | None = None, kept: str | None = None
    ) -> Record:
        return make_record(
            self.run,
            self.context,
            data=None if data is None else summary(self.run, data),
            history=tuple(self.history),
            measured=tuple(self.measured),
            failure=failure,
            engine=self.engine,
            accumulated=self.accumulated,
            stacked=self.stacked,
            weights_sha256=weights,
            kept_sha256=kept,
            resumed_after=tuple(self.resumed_after),
            started=self.started,
        )


def _is_loaded(trainer: Trainer, checkpoint: Checkpoint) -> bool:
    """Give ``trainer`` the state of ``checkpoint``; whether it is the state of a trainer like it, at the end of its history."""
    try:
        trainer.load_state(checkpoint.state)
    except (LookupError, TypeError, ValueError, RuntimeError, AttributeError):
        return False
    return bool(checkpoint.state["epoch"] == len(checkpoint.info.history) <= trainer.run.train.epochs)
