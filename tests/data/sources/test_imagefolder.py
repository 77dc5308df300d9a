from pathlib import Path

import numpy as np
import pytest

from pkbench.data.sources import imagefolder
from pkbench.errors import DataError
from tests.data.factory import SHAPE, data_of, encoded, pixels, write_folder


def test_images_are_read_with_the_number_of_their_class(tmp_path: Path) -> None:
    images = pixels(7)
    write_folder(tmp_path / "train", images)
    raw = imagefolder.read(data_of("imagefolder"), tmp_path)
    order = [0, 3, 6, 1, 4, 2, 5]
    assert np.array_equal(raw.train_images, images[order])
    assert raw.train_labels.tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert raw.test_images is None


def test_a_test_folder_is_read(tmp_path: Path) -> None:
    write_folder(tmp_path / "train", pixels(6))
    write_folder(tmp_path / "test", pixels(3, seed=1))
    raw = imagefolder.read(data_of("imagefolder", test_path="test", test_count=None), tmp_path)
    assert raw.test_images is not None
    assert np.array_equal(raw.test_images, pixels(3, seed=1))


def test_images_of_many_sizes_are_resized(tmp_path: Path) -> None:
    write_folder(tmp_path / "train", pixels(3))
    (tmp_path / "train/ant/large.png").write_bytes(encoded(pixels(1, (20, 30, 3))[0]))
    (tmp_path / "train/ant/grey.JPG").write_bytes(encoded(pixels(1, (20, 30))[0], "JPEG"))
    raw = imagefolder.read(data_of("imagefolder", resize="bilinear"), tmp_path)
    assert raw.train_images.shape == (5, *SHAPE)


def test_faulty_images_are_named(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "train", pixels(6))
    (root / "ant/000.png").write_bytes(b"")
    (root / "cow/005.png").write_bytes(encoded(pixels(1, (9, 9, 3))[0]))
    with pytest.raises(DataError) as caught:
        imagefolder.read(data_of("imagefolder"), tmp_path)
    assert "2 of 6 images cannot be used: ant/000.png: not an image" in caught.value.message
    assert "cow/005.png: 9 x 9 pixels" in caught.value.message
    assert 'resize = "bilinear"' in caught.value.message


def test_class_folders_have_to_fit_the_spec_and_each_other(tmp_path: Path) -> None:
    write_folder(tmp_path / "train", pixels(6))
    with pytest.raises(DataError, match=r"has 3 class folders \(ant, bee, cow\); the spec states classes = 4"):
        imagefolder.read(data_of("imagefolder", classes=4), tmp_path)
    write_folder(tmp_path / "test", pixels(6), ("ant", "bee", "dog"))
    with pytest.raises(DataError, match=r"has other class folders than .*: cow, dog"):
        imagefolder.read(data_of("imagefolder", test_path="test", test_count=None), tmp_path)
