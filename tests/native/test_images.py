"""Inputs made in one pass against the operations one after another, to the last bit."""

import ctypes
import dataclasses
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from pkbench.data import autoaugment
from pkbench.data.augment import augment, crop, draw, flip
from pkbench.data.dataset import Dataset, Part
from pkbench.native import images as native
from pkbench.native.library import SOURCES, UnavailableError, library
from pkbench.spec.train import Augment
from tests.data.test_autoaugment import varied
from tests.native.compiled import compiled

try:
    library()
except UnavailableError as error:
    pytest.skip(f"no native library here: {error}", allow_module_level=True)

LINES = """
#include "images.h"
#include "vectors.h"
#define PUBLIC __attribute__((visibility("default")))
PUBLIC int lanes(void) { return LANES; }
PUBLIC int64_t room(int64_t pixels) { return pk_lines_room(pixels); }
PUBLIC int lines(int rounds, const Pictures *from, int64_t first, int64_t count, int64_t width, uint8_t *room, void *to) {
    if (rounds) return (int)pk_half_lines(from, first, count, width, room, to);
    pk_lines(from, first, count, width, room, to);
    return 1;
}
"""


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
    folder = tmp_path_factory.mktemp("images")
    (folder / "lines.c").write_text(LINES, encoding="utf-8")
    sources = [folder / "lines.c", SOURCES / "images.c", SOURCES / "policy.c"]
    part = compiled(sources, folder, *request.param.split())
    part.lines.argtypes = (ctypes.c_int, ctypes.c_void_p, *[ctypes.c_int64] * 3, *[ctypes.c_void_p] * 2)
    part.room.argtypes, part.room.restype = (ctypes.c_int64,), ctypes.c_int64
    part.pk_images.argtypes = library().pk_images.argtypes
    part.pk_images.restype = library().pk_images.restype
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
    found = data.pictures(chosen, padding=padding, corners=drawn.corners, mirrored=drawn.mirrored).inputs()
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


def with_images(images: Tensor) -> Dataset:
    part = Part(images, torch.zeros(len(images), dtype=torch.int64))
    colours = images.shape[1]
    return Dataset(part, part, part, (0.4,) * colours, (0.3,) * colours, 10)


@pytest.mark.parametrize("size", [(32, 32), (28, 20), (40, 33), (3, 3), (2, 70), (1, 1)])
@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("positive", [False, True])
def test_every_operation_of_the_policy_alone(size: tuple[int, int], colours: int, positive: bool) -> None:
    images = varied(10, colours, *size)
    data = with_images(images)
    for number, pair in enumerate(autoaugment.SUB_POLICIES):
        for turn in range(2):
            chances = torch.full((10, 2), 2.0)
            chances[:, turn] = 0.0
            draws = autoaugment.Draws(torch.full((10,), number), chances, torch.full((10, 2), positive))
            found = data.pictures(torch.arange(10), policy=autoaugment.in_one_pass(draws, images.shape)).inputs()
            assert torch.equal(found, slow(data, autoaugment.autoaugment(images, draws))), pair[turn]


@given(
    colours=st.sampled_from([1, 3]),
    height=st.integers(1, 40),
    width=st.integers(1, 40) | st.just(32),
    padding=st.integers(0, 5),
    flips=st.booleans(),
    seed=st.integers(0, 999),
)
def test_the_policy_after_windows_and_mirrors(
    colours: int, height: int, width: int, padding: int, flips: bool, seed: int
) -> None:
    images = varied(40, colours, height, width)
    data = with_images(images)
    spec = Augment(crop_padding=padding, flip=flips, policy="autoaugment-cifar10")
    chosen = torch.randint(40, (30,), generator=torch.Generator().manual_seed(seed))
    drawn = draw(30, spec, torch.Generator().manual_seed(seed))
    assert drawn.policy is not None
    found = data.pictures(
        chosen,
        padding=padding,
        corners=drawn.corners,
        mirrored=drawn.mirrored,
        policy=autoaugment.in_one_pass(autoaugment.Draws(*drawn.policy), images.shape),
    ).inputs()
    assert torch.equal(found, slow(data, augment(images[chosen], spec, torch.Generator().manual_seed(seed))))


