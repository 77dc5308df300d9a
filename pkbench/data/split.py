"""Deterministic, stratified splits: which images train, which choose the learning rate, which test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkbench.data.raw import Labels
from pkbench.errors import DataError
from pkbench.seeding import stream_seed

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Split:
    """Row numbers of each part, in random order, without repetition; together they are all rows."""

    train: Rows
    validation: Rows
    test: Rows


def split(labels: Labels, *, test_count: int, validation_count: int, split_seed: int, data_id: str) -> Split:
    """Cut ``test_count``, then ``validation_count`` rows out of a training part, each by class proportion.

    The test rows do not depend on ``validation_count``.

    Args:
        labels: (N,) class of each row.
        test_count: rows to cut as test part; 0 where the source has its own.
        validation_count: rows to cut as validation part; 0 for none.
        split_seed: names the random order.
        data_id: name of the data set, for the error.

    Raises:
        DataError: no row would be left to train on.
    """
    if test_count + validation_count >= len(labels):
        wanted = f"test_count = {test_count} and validation_count = {validation_count}" if test_count else ""
        raise DataError(
            f"data set {data_id}: {wanted or f'validation_count = {validation_count}'} leave no image to train on",
            constraint=f"its training part has {len(labels)} images",
            remedy="hold out fewer",
        )
    rest, test = _hold_out(random_order(len(labels), "test", split_seed), labels, test_count)
    shuffled = rest[random_order(len(rest), "validation", split_seed)]
    train, validation = _hold_out(shuffled, labels, validation_count)
    return Split(train, validation, test)


def random_order(count: int, purpose: str, split_seed: int) -> Rows:
    """A permutation of 0 … count-1 that is the same on every machine and with every NumPy.

    It sorts raw draws of PCG64, whose stream NumPy guarantees; that of ``Generator.permutation`` may change.
    """
    draws = np.random.PCG64(stream_seed("split", purpose, split_seed)).random_raw(count)
    return np.argsort(draws, kind="stable")


def shares(labels: Labels, count: int) -> Rows:
    """How many of ``count`` rows come from each class: its proportion, rounded by largest remainder.

    The result sums to ``count``; no class differs from its exact share by 1 or more. Of equal remainders
    the lower class is rounded up. Requires ``count <= len(labels)`` and a label.
    """
    sizes = np.bincount(labels).astype(np.int64)
    result, remainders = np.divmod(sizes * count, len(labels))
    largest_first = np.argsort(-remainders, kind="stable")
    result[largest_first[: count - result.sum()]] += 1
    return result


def _hold_out(rows: Rows, labels: Labels, count: int) -> tuple[Rows, Rows]:
    """Split ``rows`` into those that stay and ``count`` held out: the first of each class, in ``rows``' order."""
    own = labels[rows]
    by_class = np.argsort(own, kind="stable")
    sizes = np.bincount(own)
    first_of_class = np.repeat(np.cumsum(sizes) - sizes, sizes)
    place_in_class = np.empty(len(rows), dtype=np.int64)
    place_in_class[by_class] = np.arange(len(rows)) - first_of_class
    held_out = place_in_class < shares(own, count)[own]
    return rows[~held_out], rows[held_out]
