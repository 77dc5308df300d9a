from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pkbench.data.sources import npz
from pkbench.errors import DataError
from tests.data.factory import data_of, labels_of, pixels, write_npz


def test_both_parts_are_read_as_they_are(tmp_path: Path) -> None:
    write_npz(tmp_path / "arrays.npz")
    raw = npz.read(data_of("npz"), tmp_path)
    assert np.array_equal(raw.train_images, pixels(12))
    assert np.array_equal(raw.train_labels, labels_of(12))
    assert raw.test_images is not None
    assert np.array_equal(raw.test_images, pixels(6, seed=1))
    assert np.array_equal(raw.test_labels, labels_of(6))


def test_with_a_test_count_the_test_arrays_are_not_looked_up(tmp_path: Path) -> None:
    write_npz(tmp_path / "arrays.npz", x_test=None, y_test=None)
    assert npz.read(data_of("npz", test_count=3), tmp_path).test_images is None


def test_keys_are_the_specs(tmp_path: Path) -> None:
    write_npz(tmp_path / "arrays.npz", a=pixels(4, seed=5), b=np.array([0, 1, 2, 0], np.uint8))
    raw = npz.read(data_of("npz", train_images="a", train_labels="b", test_count=1), tmp_path)
    assert np.array_equal(raw.train_images, pixels(4, seed=5))


def test_grey_arrays_without_a_colour_axis_and_resizing(tmp_path: Path) -> None:
    write_npz(tmp_path / "arrays.npz", x_train=pixels(12, (6, 4)), x_test=pixels(6, (6, 4)))
    assert npz.read(data_of("npz", shape=[6, 4, 1]), tmp_path).train_images.shape == (12, 6, 4, 1)
    resized = npz.read(data_of("npz", shape=[9, 9, 1], resize="bilinear"), tmp_path)
    assert resized.train_images.shape == (12, 9, 9, 1)
    with pytest.raises(DataError, match="x_train has shape"):
        npz.read(data_of("npz", shape=[6, 4, 3]), tmp_path)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x_train": None, "X_train": pixels(2)}, "no array 'x_train'.*did you mean 'X_train'"),
        ({"y_test": None}, "no array 'y_test'.*there are 'x_test', 'x_train', 'y_train'"),
        ({"x_train": pixels(12).astype(np.float64) / 255}, "x_train is float64"),
        ({"x_test": pixels(6).transpose(0, 3, 1, 2)}, "x_test has shape"),
        ({"y_train": labels_of(11)}, "y_train has 11 labels; there are 12 images"),
        ({"y_train": labels_of(12) + 1}, "count from 1"),
        ({"y_train": np.array([None] * 12)}, "y_train cannot be read: it holds Python objects"),
        ({"y_train": np.array(["a"] * 12)}, "y_train is <U1"),
    ],
)
def test_faulty_arrays(arrays: dict[str, Any], message: str, tmp_path: Path) -> None:
    write_npz(tmp_path / "arrays.npz", **arrays)
    with pytest.raises(DataError, match=rf"arrays\.npz: .*{message}"):
        npz.read(data_of("npz"), tmp_path)


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    marker = tmp_path / "run"

    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (marker,)

    trap = np.array([Trap()], dtype=object)
    write_npz(tmp_path / "arrays.npz", x_train=trap)
    np.save(tmp_path / "single.npy", trap, allow_pickle=True)
    (tmp_path / "bare.npz").write_bytes((tmp_path / "single.npy").read_bytes()[128:])
    for path in ("arrays.npz", "single.npy", "bare.npz"):
        with pytest.raises(DataError):
            npz.read(data_of("npz", path=path), tmp_path)
    assert not marker.exists()


def whole(folder: Path) -> bytes:
    return write_npz(folder / "whole.npz").read_bytes()


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"x_train,y_train\n",
        lambda content: content[: len(content) // 2],
        lambda content: content[:200] + bytes(100) + content[300:],
        lambda content: content.replace(b"(12, 6, 4, 3)", b"(99, 6, 4, 3)"),
        lambda _: b"PK\x03\x04" + bytes(60),
    ],
    ids=["empty", "text", "cut off", "zeros inside", "lies about its size", "zip header only"],
)
def test_damaged_files(damage: Any, tmp_path: Path) -> None:
    (tmp_path / "arrays.npz").write_bytes(damage(whole(tmp_path)))
    with pytest.raises(DataError, match=r"arrays\.npz: .*(is not a NumPy archive|cannot be read)"):
        npz.read(data_of("npz"), tmp_path)


def test_a_single_array_is_no_archive(tmp_path: Path) -> None:
    np.save(tmp_path / "single.npy", pixels(2))
    with pytest.raises(DataError, match="single array"):
        npz.read(data_of("npz", path="single.npy"), tmp_path)
