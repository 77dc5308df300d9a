"""A random resized crop is torchvision's of the rectangle drawn."""

import pytest
import torch
from scipy.stats import ks_2samp
from torch import Tensor
from torchvision.transforms import RandomResizedCrop
from torchvision.transforms import functional as vision

from pkbench.data.augment import augment
from pkbench.data.rectangles import draw_rectangles
from pkbench.data.resized_crop import resized_crop
from pkbench.spec.train import Augment, ResizedCrop

TIMM = ResizedCrop(area=(0.08, 1.0), ratio=(3 / 4, 4 / 3))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images_of(count: int, colours: int = 3, height: int = 16, width: int = 12) -> Tensor:
    return torch.randint(256, (count, colours, height, width), dtype=torch.uint8, generator=generator(7))


@pytest.mark.parametrize("shape", [(40, 3, 16, 12), (20, 1, 9, 9), (5, 3, 1, 1), (0, 3, 8, 8)])
def test_the_rectangle_drawn_is_resized_as_torchvision_does(shape: tuple[int, int, int, int]) -> None:
    images = images_of(*shape)
    before = images.clone()
    ours = resized_crop(images, TIMM, generator(3))
    drawn = draw_rectangles(shape[0], shape[2:], TIMM.area, (3 / 4, 4 / 3), generator(3), whole=True)
    assert ours.dtype == torch.uint8
    assert torch.equal(images, before)
    off = 0
    for row, (top, left, h, w) in enumerate(zip(*(side.tolist() for side in drawn), strict=True)):
        if not h:
            continue
        theirs = vision.resized_crop(images[row], top, left, h, w, list(shape[2:]))
        difference = (ours[row].int() - theirs.int()).abs()
        assert difference.max() <= 1
        off += int((difference > 0).sum())
    # Halves, of which small images resized by simple fractions have many, can be rounded either way.
    assert off <= 0.01 * images.numel()


@pytest.mark.parametrize("size", [(4, 40), (40, 4), (8, 8)])
def test_where_nothing_fits_it_is_the_middle(size: tuple[int, int]) -> None:
    """An area of the whole image has no allowed ratio in a long one: torchvision's fallback."""
    spec = ResizedCrop(area=(1.0, 1.0), ratio=(3 / 4, 4 / 3))
    images = images_of(3, 3, *size)
    ours = resized_crop(images, spec, generator())
    box = RandomResizedCrop.get_params(torch.zeros(3, *size), [2.0, 2.0], [3 / 4, 4 / 3])
    expected = torch.stack([vision.resized_crop(image, *box, list(size)) for image in images])
    assert (ours.int() - expected.int()).abs().max() <= 1


def test_a_crop_of_everything_changes_nothing() -> None:
    images = images_of(5, 3, 8, 8)
    assert torch.equal(resized_crop(images, ResizedCrop(area=(1.0, 1.0), ratio=(1.0, 1.0)), generator()), images)


def test_rectangles_are_distributed_as_torchvisions() -> None:
    drawn = draw_rectangles(3000, (64, 48), TIMM.area, TIMM.ratio, generator(), whole=True)
    torch.manual_seed(0)
    theirs = [RandomResizedCrop.get_params(torch.zeros(3, 64, 48), [0.08, 1.0], [3 / 4, 4 / 3]) for _ in range(3000)]
    for side, their_side in zip(drawn, zip(*theirs, strict=True), strict=True):
        found = side[drawn.height > 0].tolist()
        assert ks_2samp(found, their_side).pvalue > 0.001


def test_it_comes_before_the_padded_crop() -> None:
    spec = Augment(crop_padding=2, flip=False, policy="none", resized_crop=TIMM)
    images, source = images_of(20), generator(1)
    padded = spec.model_copy(update={"resized_crop": None})
    expected = augment(resized_crop(images, TIMM, source), padded, source)
    assert torch.equal(augment(images, spec, generator(1)), expected)
