"""Training of one run: asks for its steps one by one, tells an :class:`EpochResult` an epoch, can be stopped and resumed at any step.

Nothing here knows files, nor whether other runs' steps are computed together with its own. Every random number comes from a stream named by the run's seed, the epoch and its
purpose, so that resuming needs no more than the tensors and counters of :meth:`Trainer.state`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from pkbench.data.dataset import Dataset
from pkbench.data.mixing import Mixed
from pkbench.errors import TrainingError
from pkbench.models.build import build
from pkbench.plan.engine import AUTO
from pkbench.plan.run import Run
from pkbench.train.batches import BatchStream
from pkbench.train.engines.choose import make_engine
from pkbench.train.evaluate import evaluate
from pkbench.train.result import EpochResult
from pkbench.train.schedule import learning_rate
from pkbench.train.steps import Outcome, Step, Steps
from pkbench.train.stochastic_depth import StochasticDepth
from pkbench.train.weights import weights_sha256


class DivergedError(TrainingError):
    """The loss is no longer a finite number."""


@dataclass(slots=True)
class _Progress:
    """What has been summed up over the steps of the current epoch."""

    loss_sum: Tensor
    wrong: Tensor
    seconds: float


class Trainer:
    """One run on one device, computed by ``engine``: see :mod:`pkbench.plan.engine`; ``ahead`` batches are made ahead of it.

    ``parts`` of a batch are computed one after another, as many as memory demands if it is ``None``, where the engine can do that.

    Raises:
        DataError: the training part has no full batch.
        UsageError: the engine cannot compute the run.
    """

    def __init__(
        self,
        run: Run,
        data: Dataset,
        device: torch.device,
        engine: str = AUTO,
        ahead: int = 0,
        parts: int | None = 1,
    ) -> None:
        self.run = run
        self.data = data
        self.device = device
        recipe = run.train
        self.engine = make_engine(engine, run, build(run.model, run.shape, run.seed), device, parts)
        self.batches = BatchStream(run, data, device, ahead, late=self.engine.makes_inputs)
        self.steps_per_epoch = self.batches.steps_per_epoch
        self.progress = _Progress(*self._zero_sums(), 0.0)
        rate = recipe.stochastic_depth
        self._depth = None if rate is None else StochasticDepth(rate, run.shape.layers, run.seed)

    def steps(self, on_step: Callable[[], None], on_epoch: Callable[[EpochResult], None]) -> Steps:
        """Train from where the run stands to its last epoch.

        ``on_step`` is called after every step and in between while the model is evaluated, when :meth:`state` is whole, and
        ``on_epoch`` after every epoch, likewise; what they raise ends the training.

        Raises:
            DivergedError: a mean loss of an epoch is not finite.
        """
        # Closed whatever happens: a thread may be making batches ahead.
        with closing(self.batches):
            while self.batches.epoch < self.run.train.epochs:
                on_epoch((yield from self._epoch(on_step)))

    def state(self) -> dict[str, Any]:
        """All that is needed to go on from here, as tensors and numbers."""
        depth = {} if self._depth is None else {"stochastic_depth": self._depth.state()}
        return (
            depth
            | self.batches.state()
            | {
                "engine": self.engine.name,
                # Copied: a stack has the parameters of all its runs in one piece of memory, which would be saved whole.
                "model": {name: tensor.clone() for name, tensor in self.model.state_dict().items()},
                "optimizer": self.engine.optimizer_state(),
                "loss_sum": self.progress.loss_sum,
                "wrong": self.progress.wrong,
                "seconds": self.progress.seconds,
            }
        )

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from ``state``, which a trainer of the same run made."""
        self.model.load_state_dict(state["model"])
        self.engine.load_optimizer_state(state["optimizer"])
        self.batches.load_state(state)
        if self._depth is not None:
            self._depth.load_state(state["stochastic_depth"])
        self.progress = _Progress(
            loss_sum=state["loss_sum"].to(self.device),
            wrong=state["wrong"].to(self.device),
            seconds=state["seconds"],
        )

    @property
    def model(self) -> nn.Module:
        """The module, with the parameters of the last step."""
        return self.engine.model

    def probe_batch(self) -> tuple[Tensor, Tensor]:
        """The first training images as input, without augmentation, and their labels: one batch, the same every time."""
        n = self.run.train.batch_size
        return self.data.to_input(self.data.train.images[:n]), self.data.train.labels[:n]

    def weights_sha256(self) -> str:
        """Hash of the model's state."""
        return weights_sha256(self.model)

    def _epoch(self, on_step: Callable[[], None]) -> Generator[Step, Outcome, EpochResult]:
        """The rest of the current epoch, then its evaluation."""
        progress = self.progress
        epoch = self.batches.epoch + 1
        clock = time.perf_counter()
        for batch in self.batches:
            step_loss, step_wrong = yield self._step(batch)
            self.batches.seconds += batch.seconds
            progress.loss_sum += step_loss
            progress.wrong += step_wrong
            now = time.perf_counter()
            progress.seconds, clock = progress.seconds + now - clock, now
            on_step()
        seen = self.batches.images_per_epoch
        loss = progress.loss_sum.item() / seen
        error = 100 * progress.wrong.item() / seen
        self._check("training", loss, epoch)
        lr = self._learning_rate(self.steps_per_epoch - 1)
        evaluations = self._evaluations(epoch, on_step)
        seconds = progress.seconds + time.perf_counter() - clock
        data_seconds = self.batches.seconds
        self.progress = _Progress(*self._zero_sums(), 0.0)
        self.batches.next_epoch()
        if self._depth is not None:
            self._depth.start(epoch + 1)
        return EpochResult(epoch, lr, loss, error, *evaluations, seconds, data_seconds)

    def _step(self, batch: Mixed) -> Step:
        """The step on ``batch``, the last that was taken."""
        depth = None if self._depth is None else self._depth.draw(len(batch.labels), self.device)
        number = self.batches.step - 1
        uneven = self.batches.images_per_epoch % self.run.train.batch_size
        return Step(self.engine, batch, self._learning_rate(number), depth, number if uneven else 0)

    def _learning_rate(self, step: int) -> float:
        """The learning rate of ``step`` (from 0) of the current epoch."""
        recipe = self.run.train
        total = self.batches.epoch * self.steps_per_epoch + step
        return learning_rate(recipe.schedule, self.run.lr, total, self.steps_per_epoch, recipe.epochs)

    def _evaluations(
        self, epoch: int, on_batch: Callable[[], None]
    ) -> tuple[float | None, float | None, float | None, float | None]:
        """Validation loss and error, test loss and error, where this epoch has them; ``on_batch`` is called before each batch."""
        if epoch % self.run.train.eval_every and epoch != self.run.train.epochs:
            return None, None, None, None

        def logits(inputs: Tensor) -> Tensor:
            on_batch()
            return self.engine.logits(inputs)

        test = evaluate(logits, self.data, self.data.test)
        self._check("test", test[0], epoch)
        if not len(self.data.validation.labels):
            return None, None, *test
        validation = evaluate(logits, self.data, self.data.validation)
        self._check("validation", validation[0], epoch)
        return *validation, *test

    @staticmethod
    def _check(what: str, loss: float, epoch: int) -> None:
        """Stop where a loss is no number any more: no record may hold one."""
        if not math.isfinite(loss):
            raise DivergedError(
                f"the {what} loss became {loss} in epoch {epoch}", remedy="a lower learning rate may help"
            )

    def _zero_sums(self) -> tuple[Tensor, Tensor]:
        return (
            torch.zeros((), dtype=torch.float64, device=self.device),
            torch.zeros((), dtype=torch.int64, device=self.device),
        )