def test_the_largest_images_of_which_sums_are_exact() -> None:
    assert native.changes_exactly(torch.empty(1, 3, 256, 257, device="meta"))
    assert not native.changes_exactly(torch.empty(1, 3, 257, 257, device="meta"))
    images = torch.full((1, 3, 256, 256), 255, dtype=torch.uint8)
    images[:, :, ::2] = 254
    data = with_images(images)
    contrast = next(number for number, pair in enumerate(autoaugment.SUB_POLICIES) if pair[0].operation == "Contrast")
    draws = autoaugment.Draws(torch.tensor([contrast]), torch.tensor([[0.0, 2.0]]), torch.zeros(1, 2, dtype=torch.bool))
    found = data.pictures(
        torch.zeros(1, dtype=torch.int64), policy=autoaugment.in_one_pass(draws, images.shape)
    ).inputs()
    assert torch.equal(found, slow(data, autoaugment.autoaugment(images, draws)))


def test_inputs_in_the_place_of_others() -> None:
    data = data_of(6, 3, 5, 4)
    place = torch.full((2, 3, 5, 4), torch.nan)
    found = data.pictures(torch.tensor([4, 1])).inputs(place)
    assert found is place
    assert torch.equal(found, slow(data, data.train.images[[4, 1]]))


def test_without_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "library", lambda: SimpleNamespace(pk_images=lambda *_: 0))
    with pytest.raises(MemoryError, match="bytes of an image"):
        native.Pictures(varied(2), torch.zeros(3, 256)).inputs()


@given(count=st.integers(0, 20), size=st.integers(1, 9), again=st.integers(1, 5))
def test_parts_are_those_of_the_whole(count: int, size: int, again: int) -> None:
    data = data_of(7, 3, 4, 5)
    chosen = torch.randint(7, (count,), generator=torch.Generator().manual_seed(count))
    whole = data.pictures(chosen, mirrored=chosen % 2 == 0)
    parts = [piece for part in whole.split(size) for piece in part.split(again)]
    assert sum(map(len, parts)) == len(whole) == count
    assert [len(part) for part in whole.split(size)] == [len(part) for part in chosen.split(size) if count]
    assert torch.equal(torch.cat([whole.inputs()[:0], *(part.inputs() for part in parts)]), whole.inputs())


@given(
    colours=st.sampled_from([1, 3]),
    height=st.integers(1, 20) | st.just(32),
    width=st.integers(1, 40) | st.just(32),
    change=st.sampled_from(["nothing", "mirrors", "windows", "policy"]),
    first=st.integers(0, 5),
    count=st.integers(0, 37),
    units=st.integers(1, 4),
    seed=st.integers(0, 999),
)
def test_lines_of_a_slice_are_the_inputs_turned(
    colours: int, height: int, width: int, change: str, first: int, count: int, units: int, seed: int
) -> None:
    """In float32 and, where this processor makes them, in bfloat16; nothing is written beyond them and beyond the room."""
    data = with_images(varied(40, colours, height, width))
    chosen = torch.randint(40, (first + count,), generator=torch.Generator().manual_seed(seed))
    policy = "autoaugment-cifar10" if change == "policy" else "none"
    spec = Augment(crop_padding=3 * (change == "windows"), flip=change in ("mirrors", "windows"), policy=policy)
    drawn = draw(first + count, spec, torch.Generator().manual_seed(seed))
    changes = None if drawn.policy is None else autoaugment.Draws(*drawn.policy)
    pictures = data.pictures(
        chosen,
        padding=spec.crop_padding,
        corners=drawn.corners,
        mirrored=drawn.mirrored,
        policy=None if changes is None else autoaugment.in_one_pass(changes, (colours, height, width)),
    )
    part = native.library()
    columns = max(units * part.lanes(), -(-count // part.lanes()) * part.lanes())
    pixels = colours * height * width
    expected = torch.zeros(pixels, columns)
    expected[:, :count] = pictures.inputs()[first:].reshape(count, pixels).t()
    for rounds, dtype in ((0, torch.float32), (1, torch.bfloat16)):
        lines = torch.full((pixels * columns + 64,), torch.nan, dtype=dtype)
        room = torch.full((part.room(pixels) + 64,), 77, dtype=torch.uint8)
        made = part.lines(rounds, pictures.address, first, count, columns, room.data_ptr(), lines.data_ptr())
        assert made or rounds
        if made:
            assert torch.equal(lines[:-64].view(pixels, columns), expected.to(dtype))
        assert lines[-64:].isnan().all()
        assert torch.equal(room[-64:], torch.full((64,), 77, dtype=torch.uint8))
