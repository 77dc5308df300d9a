"""Inputs made in one pass against the operations one after another, to the last bit."""

import dataclasses
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from pkbench.data.augment import augment, crop, draw, flip
from pkbench.data.dataset import Dataset, Part
from pkbench.native import images as native
from pkbench.native.library import SOURCES, UnavailableError, library
from pkbench.spec.train import Augment
from tests.native.compiled import compiled

try:
    library()
except UnavailableError as error:
    pytest.skip(f"no native library here: {error}", allow_module_level=True)


def data_of(count: int, colours: int, height: int, width: int, seed: int = 0) -> Dataset:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (count, colours, height, width), generator=generator, dtype=torch.uint8)
    part = Part(images, torch.zeros(count, dtype=torch.int64))
    mean, std = torch.rand(2, colours, generator=generator).add(0.1).tolist()
    return Dataset(part, part, part, tuple(mean), tuple(std), 10)


def slow(data: Dataset, images: Tensor) -> Tensor:
    mean, std = (torch.tensor(numbers)[:, None, None] for numbers in (data.mean, data.std))
    return (images.float() / 255 - mean) / std


@pytest.fixture(scope="module", params=["", "-mno-avx512vbmi", "-mno-avx"], autouse=True)
def lesser_processor(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The C part as it is compiled for this processor and for lesser ones."""
    part = compiled(SOURCES / "images.c", tmp_path_factory.mktemp("images"), *request.param.split())
    part.pk_images.argtypes = library().pk_images.argtypes
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "library", lambda: part)
        yield


@given(
    colours=st.integers(1, 3),
    height=st.integers(1, 9),
    width=st.integers(1, 9) | st.integers(28, 36) | st.integers(60, 150),
    padding=st.integers(0, 12) | st.integers(60, 70),
    flips=st.booleans(),
    seed=st.integers(0, 99),
)
def test_windows_mirrors_and_numbers(
    colours: int, height: int, width: int, padding: int, flips: bool, seed: int
) -> None:
    data = data_of(7, colours, height, width, seed)
    spec = Augment(crop_padding=padding, flip=flips, policy="none")
    chosen = torch.randint(7, (5,), generator=torch.Generator().manual_seed(seed))
    drawn = draw(5, spec, torch.Generator().manual_seed(seed))
    images = data.train.images[chosen]
    if drawn.corners is not None:
        images = crop(images, padding, drawn.corners)
    if drawn.mirrored is not None:
        images = flip(images, drawn.mirrored)
    found = data.inputs_of(chosen, padding=padding, corners=drawn.corners, mirrored=drawn.mirrored)
    assert torch.equal(found, slow(data, images))
    assert torch.equal(found, slow(data, augment(data.train.images[chosen], spec, torch.Generator().manual_seed(seed))))


def test_whole_parts_are_the_same_with_and_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    data = data_of(20, 3, 5, 4)
    found = data.to_input(data.test.images)
    assert torch.equal(found, slow(data, data.test.images))
    assert torch.equal(data.to_input(data.test.images[3:7]), found[3:7])
    every_byte = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).repeat(1, 3, 1, 1)
    assert torch.equal(data.to_input(every_byte), slow(data, every_byte))
    monkeypatch.setattr(native, "available", lambda: False)
    assert torch.equal(data.to_input(data.test.images), found)


def test_what_it_is_not_for() -> None:
    images = data_of(2, 3, 4, 4).train.images
    assert native.usable(images)
    assert not native.usable(images.float())
    assert not native.usable(images[:, :, ::2])
    elsewhere = SimpleNamespace(device=SimpleNamespace(type="cuda"), dtype=torch.uint8, is_contiguous=lambda: True)
    assert not native.usable(elsewhere)  # type: ignore[arg-type]


def test_without_normalisation_and_with_one_mean_for_all() -> None:
    data = dataclasses.replace(data_of(3, 3, 2, 2), mean=(0.0,), std=(1.0,))
    assert torch.equal(data.to_input(data.train.images), data.train.images.float() / 255)
