import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pkbench.data import autoaugment
from pkbench.data.augment import augment, change, crop, draw, draws_first, flip, joined
from pkbench.spec.train import Augment

NOTHING = Augment(crop_padding=0, flip=False, policy="none")
ALL = Augment(crop_padding=3, flip=True, policy="autoaugment-cifar10")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images_of(count: int, colours: int = 3, height: int = 8, width: int = 8) -> Tensor:
    return torch.randint(256, (count, colours, height, width), dtype=torch.uint8, generator=generator(99))


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(0, 7),
    colours=st.integers(1, 4),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    padding=st.integers(1, 12),
    seed=st.integers(0, 2**31),
)
def test_a_crop_is_the_window_drawn_from_the_padded_image(
    count: int, colours: int, height: int, width: int, padding: int, seed: int
) -> None:
    images = images_of(count, colours, height, width)
    corners = torch.randint(2 * padding + 1, (count, 2), generator=generator(seed))
    cropped = augment(images, Augment(crop_padding=padding, flip=False, policy="none"), generator(seed))
    for image, result, (top, left) in zip(images, cropped, corners.tolist(), strict=True):
        for y in range(height):
            for x in range(width):
                source_y, source_x = top + y - padding, left + x - padding
                inside = 0 <= source_y < height and 0 <= source_x < width
                expected = image[:, source_y, source_x] if inside else torch.zeros(colours, dtype=torch.uint8)
                assert torch.equal(result[:, y, x], expected)


def test_every_place_of_the_window_occurs() -> None:
    image = torch.arange(1, 10, dtype=torch.uint8).view(1, 1, 3, 3)
    spec = Augment(crop_padding=1, flip=False, policy="none")
    crops = augment(image.expand(2000, 1, 3, 3), spec, generator())
    assert len(crops.flatten(1).unique(dim=0)) == 9


def test_half_of_the_images_are_mirrored_and_the_others_left_alone() -> None:
    images = images_of(1000)
    flipped = augment(images, Augment(crop_padding=0, flip=True, policy="none"), generator())
    mirrored = (flipped == images.flip(3)).flatten(1).all(1)
    same = (flipped == images).flatten(1).all(1)
    assert (mirrored ^ same).all()
    assert 400 < int(mirrored.sum()) < 600


def test_nothing_asked_for_changes_and_draws_nothing() -> None:
    images, source = images_of(4), generator()
    before = source.get_state()
    assert augment(images, NOTHING, source) is images
    assert torch.equal(source.get_state(), before)


@pytest.mark.parametrize("spec", [ALL, ALL.model_copy(update={"policy": "none"})])
def test_the_same_draws_give_the_same_images_and_the_input_stays(spec: Augment) -> None:
    images = images_of(64)
    before = images.clone()
    first, again, other = (augment(images, spec, generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(images, before)
    assert first.dtype == torch.uint8
    assert first.shape == images.shape
    assert first.is_contiguous()


def test_the_order_is_crop_flip_policy() -> None:
    images, source = images_of(64), generator(5)
    expected = crop(images, 3, torch.randint(7, (64, 2), generator=source))
    expected = flip(expected, torch.randint(2, (64,), generator=source, dtype=torch.bool))
    expected = autoaugment.autoaugment(expected, autoaugment.draw(64, source))
    assert torch.equal(augment(images, ALL, generator(5)), expected)


@pytest.mark.parametrize("spec", [ALL, ALL.model_copy(update={"policy": "none"}), NOTHING])
def test_several_batches_changed_together_are_those_changed_alone(spec: Augment) -> None:
    assert draws_first(spec)
    images, one, other = images_of(60), generator(7), generator(7)
    alone = [augment(part, spec, one) for part in images.split(25)]
    drawn = [draw(len(part), spec, other) for part in images.split(25)]
    assert torch.equal(change(images, spec, joined(drawn)), torch.cat(alone))
    assert torch.equal(one.get_state(), other.get_state())


def test_torchvision_is_imported_for_the_policy_only() -> None:
    code = (
        "import sys, torch; from pkbench.data.augment import augment; from pkbench.spec.train import Augment; "
        "augment(torch.zeros(2, 1, 4, 4, dtype=torch.uint8), Augment(crop_padding=1, flip=True, policy='none'), "
        "torch.Generator()); print('torchvision' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_images_of_the_cpu() -> None:
    images = images_of(512, height=32, width=32)
    spec = ALL.model_copy(update={"crop_padding": 4})
    on_gpu = augment(images.cuda(), spec, generator(3)).cpu()
    difference = (on_gpu.int() - augment(images, spec, generator(3)).int()).abs()
    # Interpolated brightness may round the other way; anything drawn differently would be far off.
    assert difference.max() <= 1
    assert (difference > 0).float().mean() < 0.01
