from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from pkbench.data.dataset import Dataset, Part, load
from pkbench.data.places import data_folder
from pkbench.data.sources.table import read
from pkbench.data.split import split
from pkbench.errors import DataError
from tests.data.factory import (
    data_of,
    labels_of,
    pixels,
    write_folder,
    write_npz,
    write_parquet,
    write_torchvision,
)


def fingerprint(images: np.ndarray) -> list[bytes]:
    """The images as a multiset, whatever their order."""
    return sorted(image.tobytes() for image in images)


def channels_last(part: Part) -> np.ndarray:
    return part.images.permute(0, 2, 3, 1).numpy()


def test_digits_end_to_end() -> None:
    data = load(data_of("digits"), Path(), "cpu")
    assert [len(part) for part in (data.train, data.validation, data.test)] == [1257, 180, 360]
    for part in (data.train, data.validation, data.test):
        assert part.images.shape == (len(part), 1, 8, 8)
        assert part.images.dtype == torch.uint8
        assert part.images.is_contiguous()
        assert part.labels.dtype == torch.int64
        assert len(part.labels.unique()) == 10
    together = torch.cat([data.train.images, data.validation.images, data.test.images])
    assert fingerprint(together.numpy()) == fingerprint(np.rint(load_digits().images * 255 / 16).astype(np.uint8))
    assert data.classes == 10


def test_labels_stay_with_their_images() -> None:
    digits = load_digits()
    of_image: dict[bytes, set[int]] = {}
    for image, label in zip(np.rint(digits.images * 255 / 16).astype(np.uint8), digits.target, strict=True):
        of_image.setdefault(image.tobytes(), set()).add(int(label))
    data = load(data_of("digits"), Path(), "cpu")
    for part in (data.train, data.validation, data.test):
        for image, label in zip(part.images.numpy(), part.labels.tolist(), strict=True):
            assert label in of_image[image.tobytes()]


def test_a_data_set_is_frozen() -> None:
    data = load(data_of("digits"), Path(), "cpu")
    with pytest.raises(FrozenInstanceError):
        data.classes = 3  # type: ignore[misc]


