"""How many images a data set has, from metadata, or from counting lines: for estimates, before anything is loaded."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from pkbench.data.listing import image_files
from pkbench.data.outside import outside_counts
from pkbench.data.places import resolve_file, resolve_folder
from pkbench.errors import DataError
from pkbench.spec.data import (
    AnyData,
    AudioData,
    DigitsData,
    ImageFolderData,
    NpzData,
    ParquetData,
    QuestionsData,
    TextData,
    TonesData,
    TorchvisionData,
)
from pkbench.spec.extension import ExtensionData

_TORCHVISION_COUNTS = {
    "torchvision:CIFAR10": (50_000, 10_000),
    "torchvision:CIFAR100": (50_000, 10_000),
    "torchvision:STL10": (5_000, 8_000),
    "torchvision:MNIST": (60_000, 10_000),
    "torchvision:FashionMNIST": (60_000, 10_000),
    "torchvision:SVHN": (73_257, 26_032),
}
_DIGITS_COUNT = 1_797
_PIECE = 2**20
"""Bytes of a text file that are held at a time: it may be one single line."""


def image_counts(data: AnyData, base: Path) -> tuple[int, int] | None:
    """``(training, validation plus test)`` images of ``data`` after its splits; ``None`` where nothing tells."""
    try:
        raw = _raw_counts(data, base)
    except (DataError, OSError, ValueError, KeyError):
        return None
    train, test = raw
    cut = getattr(data, "test_count", None) or 0
    held_out = data.validation_count + cut
    return max(1, train - held_out), test + held_out


def _raw_counts(data: AnyData, base: Path) -> tuple[int, int]:
    """Images in the source's own training and test part."""
    match data:
        case DigitsData():
            return _DIGITS_COUNT, 0
        case TorchvisionData():
            return _TORCHVISION_COUNTS[data.source]
        case QuestionsData() | TonesData():
            return data.count, 0
        case ExtensionData():
            return outside_counts(data, base)
        case _:
            return _counted(data, base)


def _counted(data: NpzData | AudioData | ParquetData | ImageFolderData | TextData, base: Path) -> tuple[int, int]:
    """The same for a source whose files tell."""
    match data:
        case NpzData():
            path = resolve_file(data.path, base)
            test = 0 if data.test_count is not None else _npz_rows(path, data.test_labels)
            return _npz_rows(path, data.train_labels), test
        case AudioData():
            path = resolve_file(data.path, base)
            test = 0 if data.test_count is not None else _marked(path, data.is_test)
            return _npz_rows(path, data.labels) - test, test
        case ParquetData():
            return _both(lambda path: _parquet_rows(resolve_file(path, base)), data)
        case ImageFolderData():
            return _both(lambda path: len(image_files(resolve_folder(path, base)).names), data)
        case TextData():
            header = data.format == "tsv" and data.header
            return _both(lambda path: _lines(resolve_file(path, base)) - header, data)


def _both(count: Callable[[str], int], data: ParquetData | ImageFolderData | TextData) -> tuple[int, int]:
    """What ``count`` says of the paths of the training and, where there is one, the test part."""
    test = 0 if data.test_path is None else count(data.test_path)
    return count(data.train_path), test


def _lines(path: Path) -> int:
    """Lines of a text file that are not blank: it is read, but neither decoded nor split into words nor held whole."""
    count, begun = 0, False
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            first, *rest = piece.split(b"\n")
            begun = begun or bool(first.strip())
            if rest:
                count += begun + sum(bool(line.strip()) for line in rest[:-1])
                begun = bool(rest[-1].strip())
    return count + begun


def _marked(path: Path, key: str) -> int:
    """How many entries of the boolean array ``key`` are true: the one array that has to be read."""
    from pkbench.data.archive import array, opened

    with opened(path) as archive:
        return int(array(archive, path, key).astype(bool).sum())


def _parquet_rows(path: Path) -> int:
    from pyarrow import ArrowException
    from pyarrow.parquet import read_metadata

    try:
        return int(read_metadata(path).num_rows)
    except ArrowException as error:
        raise ValueError(str(error)) from error


def _npz_rows(path: Path, key: str) -> int:
    """Length of the array ``key``, from its header."""
    from pkbench.data.archive import DAMAGE, header

    try:
        with zipfile.ZipFile(path) as archive:
            shape, _ = header(archive, key)
            return int(shape[0])
    except (*DAMAGE, IndexError) as error:
        raise ValueError(str(error)) from error
