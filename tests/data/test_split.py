from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkbench.data.split import Split, random_order, shares, split
from pkbench.errors import DataError

PINNED = [2, 5, 8, 9, 10, 1, 3, 4, 11, 0, 6, 7]

label_lists = st.lists(st.integers(0, 6), min_size=1, max_size=200)


def cut(labels: np.ndarray, test: int, validation: int, seed: int = 0) -> Split:
    return split(labels, test_count=test, validation_count=validation, split_seed=seed, data_id="made")


@given(st.data(), label_lists, st.integers(0, 2**31 - 1))
def test_parts_are_a_partition_with_exact_counts_and_proportions(
    data: st.DataObject, labels: list[int], seed: int
) -> None:
    values = np.array(labels)
    test = data.draw(st.integers(0, len(labels) - 1))
    validation = data.draw(st.integers(0, len(labels) - 1 - test))
    parts = cut(values, test, validation, seed)
    assert (len(parts.test), len(parts.validation)) == (test, validation)
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(together.tolist()) == list(range(len(labels)))
    assert in_proportion(values, values[parts.test])
    rest = np.concatenate([parts.train, parts.validation])
    assert in_proportion(values[rest], values[parts.validation])


def in_proportion(whole: np.ndarray, part: np.ndarray) -> bool:
    """No class is one image or more away from its exact share."""
    return all(
        abs(int((part == label).sum()) - Fraction(int((whole == label).sum()) * len(part), len(whole))) < 1
        for label in np.unique(whole)
    )


@given(st.data(), label_lists)
def test_shares_sum_to_the_count(data: st.DataObject, labels: list[int]) -> None:
    count = data.draw(st.integers(0, len(labels)))
    assert shares(np.array(labels), count).sum() == count


def test_shares_by_largest_remainder() -> None:
    labels = np.repeat([0, 1, 2], [5, 3, 2])
    # 4/10 of each: 2.0, 1.2, 0.8.
    assert shares(labels, 4).tolist() == [2, 1, 1]
    # Halves: 2.5, 1.5, 1.0; the lower class of the equal remainders is rounded up.
    assert shares(labels, 5).tolist() == [3, 1, 1]


def test_the_split_depends_on_the_seed_alone() -> None:
    labels = np.repeat(np.arange(10), 30)
    first, again, other = cut(labels, 50, 20, 1), cut(labels, 50, 20, 1), cut(labels, 50, 20, 2)
    for name in ("train", "validation", "test"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
        assert not np.array_equal(getattr(first, name), getattr(other, name))


def test_the_test_part_does_not_depend_on_the_validation_count() -> None:
    labels = np.repeat(np.arange(10), 30)
    assert np.array_equal(cut(labels, 50, 0).test, cut(labels, 50, 100).test)


def test_parts_are_shuffled_where_the_rows_are_sorted_by_class() -> None:
    labels = np.repeat(np.arange(10), 100)
    parts = cut(labels, 200, 200)
    for part in (parts.train, parts.validation, parts.test):
        # Sorted labels change class 9 times; shuffled ones nearly always.
        assert (np.diff(labels[part]) != 0).sum() > 0.7 * len(part)


def test_the_split_is_pinned() -> None:
    """A split that changes with a library would change every result under the same run id."""
    assert random_order(12, "test", 0).tolist() == PINNED
    assert random_order(12, "validation", 0).tolist() != PINNED
    parts = cut(np.arange(20) % 3, 4, 3)
    assert parts.test.tolist() == [2, 13, 15, 9]
    assert parts.validation.tolist() == [11, 16, 3]
    assert parts.train.tolist() == [8, 10, 7, 18, 4, 17, 6, 0, 19, 5, 1, 12, 14]


@pytest.mark.parametrize(("test", "validation"), [(10, 0), (0, 10), (5, 5), (1, 100)])
def test_nothing_left_to_train_on_is_an_error(test: int, validation: int) -> None:
    with pytest.raises(DataError, match=r"data set made: .*leave no image to train on; .*has 10 images"):
        cut(np.zeros(10, int), test, validation)


def test_one_image_left_is_enough() -> None:
    assert len(cut(np.zeros(10, int), 4, 5).train) == 1
