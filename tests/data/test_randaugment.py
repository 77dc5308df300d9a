"""RandAugment is timm's: Pillow's operations up to rounding, timm's strengths exactly, torchvision's where it has them."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageOps
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as vision
from torchvision.transforms.autoaugment import _apply_op

from pkbench.data.colours import COLOURS
from pkbench.data.randaugment import OPERATIONS, matrices, randaugment, strength, warp
from pkbench.errors import DataError
from pkbench.spec.train import RandAugment
from tests.data.test_autoaugment import varied

Fill = int | tuple[int, ...]
M9 = RandAugment(num_ops=2, probability=0.5, magnitude=9, magnitude_std=0.5, magnitude_max=10, increasing=True)
FACTORS = ("Color", "Contrast", "Brightness", "Sharpness")


def affine(image: Image.Image, matrix: tuple[float, ...], fill: Fill) -> Image.Image:
    return image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=fill)


def solarize_add(image: Image.Image, add: int) -> Image.Image:
    table = [min(255, value + add) if value < 128 else value for value in range(256)]
    return image.point(table * len(image.getbands()))


def posterize(image: Image.Image, bits: int) -> Image.Image:
    mask = 256 - 2 ** (8 - bits)
    return image.point([value & mask for value in range(256)] * len(image.getbands()))


# What timm's auto_augment.py calls, with the argument it has made of the magnitude.
WITH_PILLOW: dict[str, Callable[[Image.Image, float, Fill], Image.Image]] = {
    "AutoContrast": lambda image, _, __: ImageOps.autocontrast(image),
    "Equalize": lambda image, _, __: ImageOps.equalize(image),
    "Invert": lambda image, _, __: ImageOps.invert(image),
    "Rotate": lambda image, degrees, fill: image.rotate(degrees, Image.Resampling.BILINEAR, fillcolor=fill),
    "Posterize": lambda image, bits, _: posterize(image, int(bits)),
    "Solarize": lambda image, threshold, _: ImageOps.solarize(image, int(threshold)),
    "SolarizeAdd": lambda image, add, _: solarize_add(image, int(add)),
    "Color": lambda image, factor, _: ImageEnhance.Color(image).enhance(factor),
    "Contrast": lambda image, factor, _: ImageEnhance.Contrast(image).enhance(factor),
    "Brightness": lambda image, factor, _: ImageEnhance.Brightness(image).enhance(factor),
    "Sharpness": lambda image, factor, _: ImageEnhance.Sharpness(image).enhance(factor),
    "ShearX": lambda image, slope, fill: affine(image, (1, slope, 0, 0, 1, 0), fill),
    "ShearY": lambda image, slope, fill: affine(image, (1, 0, 0, slope, 1, 0), fill),
    "TranslateX": lambda image, part, fill: affine(image, (1, 0, part * image.size[0], 0, 1, 0), fill),
    "TranslateY": lambda image, part, fill: affine(image, (1, 0, 0, 0, 1, part * image.size[1]), fill),
}


def timm_strength(operation: str, level: float, sign: float, increasing: bool) -> float:
    """timm's ``*_level_to_arg``, one number at a time."""
    part = level / 10
    factor = max(0.1, 1 + sign * (part * 0.9)) if increasing else part * 1.8 + 0.1
    table: dict[str, float] = dict.fromkeys(FACTORS, factor) | {
        "Rotate": sign * (part * 30),
        "ShearX": sign * (part * 0.3),
        "ShearY": sign * (part * 0.3),
        "TranslateX": sign * (part * 0.45),
        "TranslateY": sign * (part * 0.45),
        "Posterize": 4 - int(part * 4) if increasing else int(part * 4),
        "Solarize": 256 - int(part * 256) if increasing else int(part * 256),
        "SolarizeAdd": int(part * 110),
    }
    return table.get(operation, 0.0)


def column(value: float, count: int = 1) -> Tensor:
    return torch.full((count,), value, dtype=torch.float64)


def changed(operation: str, images: Tensor, amounts: Tensor, fill: Tensor) -> Tensor:
    """``images`` after ``operation`` on all of them."""
    if operation in COLOURS:
        return COLOURS[operation](images, amounts)
    same = torch.full((len(images),), OPERATIONS.index(operation))
    return warp(images, matrices(same, amounts, *images.shape[2:]), fill)


