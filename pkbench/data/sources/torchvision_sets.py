"""torchvision's data sets, read through torchvision, which checks what it reads; never downloaded here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from torchvision import datasets

from pkbench.data.faults import file_error
from pkbench.data.layout import torchvision_files, torchvision_root
from pkbench.data.pixels import resized
from pkbench.data.raw import Images, Labels, RawImages, checked_images, checked_labels
from pkbench.spec.data import TorchvisionData

_DAMAGE = (RuntimeError, OSError, EOFError, ValueError, TypeError, LookupError, AssertionError)
"""What torchvision raises on files that fail its checks or cannot be parsed."""


def read(data: TorchvisionData, base: Path) -> RawImages:
    """Read the training and test part of ``data``.

    Raises:
        DataError: files are missing (the remedy is ``pkbench data get``) or damaged, or the spec states another
            shape or number of classes.
    """
    torchvision_files(data, base)
    root = torchvision_root(data, base)
    (train_images, train_labels), (test_images, test_labels) = parts(data, root)
    return RawImages(
        _images(train_images, data, root),
        checked_labels(train_labels, len(train_images), data.classes, root, "training labels"),
        _images(test_images, data, root),
        checked_labels(test_labels, len(test_images), data.classes, root, "test labels"),
    )


def parts(data: TorchvisionData, root: Path) -> tuple[tuple[Images, Labels], tuple[Images, Labels]]:
    """Images (N, H, W[, colours]) and labels of the training and the test part below ``root``, as they are.

    Raises:
        DataError: torchvision refuses the files.
    """
    _refuse_converted(data, root)
    try:
        return _part(data, root, train=True), _part(data, root, train=False)
    except _DAMAGE as error:
        raise file_error(
            root,
            f"the files of {data.source} are damaged: {error or type(error).__name__}",
            "they are as published",
            f"fetch them again with 'pkbench data get SPEC {data.id}'",
        ) from error


def open_part(data: TorchvisionData, root: Path, *, train: bool, download: bool) -> Any:
    """The object of torchvision that reads, and may ``download``, one part."""
    match data.source:
        case "torchvision:CIFAR10":
            return datasets.CIFAR10(root, train=train, download=download)
        case "torchvision:CIFAR100":
            return datasets.CIFAR100(root, train=train, download=download)
        case "torchvision:MNIST":
            return datasets.MNIST(root, train=train, download=download)
        case "torchvision:FashionMNIST":
            return datasets.FashionMNIST(root, train=train, download=download)
        case "torchvision:STL10":
            return datasets.STL10(root, split="train" if train else "test", download=download)
        case "torchvision:SVHN":
            return datasets.SVHN(root, split="train" if train else "test", download=download)


def _part(data: TorchvisionData, root: Path, *, train: bool) -> tuple[Images, Labels]:
    """Images with colours last, and labels, of one part."""
    part = open_part(data, root, train=train, download=False)
    images = np.asarray(part.data)
    if data.source in ("torchvision:STL10", "torchvision:SVHN"):
        return images.transpose(0, 2, 3, 1), np.asarray(part.labels, dtype=np.int64)
    return images, np.asarray(part.targets, dtype=np.int64)


def _images(images: Images, data: TorchvisionData, root: Path) -> Images:
    """``images`` checked and at the spec's shape."""
    checked = checked_images(images, data.shape, data.resize is not None, root, data.source)
    return resized(checked, data.shape, root)


def _refuse_converted(data: TorchvisionData, root: Path) -> None:
    """Refuse copies in torchvision's old format, which it prefers to the files the checksum is of."""
    converted = root / data.source.removeprefix("torchvision:") / "processed"
    if (converted / "training.pt").exists() and (converted / "test.pt").exists():
        raise file_error(
            converted,
            "holds a copy in an old format that torchvision would read instead of the original files",
            "only the original files are read",
            "remove this folder",
        )
