"""NumPy archives of mono recordings: all samples in one array, cut by offsets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from pkbench.data.archive import array, opened
from pkbench.data.faults import RowFaults, file_error
from pkbench.data.places import resolve_file
from pkbench.data.raw import RawImages, checked_labels
from pkbench.data.sound import encode
from pkbench.spec.data import AudioData


def read(data: AudioData, base: Path) -> RawImages:
    """Read the arrays that ``data`` names.

    Raises:
        DataError: the file is missing or no archive, a key is missing, or an array is not what the spec states.
    """
    file = resolve_file(data.path, base)
    with opened(file) as archive:
        samples = _samples(archive, file, data.samples)
        offsets = _offsets(archive, file, data.offsets, len(samples))
        count = len(offsets) - 1
        labels = checked_labels(array(archive, file, data.labels), count, data.classes, file, data.labels)
        is_test = None if data.test_count is not None else _is_test(archive, file, data.is_test, count)
    images = encode(_recordings(samples, offsets), count, data.sample_rate, data, file)
    if is_test is None:
        return RawImages(images, labels)
    return RawImages(images[~is_test], labels[~is_test], images[is_test], labels[is_test])


def _samples(archive: NpzFile, file: Path, key: str) -> NDArray[Any]:
    """All samples, (total,)."""
    samples = array(archive, file, key)
    if samples.ndim != 1 or samples.dtype.kind not in "if" or samples.dtype.itemsize > 8:
        raise file_error(
            file,
            f"{key} is {samples.dtype} of shape {samples.shape}",
            "samples are signed integers or floats, of at most 64 bits, of shape (total,)",
            f"store one channel of each recording, one after the other, in {key}",
        )
    if samples.dtype.kind == "f" and not np.isfinite(samples).all():
        position = int(np.flatnonzero(~np.isfinite(samples))[0])
        raise file_error(
            file, f"{key} has {samples[position]} at {position}", "samples are finite", "correct the recording"
        )
    return samples


def _offsets(archive: NpzFile, file: Path, key: str, total: int) -> NDArray[np.int64]:
    """Where each recording starts, and the last one ends, (N + 1,)."""
    values = array(archive, file, key)
    if values.ndim != 1 or values.dtype.kind not in "iu" or len(values) < 2:
        raise file_error(
            file,
            f"{key} is {values.dtype} of shape {values.shape}",
            "offsets are integers of shape (N + 1,)",
            f"store where each recording starts, and then the number of samples, as {key}",
        )
    if values[0] != 0 or values[-1] != total:
        raise file_error(
            file,
            f"{key} goes from {values[0]} to {values[-1]}",
            f"it goes from 0 to the number of samples, {total}",
            f"correct {key}, or get the file again",
        )
    faults = RowFaults(file, "recordings")
    for row in np.flatnonzero(values[1:] <= values[:-1]):
        faults.add(int(row), f"from sample {values[row]} to {values[row + 1]}")
    faults.check(len(values) - 1, f"{key} rises: a recording has at least one sample")
    return values.astype(np.int64)


def _is_test(archive: NpzFile, file: Path, key: str, count: int) -> NDArray[np.bool_]:
    """Which recordings are test recordings, (N,)."""
    values = array(archive, file, key)
    if values.dtype != np.bool_ or values.shape != (count,):
        raise file_error(
            file,
            f"{key} is {values.dtype} of shape {values.shape}",
            f"it is bool of shape ({count},)",
            f"store {key} as booleans, one a recording, or give test_count",
        )
    if values.all() or not values.any():
        raise file_error(
            file,
            f"{key} marks {'all' if values.any() else 'no'} recordings",
            "some are to train on and some to test on",
            f"correct {key}, or give test_count",
        )
    return values


def _recordings(samples: NDArray[Any], offsets: NDArray[np.int64]) -> Iterator[NDArray[np.float64]]:
    """Each recording; only one at a time is held in float64."""
    for start, end in pairwise(offsets):
        yield samples[start:end].astype(np.float64)