def drawn_strengths(operation: str, count: int, increasing: bool) -> Tensor:
    source = torch.Generator().manual_seed(5)
    levels = 10 * torch.rand(count, dtype=torch.float64, generator=source)
    return strength(operation, levels, 1.0 - 2 * torch.randint(2, (count,), generator=source), increasing=increasing)


@given(st.floats(0, 10), st.sampled_from([1.0, -1.0]), st.booleans(), st.sampled_from(OPERATIONS))
def test_strengths_are_timms(level: float, sign: float, increasing: bool, operation: str) -> None:
    ours = strength(operation, column(level), column(sign), increasing=increasing)
    assert ours.dtype == torch.float64
    assert ours.item() == timm_strength(operation, level, sign, increasing)


def test_strengths_beyond_the_usual_range_stay_possible() -> None:
    """The official 2 x 15: Google's RandAugment has no end at 10."""
    images = varied(4)
    for operation in OPERATIONS:
        for increasing in (True, False):
            amount = strength(operation, column(30, 4), column(-1, 4), increasing=increasing)
            assert changed(operation, images, amount, torch.zeros(3)).dtype == torch.uint8
    assert strength("Posterize", column(15), column(1), increasing=True).item() == 0
    assert not changed("Posterize", images, column(0, 4), torch.zeros(3)).any()
    assert torch.equal(changed("Posterize", images, column(8, 4), torch.zeros(3)), images)


@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("increasing", [True, False])
@pytest.mark.parametrize("operation", WITH_PILLOW)
def test_an_operation_on_a_batch_is_pillows_on_each_image(operation: str, increasing: bool, colours: int) -> None:
    images = varied(20, colours, 28, 21)
    amounts = drawn_strengths(operation, 20, increasing)
    fill = (50, 100, 150)[:colours]
    ours = changed(operation, images, amounts, torch.tensor(fill, dtype=torch.float32))
    for image, amount, result in zip(images, amounts.tolist(), ours, strict=True):
        pixels = image.permute(1, 2, 0).numpy()
        picture = Image.fromarray(pixels if colours == 3 else pixels[:, :, 0])
        theirs = np.asarray(WITH_PILLOW[operation](picture, amount, fill if colours == 3 else fill[0]))
        # Pillow rounds blends and interpolations down or to nearest, by operation.
        assert np.abs(result.permute(1, 2, 0).numpy().astype(int) - theirs.reshape(28, 21, colours)).max() <= 1


@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("operation", [*FACTORS, "AutoContrast", "Equalize", "Invert", "Solarize", "Posterize"])
def test_an_operation_on_a_batch_is_torchvisions_on_each_image(operation: str, colours: int) -> None:
    images = varied(20, colours)
    amounts = drawn_strengths(operation, 20, increasing=True)
    if operation == "Solarize":
        amounts = amounts.clamp(max=255)  # torchvision refuses 256, which is no change
    ours = changed(operation, images, amounts, torch.zeros(colours))
    for image, amount, result in zip(images, amounts.tolist(), ours, strict=True):
        magnitude = amount - 1 if operation in FACTORS else amount
        theirs = _apply_op(image, operation, magnitude, InterpolationMode.NEAREST, None)
        # amount - 1 + 1 is not always amount, so a factor's last bit may differ.
        assert (result.int() - theirs.int()).abs().max() <= (operation in FACTORS)
        if operation == "Color":
            assert torch.equal(result, vision.adjust_saturation(image, amount))
        if operation == "Contrast":
            assert torch.equal(result, vision.adjust_contrast(image, amount))
        if operation == "Brightness":
            assert torch.equal(result, vision.adjust_brightness(image, amount))
        if operation == "Sharpness":
            assert torch.equal(result, vision.adjust_sharpness(image, amount))


