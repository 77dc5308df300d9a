from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest

from pkbench.data.raw import check_classes, checked_images, checked_labels, empty_images
from pkbench.errors import DataError

FILE = Path("a.npz")
SHAPE = (6, 4, 3)


def zeros(*shape: int, dtype: Any = np.uint8) -> np.ndarray:
    return np.zeros(shape, dtype)


def test_images_pass_unchanged_and_one_colour_may_be_left_out() -> None:
    images = zeros(5, 6, 4, 3)
    assert checked_images(images, SHAPE, False, FILE, "x") is images
    assert checked_images(zeros(5, 6, 4), (6, 4, 1), False, FILE, "x").shape == (5, 6, 4, 1)
    assert checked_images(zeros(5, 9, 9, 3), SHAPE, True, FILE, "x").shape == (5, 9, 9, 3)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (zeros(5, 6, 4, 3, dtype=np.float32), r"x is float32; images are uint8.*scale x to 0 … 255"),
        (zeros(5, 3, 6, 4), r"shape \(5, 3, 6, 4\).*\(N, 6, 4, 3\).*transpose\(0, 2, 3, 1\)"),
        (zeros(5, 6, 4), r"shape \(5, 6, 4\).*correct the array"),
        (zeros(5, 6, 4, 1), "correct the array"),
        (zeros(5, 72), r"shape \(5, 72\)"),
        (zeros(0, 6, 4, 3), r"shape \(0, 6, 4, 3\); it holds images"),
        (zeros(5, 4, 6, 3), r"images of 4 x 6; the spec states shape 6 x 4 x 3; .*resize"),
    ],
)
def test_faulty_images(images: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=f"^a.npz: .*{message}"):
        checked_images(images, SHAPE, False, FILE, "x")


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, ">i4", np.uint64, np.int64])
def test_labels_of_any_integer_type_become_int64(dtype: Any) -> None:
    labels = checked_labels(np.array([0, 2, 1], dtype), 3, 3, FILE, "y")
    assert labels.dtype == np.int64
    assert labels.tolist() == [0, 2, 1]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1, 2, 3], "1 of 4 images.*row 3: label 3; labels are 0 … 2; correct them, or classes"),
        ([0, -1, 2, -7], "2 of 4 images.*row 1: label -1, row 3: label -7"),
        ([3, 1, 2, 3], "labels seem to count from 1: subtract 1"),
        (np.array([0, 1, 2, 2**64 - 1], np.uint64), "row 3: label 18446744073709551615"),
        ([0.0, 1.0, 2.0, 0.5], "y is float64; labels are integers"),
        ([True, False, True, False], "y is bool; labels are integers"),
        (["a", "b", "c", "d"], "y is <U1"),
        ([0, 1, 2], "has 3 labels; there are 4 images"),
        ([[0], [1], [2], [0]], r"shape \(4, 1\).*reshape\(-1\)"),
        (np.eye(4, 3, dtype=int), r"shape \(4, 3\).*argmax\(1\)"),
        (0, r"shape \(\)"),
    ],
)
def test_faulty_labels(labels: Any, message: str) -> None:
    with pytest.raises(DataError, match=f"^a.npz: .*{message}"):
        checked_labels(np.asarray(labels), 4, 3, FILE, "y")


def test_every_class_needs_a_training_image() -> None:
    check_classes(np.array([0, 1, 2]), 3, "made")
    with pytest.raises(DataError, match=r"data set made: 2 of 5 classes .*\(labels 1, 4\).*highest label is 3"):
        check_classes(np.array([0, 2, 3, 3]), 5, "made")


def test_no_images_and_too_many_images_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    assert empty_images(2, SHAPE, FILE).shape == (2, 6, 4, 3)
    with pytest.raises(DataError, match="holds no images"):
        empty_images(0, SHAPE, FILE)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=2 * 100 * 72 - 1))
    assert len(empty_images(99, SHAPE, FILE)) == 99
    with pytest.raises(DataError, match=r"100 images of 6 x 4 x 3 need 0\.0 GiB"):
        empty_images(100, SHAPE, FILE)
