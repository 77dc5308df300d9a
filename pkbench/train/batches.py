"""The batches a run trains on: chosen by the epoch's order, augmented, normalised, erased and mixed.

Nothing here depends on the model: runs with one recipe, data set and seed get the same batches, so that they pair.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from typing import Any

import torch
from torch import Tensor

from pkbench.data.augment import augment, change, draw, draws_first, joined
from pkbench.data.dataset import Dataset
from pkbench.data.erasing import erase
from pkbench.data.mixing import Mixed, mix, unmixed
from pkbench.errors import DataError
from pkbench.plan.run import Run
from pkbench.seeding import stream_seed
from pkbench.train.ahead import made_ahead

BYTES_AT_ONCE = 2**27
"""Of float32 inputs that are made together on a GPU."""


class BatchStream:
    """A run's batches, epoch by epoch; it can be taken up again after any batch.

    Args:
        run: the run.
        data: its data set, on ``device``.
        device: where batches are made.
        ahead: batches made ahead in a thread of its own; 0: each is made when it is asked for. The batches are the same.

    Attributes:
        steps_per_epoch: batches of an epoch.
        images_per_epoch: images in them, all counted.
        epoch: completed epochs: how often :meth:`next_epoch` was called.
        step: batches taken of the epoch after them.
        seconds: how long the taker waited for them.

    Raises:
        DataError: the training part has no full batch.
    """

    def __init__(self, run: Run, data: Dataset, device: torch.device, ahead: int = 0) -> None:
        self.run = run
        self.data = data
        self.device = device
        self.ahead = ahead
        self._at_once = batches_at_once(run, device.type)
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
        self._start_epoch()

    def __iter__(self) -> Generator[Mixed, None, None]:
        """The batches of the current epoch that have not been taken; each counts as taken once it is yielded.

        Where batches are made ahead, close the generator or drop it to end the thread that makes them.
        """
        made = self._made()
        if self.ahead:
            made = made_ahead(made, max(self.ahead, self._at_once), self._start_thread)
        with closing(made):
            while True:
                clock = time.perf_counter()
                found = next(made, None)
                self.seconds += time.perf_counter() - clock
                if found is None:
                    return
                batch, self._taken = found
                if self.ahead and batch.inputs.is_cuda:
                    # Its memory is not to be used again before the steps that are asked for from here have read it.
                    for tensor in (batch.inputs, batch.labels):
                        tensor.record_stream(torch.cuda.current_stream(self.device))
                self.step += 1
                yield batch

    def next_epoch(self) -> None:
        """Go to the first batch of the next epoch."""
        self.epoch += 1
        self._start_epoch()

    def order(self) -> Tensor:
        """The current epoch's order of the training images, int64 (N,): the same for every model with this seed."""
        generator = torch.Generator().manual_seed(stream_seed("order", self.run.seed, self.epoch + 1))
        return torch.randperm(len(self.data.train.labels), generator=generator).to(self.device)

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
        self.epoch = state["epoch"]
        self.step = state["step"]
        # Checkpoints from before this was measured have none: what follows is counted.
        self.seconds = state.get("data_seconds", 0.0)
        self._taken = state["augmentation"].cpu()

    def _start_epoch(self) -> None:
        self.step = 0
        self.seconds = 0.0
        source = torch.Generator().manual_seed(stream_seed("augmentation", self.run.seed, self.epoch + 1))
        self._taken = source.get_state()
        """State of the augmentation's generator after the last batch taken."""

    def _made(self) -> Generator[tuple[Mixed, Tensor], None, None]:
        """The epoch's batches from the next on, each with the augmentation's state after it."""
        order = self.order()
        source = torch.Generator()
        source.set_state(self._taken)
        for first in range(self.step, self.steps_per_epoch, self._at_once):
            steps = range(first, min(first + self._at_once, self.steps_per_epoch))
            if self._at_once == 1:
                yield self._batch(order, first, source), source.get_state()
            else:
                yield from self._several(order, steps, source)

    def _batch(self, order: Tensor, step: int, source: torch.Generator) -> Mixed:
        """Batch ``step`` of ``order``: augmented, normalised, erased, mixed, each drawing from ``source`` in turn."""
        recipe, data = self.run.train, self.data
        chosen = self._chosen(order, range(step, step + 1))
        images = augment(data.train.images.index_select(0, chosen), recipe.augment, source, data.mean)
        labels = data.train.labels.index_select(0, chosen)
        inputs = data.to_input(images)
        if recipe.augment.erasing is not None:
            inputs = erase(inputs, recipe.augment.erasing, source)
        if recipe.mix is None:
            return unmixed(inputs, labels)
        return mix(inputs, labels, recipe.mix, source)

    def _several(self, order: Tensor, steps: range, source: torch.Generator) -> Generator[tuple[Mixed, Tensor]]:
        """The same as :meth:`_batch` one after another, changed together."""
        recipe, data = self.run.train, self.data
        chosen = self._chosen(order, steps)
        draws, states = [], []
        for step in steps:
            draws.append(draw(len(self._chosen(order, range(step, step + 1))), recipe.augment, source))
            states.append(source.get_state())
        images = change(data.train.images.index_select(0, chosen), recipe.augment, joined(draws))
        inputs = torch.split(data.to_input(images), recipe.batch_size)
        labels = torch.split(data.train.labels.index_select(0, chosen), recipe.batch_size)
        if self.ahead and self.device.type == "cuda":
            # Made in a queue of their own: whoever takes them need not wait for it.
            torch.cuda.current_stream(self.device).synchronize()
        yield from zip(map(unmixed, inputs, labels), states, strict=True)

    def _chosen(self, order: Tensor, steps: range) -> Tensor:
        """The images of batches ``steps``."""
        size = self.run.train.batch_size
        return order[steps.start * size : steps.stop * size]

    def _start_thread(self) -> None:
        """Settings of a thread that makes batches."""
        # Rounding depends on the number of threads, which torch keeps for each thread that calls it.
        torch.set_num_threads(self.run.train.cpu_threads)
        if self.device.type == "cuda":
            torch.cuda.set_stream(torch.cuda.Stream(self.device))  # type: ignore[no-untyped-call]


def batches_at_once(run: Run, device: str) -> int:
    """Batches whose images are changed together on a kind of device: as many as are worth it on a GPU, where the recipe allows.

    There, asking for the changes takes longer than making them. On a CPU more images than its caches hold are slower.
    """
    recipe = run.train
    together = draws_first(recipe.augment) and recipe.augment.erasing is None and recipe.mix is None
    if device != "cuda" or not together:
        return 1
    height, width, colours = run.data.shape
    return max(1, BYTES_AT_ONCE // (4 * recipe.batch_size * height * width * colours))
