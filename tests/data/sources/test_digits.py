import gzip
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from pkbench.data.sources import digits
from pkbench.errors import DataError
from tests.data.factory import data_of


def test_images_and_labels_are_scikit_learns_and_can_be_had_back() -> None:
    raw = digits.read(data_of("digits"))
    original = load_digits()
    assert raw.train_images.shape == (1797, 8, 8, 1)
    assert raw.train_images.dtype == np.uint8
    assert raw.train_images.max() == 255
    assert np.array_equal(np.rint(raw.train_images[..., 0] / 255 * 16), original.images)
    assert np.array_equal(raw.train_labels, original.target)
    assert raw.test_images is None


def test_digits_can_be_resized() -> None:
    raw = digits.read(data_of("digits", shape=[12, 10, 1], resize="bilinear"))
    assert raw.train_images.shape == (1797, 12, 10, 1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"shape": [8, 8, 3]}, r"shape \(1797, 8, 8\)"),
        ({"shape": [9, 8, 1]}, "8 x 8; the spec states shape 9 x 8 x 1"),
        ({"classes": 9}, "label 9, .*; labels are 0 … 8"),
    ],
)
def test_a_spec_that_does_not_fit(fields: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        digits.read(data_of("digits", **fields))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip",
        gzip.compress(b"", mtime=0),
        gzip.compress(b"1,2,3\n", mtime=0),
        gzip.compress(b"a,b\n" * 9, mtime=0),
    ],
)
def test_a_damaged_file(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "digits.csv.gz").write_bytes(content)
    monkeypatch.setattr(digits, "digits_file", lambda: tmp_path / "digits.csv.gz")
    with pytest.raises(DataError, match=r"digits\.csv\.gz"):
        digits.read(data_of("digits"))
