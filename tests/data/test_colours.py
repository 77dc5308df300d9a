"""Changes of colour with a strength for each image are torchvision's on each alone; the policies' tests cover their strengths."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchvision.transforms import functional as vision

from pkbench.data.colours import COLOURS, equalize, sharpness, solarize, solarize_add
from tests.data.test_autoaugment import varied

THEIRS = {
    "AutoContrast": lambda image, _: vision.autocontrast(image),
    "Equalize": lambda image, _: vision.equalize(image),
    "Invert": lambda image, _: vision.invert(image),
    "Posterize": lambda image, amount: vision.posterize(image, int(8 * amount)),
    "Solarize": lambda image, amount: vision.solarize(image, 255 * amount),
    "Color": vision.adjust_saturation,
    "Contrast": vision.adjust_contrast,
    "Brightness": vision.adjust_brightness,
    "Sharpness": vision.adjust_sharpness,
}
SCALES = {"Posterize": 8, "Solarize": 255}


@pytest.mark.parametrize("operation", THEIRS)
@settings(max_examples=15, deadline=None)
@given(
    colours=st.sampled_from([1, 3]),
    height=st.integers(1, 12),
    width=st.integers(1, 12),
    seed=st.integers(0, 2**31),
)
def test_a_batch_is_each_image_by_itself(operation: str, colours: int, height: int, width: int, seed: int) -> None:
    images = varied(10, colours, height, width)
    amounts = torch.rand(10, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    if operation not in SCALES:
        amounts = 2 * amounts
    scaled = amounts * SCALES.get(operation, 1)
    before = images.clone()
    ours = COLOURS[operation](images, scaled.floor() if operation == "Posterize" else scaled)
    assert torch.equal(images, before)
    for image, result, amount in zip(images, ours, amounts.tolist(), strict=True):
        assert torch.equal(result, THEIRS[operation](image, amount))


def test_every_operation_is_compared() -> None:
    """Adding to dark values is timm's alone."""
    assert {*THEIRS, "SolarizeAdd"} == set(COLOURS)


def every_value() -> Tensor:
    return torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).expand(3, -1, -1, -1)


def test_dark_values_are_added_to() -> None:
    amounts = torch.tensor([0.0, 110.0, 300.0], dtype=torch.float64)
    for result, add in zip(solarize_add(every_value(), amounts), (0, 110, 300), strict=True):
        assert result.flatten().tolist() == [min(255, v + add) if v < 128 else v for v in range(256)]


def test_thresholds_at_both_ends_and_between_values() -> None:
    amounts = torch.tensor([0.0, 256.0, 99.5], dtype=torch.float64)
    for result, threshold in zip(solarize(every_value(), amounts), (0, 256, 99.5), strict=True):
        assert result.flatten().tolist() == [255 - v if v >= threshold else v for v in range(256)]


@given(st.lists(st.integers(0, 255), min_size=9, max_size=9))
def test_the_middle_of_a_blur_is_rounded_to_nearest(values: list[int]) -> None:
    image = torch.tensor(values, dtype=torch.uint8).view(1, 1, 3, 3)
    blurred = sharpness(image, torch.zeros(1, dtype=torch.float64)).flatten().tolist()
    assert blurred[4] == (2 * (sum(values) + 4 * values[4]) + 13) // 26
    assert blurred[:4] + blurred[5:] == values[:4] + values[5:]


def test_equalisation_of_large_images_does_not_overflow() -> None:
    images = varied(5, 1, 200, 300)
    for image, ours in zip(images, equalize(images), strict=True):
        assert torch.equal(ours, vision.equalize(image))
