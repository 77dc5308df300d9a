"""The batches a run trains on, one after another, from wherever it stands."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import torch

from pkbench.data.dataset import Dataset
from pkbench.data.mixing import Mixed
from pkbench.errors import DataError
from pkbench.plan.run import Run
from pkbench.train.ahead import made_ahead
from pkbench.train.making import BatchMaker, Made


class BatchStream:
    """A run's batches, epoch by epoch; it can be taken up again after any batch.

    Args:
        run: the run.
        data: its data set, on ``device``.
        device: where batches are made.
        ahead: batches made ahead in a thread of its own; 0: each is made when it is asked for. The batches are the same.
        late: whether who takes a batch makes its inputs where that can be, in :attr:`Mixed.seconds`, unless batches are made ahead.

    Attributes:
        steps_per_epoch: batches of an epoch.
        images_per_epoch: images in them, all counted.
        epoch: completed epochs: how often :meth:`next_epoch` was called.
        step: batches taken of the epoch after them.
        seconds: how long the taker waited for them.

    Raises:
        DataError: the training part has no full batch.
    """

    def __init__(self, run: Run, data: Dataset, device: torch.device, ahead: int = 0, *, late: bool = False) -> None:
        self.run = run
        self.device = device
        self.ahead = ahead
        recipe = run.train
        images = len(data.train.labels)
        self.steps_per_epoch = images // recipe.batch_size if recipe.drop_last else -(-images // recipe.batch_size)
        if self.steps_per_epoch == 0:
            raise DataError(
                f"batch_size {recipe.batch_size} with drop_last leaves no batch of {images} training images",
                remedy="lower batch_size or set drop_last = false",
            )
        self.images_per_epoch = min(self.steps_per_epoch * recipe.batch_size, images)
        self.epoch = 0
        self._maker = BatchMaker(run, data, device, self.steps_per_epoch, beside=ahead > 0, late=late and ahead == 0)
        self._source: Generator[Made, None, None] | None = None
        self._start_epoch()

    def __iter__(self) -> Generator[Mixed, None, None]:
        """The batches of the current epoch that have not been taken; each counts as taken once it is yielded.

        Where batches are made ahead, those of the next epoch are begun before this one ends, so that no epoch waits for its
        first: :meth:`close` the stream, or drop it, to end the thread that makes them.
        """
        while self.step < self.steps_per_epoch:
            clock = time.perf_counter()
            if self._source is None:
                self._source = self._started()
            batch, self._taken = next(self._source)
            self.seconds += time.perf_counter() - clock
            if self.ahead and batch.inputs.is_cuda:
                # Its memory is not to be used again before the steps that are asked for from here have read it.
                for tensor in (batch.inputs, batch.labels, batch.partners):
                    tensor.record_stream(torch.cuda.current_stream(self.device))
            self.step += 1
            yield batch

    def close(self) -> None:
        """Forget what was made ahead and end the thread that makes it; the next batch that is asked for is the same."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def next_epoch(self) -> None:
        """Go to the first batch of the next epoch."""
        if self.step < self.steps_per_epoch:
            self.close()
        self.epoch += 1
        self._start_epoch()

    def state(self) -> dict[str, Any]:
        """All that is needed to go on after the last batch taken, whatever was made ahead."""
        return {
            "augmentation": self._taken,
            "epoch": self.epoch,
            "step": self.step,
            "data_seconds": self.seconds,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from ``state``, which a stream of the same run made; what else it holds is ignored."""
        self.close()
        self.epoch = state["epoch"]
        self.step = state["step"]
        # Checkpoints from before this was measured have none: what follows is counted.
        self.seconds = state.get("data_seconds", 0.0)
        self._taken = state["augmentation"].cpu()

    def _start_epoch(self) -> None:
        self.step = 0
        self.seconds = 0.0
        self._taken = self._maker.fresh(self.epoch)
        """State of the augmentation's generator after the last batch taken."""

    def _started(self) -> Generator[Made, None, None]:
        """All batches from the next on, in a thread where they are made ahead."""
        maker = self._maker
        made = maker.made(self.epoch, self.step, self._taken)
        return made_ahead(made, max(self.ahead, maker.at_once), maker.start_thread) if self.ahead else made
