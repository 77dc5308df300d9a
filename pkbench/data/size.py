"""How many images a data set has, read from metadata only: for estimates, before anything is loaded."""

from __future__ import annotations

import zipfile
from pathlib import Path

from pkbench.data.listing import image_files
from pkbench.data.places import resolve
from pkbench.errors import DataError
from pkbench.spec.data import DigitsData, ImageFolderData, NpzData, ParquetData
from pkbench.spec.scale import AnyData

_TORCHVISION_COUNTS = {
    "torchvision:CIFAR10": (50_000, 10_000),
    "torchvision:CIFAR100": (50_000, 10_000),
    "torchvision:STL10": (5_000, 8_000),
    "torchvision:MNIST": (60_000, 10_000),
    "torchvision:FashionMNIST": (60_000, 10_000),
    "torchvision:SVHN": (73_257, 26_032),
}
_DIGITS_COUNT = 1_797


def image_counts(data: AnyData, base: Path) -> tuple[int, int] | None:
    """``(training, validation plus test)`` images of ``data`` after its splits; ``None`` where nothing tells."""
    try:
        raw = _raw_counts(data, base)
    except (DataError, OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None
    train, test = raw
    cut = getattr(data, "test_count", None) or 0
    held_out = data.validation_count + cut
    return max(1, train - held_out), test + held_out


def _raw_counts(data: AnyData, base: Path) -> tuple[int, int]:
    """Images in the source's own training and test part."""
    if isinstance(data, DigitsData):
        return _DIGITS_COUNT, 0
    if isinstance(data, ParquetData):
        test = 0 if data.test_path is None else _parquet_rows(resolve(data.test_path, base))
        return _parquet_rows(resolve(data.train_path, base)), test
    if isinstance(data, ImageFolderData):
        test = 0 if data.test_path is None else len(image_files(resolve(data.test_path, base)).names)
        return len(image_files(resolve(data.train_path, base)).names), test
    if isinstance(data, NpzData):
        path = resolve(data.path, base)
        test = 0 if data.test_count is not None else _npz_rows(path, data.test_labels)
        return _npz_rows(path, data.train_labels), test
    return _TORCHVISION_COUNTS[data.source]


def _parquet_rows(path: Path) -> int:
    from pyarrow import ArrowException
    from pyarrow.parquet import read_metadata

    try:
        return int(read_metadata(path).num_rows)
    except ArrowException as error:
        raise ValueError(str(error)) from error


def _npz_rows(path: Path, key: str) -> int:
    """Length of the array ``key``, from its header."""
    from numpy.lib import format as npy

    with zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as file:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, _ = read(file)
    return int(shape[0])
