"""A data set as training sees it: three parts, each one tensor on the device, and its normalisation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from pkbench.data.assemble import Arrays, assemble
from pkbench.errors import DataMemoryError
from pkbench.native import images as native
from pkbench.native.images import Pictures
from pkbench.native.memory import in_large_pages
from pkbench.spec.data import AnyData


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a data set, whole.

    Attributes:
        images: uint8 (N, colours, H, W), contiguous.
        labels: int64 (N,), on the same device.
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """Images on a device, split, with what is needed to make them a model's input.

    Attributes:
        train: images to train on.
        validation: images held out of the training part; may be empty.
        test: images to test on.
        mean: of each colour, on the scale [0, 1]; 0 where the spec asks for no normalisation.
        std: deviation of each colour, on the same scale; 1 where it is 0 or no normalisation is asked for.
        classes: number of classes; labels are 0 … classes-1.
    """

    train: Part
    validation: Part
    test: Part
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: int

    def to_input(self, images: Tensor) -> Tensor:
        """``images`` (B, colours, H, W) uint8 as a model's input: (images / 255 - mean) / std in float32."""
        if native.usable(images):
            return Pictures(images, self._tables).inputs()
        return self._normalized(images)

    def pictures(
        self,
        chosen: Tensor,
        *,
        padding: int = 0,
        corners: Tensor | None = None,
        mirrored: Tensor | None = None,
        policy: native.Policy | None = None,
    ) -> Pictures:
        """Training images ``chosen``, int64 (B,), to be cropped, mirrored, changed by a policy and made a model's input.

        ``padding``, ``corners`` and ``mirrored`` are those of :func:`pkbench.data.augment.crop` and
        :func:`~pkbench.data.augment.flip`, ``policy`` what :func:`pkbench.data.autoaugment.in_one_pass` makes. For images that
        :func:`pkbench.native.images.usable` accepts, and with a policy :func:`~pkbench.native.images.changes_exactly`, too.
        """
        return Pictures(
            *(self.train.images, self._tables),
            chosen=chosen,
            padding=padding,
            corners=corners,
            mirrored=mirrored,
            policy=policy,
        )

    def _normalized(self, images: Tensor) -> Tensor:
        mean, std = self._statistics
        return images.to(torch.float32).div_(255).sub_(mean).div_(std)

    @cached_property
    def _tables(self) -> Tensor:
        """What each byte of a colour becomes, (colours, 256), by the same operations."""
        with torch.inference_mode(mode=False):
            colours = self.train.images.shape[1]
            images = torch.arange(256, dtype=torch.uint8, device=self.train.images.device).expand(1, colours, 1, 256)
            return self._normalized(images.contiguous()).view(colours, 256)

    @cached_property
    def _statistics(self) -> tuple[Tensor, Tensor]:
        """``mean`` and ``std`` as (colours, 1, 1) on the device: copying them for every batch would stall a GPU."""
        device = self.train.images.device
        # Kept beyond an evaluation that may be the first to ask: not to be one of its inference tensors.
        with torch.inference_mode(mode=False):
            mean = torch.tensor(self.mean, dtype=torch.float32, device=device)
            std = torch.tensor(self.std, dtype=torch.float32, device=device)
            return mean[:, None, None], std[:, None, None]


def load(data: AnyData, base: Path, device: torch.device | str) -> Dataset:
    """Read, check, split and move ``data`` to ``device``.

    Args:
        data: the data set as its spec states it.
        base: folder of the spec, where relative paths begin.
        device: where the tensors shall lie.

    Raises:
        DataError: the data is missing, damaged or not what the spec states.
        DataMemoryError: it is too large for the device.
    """
    found = assemble(data, base)
    try:
        return Dataset(
            train=_part(found.train, device),
            validation=_part(found.validation, device),
            test=_part(found.test, device),
            mean=found.mean,
            std=found.std,
            classes=data.classes,
        )
    except torch.OutOfMemoryError as error:
        raise DataMemoryError(
            f"data set {data.id} does not fit into the memory of {device}",
            constraint="a data set is held there whole",
            remedy="state a smaller shape with resize, free memory, or use another device",
        ) from error


def _part(arrays: Arrays, device: torch.device | str) -> Part:
    """``arrays`` as a part on ``device``."""
    images = torch.from_numpy(arrays.images).permute(0, 3, 1, 2)
    return Part(
        images.contiguous().to(device) if torch.device(device).type != "cpu" else in_large_pages(images),
        torch.from_numpy(arrays.labels).to(device),
    )