@pytest.mark.parametrize("source", ["parquet", "npz", "imagefolder", "torchvision:SVHN"])
def test_every_kind_of_source_end_to_end(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_parquet(tmp_path / "train.parquet", pixels(30), labels_of(30))
    write_npz(tmp_path / "arrays.npz", 30, 6)
    write_folder(tmp_path / "train", pixels(30))
    write_torchvision(source, data_folder(), monkeypatch)
    spec = data_of(source)
    raw = read(spec, tmp_path)
    data = load(spec, tmp_path, "cpu")
    if raw.test_images is None:
        assert len(data.test) == 2
        together = np.concatenate([channels_last(part) for part in (data.train, data.validation, data.test)])
    else:
        assert fingerprint(channels_last(data.test)) == fingerprint(raw.test_images)
        together = np.concatenate([channels_last(part) for part in (data.train, data.validation)])
    assert fingerprint(together) == fingerprint(raw.train_images)
    assert len(data.validation) == 2


def test_loading_twice_gives_the_same_and_another_split_seed_another_order(tmp_path: Path) -> None:
    write_npz(tmp_path / "arrays.npz", 60, 30)
    first, again, other = (load(data_of("npz", split_seed=seed), tmp_path, "cpu") for seed in (0, 0, 1))
    for name in ("train", "validation", "test"):
        assert torch.equal(getattr(first, name).images, getattr(again, name).images)
        assert torch.equal(getattr(first, name).labels, getattr(again, name).labels)
    assert not torch.equal(first.train.images, other.train.images)


def test_a_test_part_sorted_by_class_is_shuffled(tmp_path: Path) -> None:
    write_npz(tmp_path / "arrays.npz", 60, 60)
    labels = load(data_of("npz"), tmp_path, "cpu").test.labels
    assert labels.bincount().tolist() == [20, 20, 20]
    assert (labels.diff() != 0).sum() > 20


def test_without_validation_that_part_is_empty(tmp_path: Path) -> None:
    write_npz(tmp_path / "arrays.npz")
    data = load(data_of("npz", validation_count=0), tmp_path, "cpu")
    assert data.validation.images.shape == (0, 3, 6, 4)
    assert data.validation.labels.shape == (0,)
    assert len(data.train) == 12


def test_statistics_are_of_the_training_part_only(tmp_path: Path) -> None:
    write_npz(tmp_path / "arrays.npz", 30, 6)
    spec = data_of("npz", validation_count=9)
    raw = read(spec, tmp_path)
    rows = split(raw.train_labels, test_count=0, validation_count=9, split_seed=0, data_id="made")
    data = load(spec, tmp_path, "cpu")
    scaled = raw.train_images[rows.train].astype(np.float64) / 255
    np.testing.assert_allclose(data.mean, scaled.mean(axis=(0, 1, 2)), rtol=1e-13)
    np.testing.assert_allclose(data.std, scaled.std(axis=(0, 1, 2)), rtol=1e-13)
    whole = raw.train_images.astype(np.float64) / 255
    assert abs(data.mean[0] - whole.mean(axis=(0, 1, 2))[0]) > 1e-4


def test_input_is_normalised_by_them(tmp_path: Path) -> None:
    write_npz(tmp_path / "arrays.npz", 30, 6)
    data = load(data_of("npz"), tmp_path, "cpu")
    before = data.train.images.clone()
    result = data.to_input(data.train.images)
    assert result.dtype == torch.float32
    torch.testing.assert_close(result.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-6, rtol=0)
    torch.testing.assert_close(result.std(dim=(0, 2, 3), correction=0), torch.ones(3))
    assert torch.equal(data.train.images, before)


def test_without_normalisation_input_is_0_to_1(tmp_path: Path) -> None:
    write_npz(tmp_path / "arrays.npz")
    data = load(data_of("npz", normalize="none"), tmp_path, "cpu")
    assert (data.mean, data.std) == ((0.0,) * 3, (1.0,) * 3)
    assert torch.equal(data.to_input(data.train.images), data.train.images.float() / 255)


def test_a_constant_colour_is_only_centred(tmp_path: Path) -> None:
    images = pixels(12)
    images[..., 1] = 51
    write_npz(tmp_path / "arrays.npz", x_train=images)
    data = load(data_of("npz"), tmp_path, "cpu")
    assert data.mean[1] == 0.2
    assert data.std[1] == 1.0
    assert data.to_input(data.train.images)[:, 1].abs().max() < 1e-7


def test_input_made_first_in_an_evaluation_can_be_made_again_in_training(tmp_path: Path) -> None:
    write_npz(tmp_path / "arrays.npz")
    data = load(data_of("npz"), tmp_path, "cpu")
    with torch.inference_mode():
        first = data.to_input(data.test.images)
    weight = torch.ones(3, 1, 1, requires_grad=True)
    (data.to_input(data.test.images) * weight).sum().backward()
    assert weight.grad is not None
    assert torch.equal(first, data.to_input(data.test.images))


def test_a_data_set_can_be_made_of_its_fields() -> None:
    part = Part(torch.zeros(2, 1, 4, 4, dtype=torch.uint8), torch.tensor([0, 1]))
    data = Dataset(part, part, part, (0.5,), (0.25,), 2)
    assert torch.equal(data.to_input(part.images), torch.full((2, 1, 4, 4), -2.0))


def test_counts_that_leave_nothing_to_train_on_are_an_error(tmp_path: Path) -> None:
    write_npz(tmp_path / "arrays.npz")
    with pytest.raises(DataError, match=r"data set made: validation_count = 12 leave no image"):
        load(data_of("npz", validation_count=12), tmp_path, "cpu")


def test_a_device_that_is_too_small_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB")

    write_npz(tmp_path / "arrays.npz")
    monkeypatch.setattr("pkbench.data.dataset._part", full)
    with pytest.raises(DataError, match="data set made does not fit into the memory of cpu"):
        load(data_of("npz"), tmp_path, "cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_everything_lies_there(tmp_path: Path) -> None:
    write_npz(tmp_path / "arrays.npz")
    data = load(data_of("npz"), tmp_path, "cuda")
    assert data.train.images.is_cuda
    assert data.test.labels.is_cuda
    assert data.to_input(data.train.images).is_cuda
