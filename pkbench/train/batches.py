"""The batches a run trains on: chosen by the epoch's order, augmented, normalised, erased and mixed.

Nothing here depends on the model: runs with one recipe, data set and seed get the same batches, so that they pair.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from pkbench.data.augment import augment
from pkbench.data.dataset import Dataset
from pkbench.data.erasing import erase
from pkbench.data.mixing import Mixed, mix, unmixed
from pkbench.errors import DataError
from pkbench.plan.run import Run
from pkbench.seeding import stream_seed


class BatchStream:
    """A run's batches, epoch by epoch; it can be taken up again after any batch.

    Attributes:
        steps_per_epoch: batches of an epoch.
        images_per_epoch: images in them, all counted.
        epoch: completed epochs: how often :meth:`next_epoch` was called.
        step: batches taken of the epoch after them.

    Raises:
        DataError: the training part has no full batch.
    """

    def __init__(self, run: Run, data: Dataset, device: torch.device) -> None:
        self.run = run
        self.data = data
        self.device = device
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
        self.step = 0
        self._augmentation = self._augmentation_stream()

    def __iter__(self) -> Iterator[Mixed]:
        """The batches of the current epoch that have not been taken; each counts as taken once it is yielded."""
        order = self.order()
        while self.step < self.steps_per_epoch:
            batch = self._batch(order, self.step)
            self.step += 1
            yield batch

    def next_epoch(self) -> None:
        """Go to the first batch of the next epoch."""
        self.epoch += 1
        self.step = 0
        self._augmentation = self._augmentation_stream()

    def order(self) -> Tensor:
        """The current epoch's order of the training images, int64 (N,): the same for every model with this seed."""
        generator = torch.Generator().manual_seed(stream_seed("order", self.run.seed, self.epoch + 1))
        return torch.randperm(len(self.data.train.labels), generator=generator).to(self.device)

    def state(self) -> dict[str, Any]:
        """All that is needed to go on after the last batch taken: ``epoch``, ``step`` and the generator's state."""
        return {"augmentation": self._augmentation.get_state(), "epoch": self.epoch, "step": self.step}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from ``state``, which a stream of the same run made; what else it holds is ignored."""
        self.epoch = state["epoch"]
        self.step = state["step"]
        self._augmentation.set_state(state["augmentation"].cpu())

    def _batch(self, order: Tensor, step: int) -> Mixed:
        """Batch ``step`` of ``order``: augmented, normalised, erased, mixed, each drawing from the augmentation's stream in turn."""
        recipe, data = self.run.train, self.data
        chosen = order[step * recipe.batch_size : (step + 1) * recipe.batch_size]
        images = augment(data.train.images.index_select(0, chosen), recipe.augment, self._augmentation, data.mean)
        labels = data.train.labels.index_select(0, chosen)
        inputs = data.to_input(images)
        if recipe.augment.erasing is not None:
            inputs = erase(inputs, recipe.augment.erasing, self._augmentation)
        if recipe.mix is None:
            return unmixed(inputs, labels)
        return mix(inputs, labels, recipe.mix, self._augmentation)

    def _augmentation_stream(self) -> torch.Generator:
        return torch.Generator().manual_seed(stream_seed("augmentation", self.run.seed, self.epoch + 1))
