"""Artificial images, and the two ways of feeding them: held on the device whole, or by a DataLoader as users write it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor

from pkbench.bench.cases import CLASSES, Case
from pkbench.data.augment import augment
from pkbench.data.dataset import Dataset, Part
from pkbench.seeding import stream_seed
from pkbench.spec.train import Augment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

AUGMENT: Final = Augment(crop_padding=4, flip=True, policy="none")
"""Crop and flip: what every variant does to its training images."""
LOADER_WORKERS: Final = 2
_MEAN, _STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)

Batch = tuple[Tensor, Tensor]
"""Inputs, float32 (B, colours, H, W), and labels, int64 (B,)."""


def random_images(case: Case, device: torch.device) -> Dataset:
    """Random bytes with random labels, the same every time, on ``device``."""
    generator = torch.Generator().manual_seed(stream_seed("bench images", 0, case.name))
    height, width, colours = case.image

    def part(n: int) -> Part:
        images = torch.randint(0, 256, (n, colours, height, width), dtype=torch.uint8, generator=generator)
        return Part(images.to(device), torch.randint(0, CLASSES, (n,), generator=generator).to(device))

    return Dataset(
        train=part(case.train_images),
        validation=part(0),
        test=part(case.test_images),
        mean=_MEAN,
        std=_STD,
        classes=CLASSES,
    )


class ResidentFeed:
    """Batches by index from images on the device, augmented all at once: pkbench's own way, for peers too."""

    def __init__(self, case: Case, data: Dataset) -> None:
        self._case = case
        self._data = data
        self._generator = torch.Generator().manual_seed(0)
        self._batches = iter(())  # type: Iterator[Tensor]

    def next(self) -> Batch:
        """The next training batch."""
        train = self._data.train
        chosen = next(self._batches, None)
        if chosen is None:
            order = torch.randperm(len(train), generator=self._generator).to(train.labels.device)
            self._batches = iter(torch.split(order, self._case.batch))
            chosen = next(self._batches)
        images = augment(train.images.index_select(0, chosen), AUGMENT, self._generator)
        return self._data.to_input(images), train.labels.index_select(0, chosen)

    def test(self) -> Iterator[Batch]:
        """The test images, in batches of the training's size: a compiled model sees one shape."""
        test = self._data.test
        for start in range(0, len(test), self._case.batch):
            part = slice(start, start + self._case.batch)
            yield self._data.to_input(test.images[part]), test.labels[part]

    def close(self) -> None:
        """There is nothing to end."""


class LoaderFeed:
    """A ``torch.utils.data.DataLoader`` over PIL images with torchvision's transforms and two worker processes."""

    def __init__(self, case: Case, data: Dataset, device: torch.device) -> None:
        from torchvision import transforms

        size = case.image[:2]
        normal = [transforms.ToTensor(), transforms.Normalize(data.mean, data.std)]
        change = [transforms.RandomCrop(size, padding=AUGMENT.crop_padding), transforms.RandomHorizontalFlip()]
        self._device = device
        self._train = _loader(
            _Pictures(data.train, transforms.Compose(change + normal)), case.batch, device, train=True
        )
        self._test = _loader(_Pictures(data.test, transforms.Compose(normal)), case.batch, device, train=False)
        self._batches: Iterator[Batch] = iter(self._train)

    def next(self) -> Batch:
        """The next training batch, on the device."""
        batch = next(self._batches, None)
        if batch is None:
            self._batches = iter(self._train)
            batch = next(self._batches)
        return self._moved(batch)

    def test(self) -> Iterator[Batch]:
        """The test images."""
        return map(self._moved, self._test)

    def close(self) -> None:
        """End the worker processes: they live as long as what iterates over them."""
        self._batches = iter(())
        self._train = self._test = ()

    def _moved(self, batch: Batch) -> Batch:
        inputs, labels = batch
        return inputs.to(self._device, non_blocking=True), labels.to(self._device, non_blocking=True)


class _Pictures(torch.utils.data.Dataset[tuple[Tensor, int]]):
    """Images one by one as PIL images, transformed: what ``torchvision.datasets.CIFAR10`` gives."""

    def __init__(self, part: Part, transform: Any) -> None:
        self._images = part.images.permute(0, 2, 3, 1).contiguous().cpu().numpy()
        self._labels = part.labels.tolist()
        self._transform = transform

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        from PIL import Image

        return self._transform(Image.fromarray(self._images[index])), self._labels[index]


def _loader(pictures: _Pictures, batch: int, device: torch.device, *, train: bool) -> Iterable[Batch]:
    return torch.utils.data.DataLoader(
        pictures,
        batch_size=batch,
        shuffle=train,
        drop_last=train,
        num_workers=LOADER_WORKERS,
        persistent_workers=True,
        pin_memory=device.type == "cuda",
    )
