import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pkbench.data.places import data_folder
from pkbench.data.sources import torchvision_sets
from pkbench.errors import DataError
from pkbench.spec.data import TORCHVISION_SHAPES
from tests.data.factory import data_of, pixels, write_idx, write_torchvision


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("reading data opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize("source", TORCHVISION_SHAPES)
def test_every_set_is_read_with_colours_last_and_labels_from_0(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_torchvision(source, data_folder(), monkeypatch)
    shape, classes = TORCHVISION_SHAPES[source]
    raw = torchvision_sets.read(data_of(source), tmp_path)
    assert raw.test_images is not None
    assert raw.test_labels is not None
    for images, labels in ((raw.train_images, raw.train_labels), (raw.test_images, raw.test_labels)):
        assert images.shape[1:] == shape
        assert images.dtype == np.uint8
        assert labels.dtype == np.int64
        assert len(images) == len(labels)
        assert sorted(set(labels.tolist())) == list(range(classes))
    assert len(raw.train_images) > len(raw.test_images)


@pytest.mark.parametrize("name", ["STL10", "SVHN", "MNIST"])
def test_pixels_are_where_they_belong(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_torchvision(f"torchvision:{name}", data_folder(), monkeypatch)
    shape = {"STL10": (96, 96, 3), "SVHN": (32, 32, 3), "MNIST": (28, 28)}[name]
    raw = torchvision_sets.read(data_of(f"torchvision:{name}"), tmp_path)
    assert np.array_equal(raw.train_images, pixels(20, shape, seed=20).reshape(raw.train_images.shape))
    expected = (np.arange(20) + (name == "SVHN")) % 10
    assert np.array_equal(raw.train_labels, expected)


def test_stl10_can_be_resized_to_cifars_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_torchvision("torchvision:STL10", data_folder(), monkeypatch)
    data = data_of("torchvision:STL10", shape=[32, 32, 3], resize="bilinear")
    assert torchvision_sets.read(data, tmp_path).train_images.shape == (20, 32, 32, 3)


@pytest.mark.parametrize("source", TORCHVISION_SHAPES)
def test_absent_files_are_an_error_and_nothing_is_downloaded(source: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="pkbench data get SPEC made"):
        torchvision_sets.read(data_of(source), tmp_path)


@pytest.mark.parametrize("source", TORCHVISION_SHAPES)
@pytest.mark.parametrize("damage", [lambda content: content[:-1], lambda _: b""], ids=["cut off", "empty"])
def test_damaged_files_are_an_error(damage: Any, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_torchvision(source, data_folder(), monkeypatch)
    from pkbench.data.layout import layout_of

    data = data_of(source)
    path = data_folder() / layout_of(data).content[0]  # type: ignore[arg-type]
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=r"are damaged: .*pkbench data get SPEC made"):
        torchvision_sets.read(data, tmp_path)


def test_labels_out_of_range_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_torchvision("torchvision:MNIST", data_folder(), monkeypatch)
    write_idx(data_folder() / "MNIST/raw/t10k-labels-idx1-ubyte", np.full(10, 12))
    with pytest.raises(DataError, match=r"10 of 10 images.*row 0: label 12"):
        torchvision_sets.read(data_of("torchvision:MNIST"), tmp_path)


def test_a_converted_copy_that_torchvision_would_prefer_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_torchvision("torchvision:MNIST", data_folder(), monkeypatch)
    folder = data_folder() / "MNIST" / "processed"
    folder.mkdir()
    for name in ("training.pt", "test.pt"):
        torch.save((torch.zeros(10, 28, 28, dtype=torch.uint8), torch.arange(10)), folder / name)
    with pytest.raises(DataError, match=r"processed: .*remove this folder"):
        torchvision_sets.read(data_of("torchvision:MNIST"), tmp_path)
