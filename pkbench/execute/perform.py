"""One run from start to record: load data, train with checkpoints, write what came out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict

import torch

from pkbench.atomic import write_bytes
from pkbench.data.dataset import Dataset
from pkbench.errors import PkbenchError
from pkbench.execute.context import Context
from pkbench.execute.device import batches_ahead
from pkbench.execute.events import EpochEnded, Event, Note, RunEnded, RunStarted, Status
from pkbench.execute.records import make_record
from pkbench.plan.run import Run
from pkbench.plan.stack import STACKING
from pkbench.store.checkpoints import Checkpoint, CheckpointInfo
from pkbench.store.files import Store
from pkbench.store.record import DataSummary, Epoch, Failure, FailureKind, Measured, Record
from pkbench.train.result import EpochResult
from pkbench.train.steps import StackError, Steps
from pkbench.train.trainer import DivergedError, Trainer
from pkbench.train.weights import weights_bytes


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
        self.store = Store(context.results)
        self.checkpoints = self.store.checkpoints(run.spec_id, run.run_id)
        self.history: list[Epoch] = []
        self.measured: list[Measured] = []
        self.resumed_after: list[int] = []
        self.engine: str | None = None
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
            engine = self.context.engine if self.stacked is None else STACKING
            trainer = Trainer(self.run, data, torch.device(device), engine, ahead)
            self.engine = trainer.engine.name
            if not self._resume(trainer, fresh=fresh):
                trainer = Trainer(self.run, data, torch.device(device), engine, ahead)
            yield from self._train(trainer)
        except StopRequestedError:
            self._end("interrupted", "stopped; goes on from here next time", None)
            return
        except (MemoryError, torch.OutOfMemoryError) as error:
            if self.stacked is not None:
                # Alone it may fit.
                raise StackError(str(error) or "out of memory") from error
            self._fail(data, "out-of-memory", str(error) or "out of memory")
            return
        except DivergedError as error:
            self._fail(data, "diverged", error.message)
            return
        except Exception as error:
            message = error.message if isinstance(error, PkbenchError) else f"{type(error).__name__}: {error}"
            self._fail(data, "error", message)
            return
        if self.run.run_id in self.context.keep_weights:
            write_bytes(self.store.weights_path(self.run.spec_id, self.run_id), weights_bytes(trainer.model))
        self.store.write(self._record(data, None, trainer.weights_sha256()))
        self.checkpoints.remove()
        self._end("finished", "", self.history[-1].test_error)

    def _resume(self, trainer: Trainer, *, fresh: bool) -> bool:
        """Take up the newest sound checkpoint, unless everything is to be computed afresh.

        Returns:
            Whether ``trainer`` can be used: not where what it was given is the state of something else.
        """
        if fresh:
            self.checkpoints.remove()
        checkpoint, problems = self.checkpoints.load()
        for problem in problems:
            self.emit(Note(problem))
        fits = checkpoint is None or _is_loaded(trainer, checkpoint)
        if not fits:
            self.checkpoints.remove()
            self.emit(Note(f"{self.run.label}: its checkpoint is of something else; it starts from the beginning"))
        elif checkpoint is not None:
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
            if self.should_stop():
                self._save(trainer)
                raise StopRequestedError
            if time.monotonic() - self.saved >= self.context.checkpoint_seconds:
                self._save(trainer)

        def on_epoch(result: EpochResult) -> None:
            self.history.append(Epoch(**asdict(result), ended=time.time()))
            self._measure(trainer, result.epoch)
            self.emit(EpochEnded(self.run_id, result))

        if not self.measured:
            self._measure(trainer, 0)
        yield from trainer.steps(on_step, on_epoch)

    def _measure(self, trainer: Trainer, epoch: int) -> None:
        """What the recipe's probe asks for after ``epoch`` epochs."""
        probe = self.run.train.probe
        if probe is None:
            return
        # It brings SciPy's statistics, a second of every worker's start that most specs have no use for.
        from pkbench.probes.watch import due_epochs, measure

        if epoch in due_epochs(probe, self.run.train.epochs):
            found = measure(trainer.model, probe, epoch, *trainer.probe_batch())
            self.measured += [Measured(**asdict(measurement)) for measurement in found]

    def _save(self, trainer: Trainer) -> None:
        state = trainer.state()
        self.checkpoints.save(
            state,
            CheckpointInfo(
                run_id=self.run_id,
                step=state["epoch"] * trainer.steps_per_epoch + state["step"],
                sha256="",
                history=tuple(self.history),
                measured=tuple(self.measured),
                resumed_after=tuple(self.resumed_after),
                started=self.started,
            ),
        )
        self.saved = time.monotonic()

    def _fail(self, data: Dataset | None, kind: FailureKind, message: str) -> None:
        self.store.write(self._record(data, Failure(kind=kind, message=message, epoch=len(self.history)), None))
        self.checkpoints.remove()
        self._end("failed", message, None)

    def _end(self, status: Status, message: str, test_error: float | None) -> None:
        self.over = True
        self.emit(RunEnded(self.run_id, status, message, test_error))

    def _record(self, data: Dataset | None, failure: Failure | None, weights: str | None) -> Record:
        return make_record(
            self.run,
            self.context,
            data=None if data is None else summary(self.run, data),
            history=tuple(self.history),
            measured=tuple(self.measured),
            failure=failure,
            engine=self.engine,
            stacked=self.stacked,
            weights_sha256=weights,
            resumed_after=tuple(self.resumed_after),
            started=self.started,
        )


def _is_loaded(trainer: Trainer, checkpoint: Checkpoint) -> bool:
    """Give ``trainer`` the state of ``checkpoint``; whether it is the state of a trainer like it, at the end of its history."""
    try:
        trainer.load_state(checkpoint.state)
    except (LookupError, TypeError, ValueError, RuntimeError, AttributeError):
        return False
    return bool(checkpoint.state["epoch"] == len(checkpoint.info.history) < trainer.run.train.epochs)


def summary(run: Run, data: Dataset) -> DataSummary:
    """The data as the run used it."""
    return DataSummary(
        checksum=run.config["data"]["checksum"],
        train=len(data.train.labels),
        validation=len(data.validation.labels),
        test=len(data.test.labels),
        mean=data.mean,
        std=data.std,
    )
