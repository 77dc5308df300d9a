"""Making a run's batches from any place of its training on: chosen by the epoch's order, augmented, normalised, erased and mixed.

Nothing here depends on the model: runs with one recipe, data set and seed get the same batches, so that they pair.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

import torch
from torch import Tensor

from pkbench.data.augment import Draws, augment, change, draw, draws_first, joined
from pkbench.data.dataset import Dataset
from pkbench.data.erasing import erase
from pkbench.data.mixing import Mixed, mix, unmixed
from pkbench.native import images as native
from pkbench.native.images import Pictures
from pkbench.plan.run import Run
from pkbench.seeding import stream_seed

BYTES_AT_ONCE = 2**27
"""Of float32 inputs that are made together on a GPU."""

DRAWN_AT_ONCE = 64
"""Batches whose numbers are drawn together where their inputs are made later: drawing takes a third of the time while its code is near."""

Made = tuple[Mixed, Tensor]
"""A batch, and the state of the augmentation's generator after it."""


class BatchMaker:
    """Makes the batches of a run on its data set, which is on ``device``; it knows no place of its own.

    Args:
        run: the run.
        data: its data set.
        device: where batches are made.
        steps: batches of an epoch.
        beside: whether they are made in a thread of their own, so that whoever takes them need not wait for the device.

        late: whether the inputs of a batch are made by whoever takes it, where that can be; what it needs is drawn for it.

    Attributes:
        at_once: batches that are made together.
    """

    def __init__(
        self, run: Run, data: Dataset, device: torch.device, steps: int, *, beside: bool, late: bool = False
    ) -> None:
        self._one_pass = in_one_pass(run, data)
        self._late = late and self._one_pass and separable(run)
        self.at_once = DRAWN_AT_ONCE if self._late else batches_at_once(run, device.type)
        self._run = run
        self._data = data
        self._device = device
        self._steps = steps
        self._beside = beside

    def order(self, epoch: int) -> Tensor:
        """The order of the training images, int64 (N,), after ``epoch`` completed ones: the same for every model with this seed."""
        generator = torch.Generator().manual_seed(stream_seed("order", self._run.seed, epoch + 1))
        return torch.randperm(len(self._data.train.labels), generator=generator).to(self._device)

    def fresh(self, epoch: int) -> Tensor:
        """The state of the augmentation's generator at the start of an epoch."""
        return torch.Generator().manual_seed(stream_seed("augmentation", self._run.seed, epoch + 1)).get_state()

    def start_thread(self) -> None:
        """Settings of a thread that makes batches."""
        # Rounding depends on the number of threads, which torch keeps for each thread that calls it.
        torch.set_num_threads(self._run.train.cpu_threads)
        if self._device.type == "cuda":
            # Ahead of the steps' work where both wait: theirs fills the device, and they would soon wait for these.
            torch.cuda.set_stream(torch.cuda.Stream(self._device, priority=-1))  # type: ignore[no-untyped-call]

    def made(self, epoch: int, step: int, taken: Tensor) -> Generator[Made, None, None]:
        """The batches from ``step`` of ``epoch`` (both from 0) on to the last of all epochs; ``taken``: the augmentation's state there."""
        yield from self._made_in(epoch, step, taken)
        while (epoch := epoch + 1) < self._run.train.epochs:
            yield from self._made_in(epoch, 0, self.fresh(epoch))

    def _made_in(self, epoch: int, step: int, taken: Tensor) -> Generator[Made, None, None]:
        """The batches of an epoch from ``step`` on."""
        order = self.order(epoch)
        source = torch.Generator()
        source.set_state(taken)
        for first in range(step, self._steps, self.at_once):
            steps = range(first, min(first + self.at_once, self._steps))
            made = self._several(order, steps, source) if self.at_once > 1 else [self._one(order, first, source)]
            if self._beside:
                self._finish()
            yield from made

    def _finish(self) -> None:
        """Wait until the device has made all that this thread asked for: whoever takes it asks in another queue, and does not wait."""
        if self._device.type == "cuda":
            torch.cuda.current_stream(self._device).synchronize()

    def _one(self, order: Tensor, step: int, source: torch.Generator) -> Made:
        return self._batch(order, step, source), source.get_state()

    def _batch(self, order: Tensor, step: int, source: torch.Generator) -> Mixed:
        """Batch ``step`` of ``order``: augmented, normalised, erased, mixed, each drawing from ``source`` in turn."""
        recipe, data = self._run.train, self._data
        chosen = self._chosen(order, range(step, step + 1))
        inputs = self._inputs(chosen, source)
        labels = data.train.labels.index_select(0, chosen)
        if recipe.augment.erasing is not None:
            inputs = erase(inputs, recipe.augment.erasing, source)
        if recipe.mix is None:
            return unmixed(inputs, labels)
        return mix(inputs, labels, recipe.mix, source)

    def _inputs(self, chosen: Tensor, source: torch.Generator) -> Tensor:
        """The images ``chosen``, augmented and normalised; in one pass over their bytes where that can be."""
        wanted, data = self._run.train.augment, self._data
        if not self._one_pass:
            return data.to_input(augment(data.train.images.index_select(0, chosen), wanted, source, data.mean))
        return self._pictures(chosen, draw(len(chosen), wanted, source)).inputs()

    def _pictures(self, chosen: Tensor, drawn: Draws) -> Pictures:
        """The images ``chosen``, to be changed as was drawn."""
        policy = None
        if drawn.policy is not None:
            from pkbench.data import autoaugment

            policy = autoaugment.in_one_pass(autoaugment.Draws(*drawn.policy), self._data.train.images.shape)
        padding = self._run.train.augment.crop_padding
        return self._data.pictures(
            chosen, padding=padding, corners=drawn.corners, mirrored=drawn.mirrored, policy=policy
        )

    def _several(self, order: Tensor, steps: range, source: torch.Generator) -> list[Made]:
        """The same as :meth:`_one` one after another, changed together or later."""
        recipe, data = self._run.train, self._data
        chosen = self._chosen(order, steps)
        labels = torch.split(data.train.labels.index_select(0, chosen), recipe.batch_size)
        draws, states = [], []
        for part in labels:
            draws.append(draw(len(part), recipe.augment, source))
            states.append(source.get_state())
        inputs: Sequence[Tensor | Pictures]
        if self._late:
            inputs = self._pictures(chosen, joined(draws)).split(recipe.batch_size)
        else:
            images = change(data.train.images.index_select(0, chosen), recipe.augment, joined(draws))
            inputs = torch.split(data.to_input(images), recipe.batch_size)
        return list(zip(map(unmixed, inputs, labels), states, strict=True))

    def _chosen(self, order: Tensor, steps: range) -> Tensor:
        """The images of batches ``steps``."""
        size = self._run.train.batch_size
        return order[steps.start * size : steps.stop * size]


def in_one_pass(run: Run, data: Dataset) -> bool:
    """Whether all that is asked for is windows, mirrors and AutoAugment, of images for which there is a C part."""
    wanted, images = run.train.augment, data.train.images
    if not draws_first(wanted) or not native.usable(images):
        return False
    return wanted.policy == "none" or native.changes_exactly(images)


def separable(run: Run) -> bool:
    """Whether numbers for several batches can be drawn before their images are looked at."""
    recipe = run.train
    return draws_first(recipe.augment) and recipe.augment.erasing is None and recipe.mix is None


def batches_at_once(run: Run, device: str) -> int:
    """Batches whose images are changed together on a kind of device: as many as are worth it on a GPU, where the recipe allows.

    There, asking for the changes takes longer than making them. On a CPU more images than its caches hold are slower.
    """
    if device != "cuda" or not separable(run):
        return 1
    height, width, colours = run.data.shape
    return max(1, BYTES_AT_ONCE // (4 * run.train.batch_size * height * width * colours))
