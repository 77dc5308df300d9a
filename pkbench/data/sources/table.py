"""Which source reads what."""

from __future__ import annotations

from pathlib import Path

from pkbench.data.raw import RawImages, check_classes
from pkbench.errors import DataError
from pkbench.spec.data import DigitsData, ImageFolderData, NpzData, ParquetData, TorchvisionData
from pkbench.spec.scale import AnyData


def read(data: AnyData, base: Path) -> RawImages:
    """All images and labels of ``data``, checked against what its spec states, not yet split.

    Args:
        data: the data set.
        base: folder of the spec, where relative paths begin.

    Raises:
        DataError: it is missing, damaged or not what the spec states.
    """
    raw = _read(data, base)
    check_classes(raw.train_labels, data.classes, data.id)
    return raw


def _read(data: AnyData, base: Path) -> RawImages:
    """Hand ``data`` to its source; each is imported only when used, because each brings a large library."""
    match data:
        case DigitsData():
            from pkbench.data.sources import digits

            return digits.read(data)
        case TorchvisionData():
            from pkbench.data.sources import torchvision_sets

            return torchvision_sets.read(data, base)
        case NpzData():
            from pkbench.data.sources import npz

            return npz.read(data, base)
        case ParquetData():
            _check_test_part(data)
            from pkbench.data.sources import parquet

            return parquet.read(data, base)
        case ImageFolderData():
            _check_test_part(data)
            from pkbench.data.sources import imagefolder

            return imagefolder.read(data, base)


def _check_test_part(data: ParquetData | ImageFolderData) -> None:
    """Check that the spec says in exactly one way where test images come from, and that images can be decoded."""
    if (data.test_path is None) == (data.test_count is None):
        raise DataError(
            f"data set {data.id} has {'neither test_path nor' if data.test_path is None else 'both test_path and'} test_count",
            constraint="test images come from a place of their own or out of the training part",
            remedy="give exactly one of the two",
        )
    if data.shape[2] not in (1, 3):
        raise DataError(
            f"data set {data.id}: shape states {data.shape[2]} colours",
            constraint="encoded images have 1 (grey) or 3 (RGB)",
            remedy="correct shape in the spec",
        )