def test_geometry_is_torchvisions_away_from_the_sides() -> None:
    images = varied(8, height=33, width=30)
    for degrees in (-20.0, 7.5):
        ours = changed("Rotate", images, column(degrees, 8), torch.zeros(3))
        theirs = vision.rotate(images, degrees, InterpolationMode.BILINEAR)
        assert (ours.int() - theirs.int())[:, :, 11:22, 10:20].abs().max() <= 1
    degrees = math.degrees(math.atan(-0.2))
    sheared = vision.affine(images, 0, [0, 0], 1, [degrees, 0], InterpolationMode.BILINEAR, center=[0, 0])
    ours = changed("ShearX", images, column(-0.2, 8), torch.zeros(3))
    assert (ours.int() - sheared.int())[:, :, 3:-3, 10:20].abs().max() <= 1


def test_what_comes_in_is_the_mean_colour() -> None:
    shift = RandAugment(num_ops=15, probability=1, magnitude=10, magnitude_std=0, magnitude_max=10, increasing=True)
    black = torch.zeros(64, 3, 16, 16, dtype=torch.uint8)
    moved = changed("TranslateX", black, column(0.45, 64), torch.tensor([10.0, 20.0, 30.0]))
    assert moved[0, :, 0, -1].tolist() == [10, 20, 30]
    assert moved[0, :, 0, 0].tolist() == [0, 0, 0]
    first = randaugment(black, shift, (0.1, 0.2, 0.3), torch.Generator().manual_seed(0))
    assert not torch.equal(first, randaugment(black, shift, (0.5,), torch.Generator().manual_seed(0)))


@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("spec", [M9, M9.model_copy(update={"num_ops": 3, "increasing": False, "magnitude_std": 0.0})])
def test_a_batch_is_each_image_by_itself_with_its_draws(spec: RandAugment, colours: int) -> None:
    images = varied(100, colours, 20, 17)
    before = images.clone()
    ours = randaugment(images, spec, (0.4,) * colours, torch.Generator().manual_seed(3))
    source = torch.Generator().manual_seed(3)
    block = (100, spec.num_ops)
    chosen = torch.randint(15, block, generator=source)
    done = torch.rand(block, dtype=torch.float64, generator=source)
    noise = torch.randn(block, dtype=torch.float64, generator=source)
    negative = torch.randint(2, block, generator=source)
    for row in range(100):
        image = images[row : row + 1]
        for turn in range(spec.num_ops):
            if done[row, turn] < spec.probability:
                level = min(10.0, max(0.0, 9 + spec.magnitude_std * noise[row, turn].item()))
                name, sign = OPERATIONS[int(chosen[row, turn])], -1.0 if negative[row, turn] else 1.0
                amount = column(timm_strength(name, level, sign, spec.increasing))
                image = changed(name, image, amount, torch.full((colours,), float(round(255 * 0.4))))
        assert torch.equal(ours[row], image[0])
    assert torch.equal(images, before)
    assert len(chosen.unique()) == 15


def test_half_of_the_drawn_operations_are_done() -> None:
    images = varied(5)[:1].expand(4000, 3, 32, 32)
    changed = (randaugment(images, M9, (0.5,), torch.Generator().manual_seed(1)) != images).flatten(1).any(1)
    # Neither of two: 1/4, and a little more where an operation does nothing.
    assert 0.68 < float(changed.float().mean()) < 0.78
    never = M9.model_copy(update={"probability": 0.0})
    assert torch.equal(randaugment(images, never, (0.5,), torch.Generator()), images)


def test_an_empty_batch_stays_empty_and_other_colours_are_refused() -> None:
    assert randaugment(varied(5)[:0], M9, (0.5,), torch.Generator()).shape == (0, 3, 32, 32)
    with pytest.raises(DataError, match=r'4 colours; .*policy = "none"'):
        randaugment(varied(2, 4), M9, (0.5,), torch.Generator())


def test_one_pixel_is_an_image() -> None:
    assert randaugment(varied(50, 3, 1, 1), M9, (0.5,), torch.Generator()).shape == (50, 3, 1, 1)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_images_of_the_cpu() -> None:
    images = varied(500)
    on_gpu = randaugment(images.cuda(), M9, (0.5,), torch.Generator().manual_seed(3)).cpu()
    difference = (on_gpu.int() - randaugment(images, M9, (0.5,), torch.Generator().manual_seed(3)).int()).abs()
    assert (difference > 1).float().mean() < 0.01
