import pytest
import torch
from torch import Tensor
from torchvision.transforms import AutoAugment, AutoAugmentPolicy, InterpolationMode
from torchvision.transforms.autoaugment import _apply_op

from pkbench.data.autoaugment import SIGNED, SUB_POLICIES, autoaugment, draw, magnitude, move, strength
from pkbench.data.colours import COLOURS
from pkbench.errors import DataError

ITS_OWN = AutoAugment(AutoAugmentPolicy.CIFAR10)
CHANGES = sorted({(step.operation, step.level) for pair in SUB_POLICIES for step in pair})
SIZES = [(32, 32), (8, 8), (28, 20), (40, 33)]


def varied(count: int, colours: int = 3, height: int = 32, width: int = 32) -> Tensor:
    """Noise, ramps, flat areas and few levels: what equalisation and contrast treat differently."""
    source = torch.Generator().manual_seed(7)
    noise = torch.randint(256, (count, colours, height, width), generator=source, dtype=torch.uint8)
    ramp = torch.linspace(0, 200, height * width).view(height, width).to(torch.uint8).expand_as(noise)
    kinds = [noise, ramp + noise // 8, noise // 64 * 20, noise // 255 * 255, torch.zeros_like(noise) + 77]
    return torch.stack([kinds[number % len(kinds)][number] for number in range(count)])


def test_the_policy_is_torchvisions() -> None:
    ours = [[(step.operation, step.probability, step.level) for step in pair] for pair in SUB_POLICIES]
    assert ours == [[(name, chance, level or 0) for name, chance, level in pair] for pair in ITS_OWN.policies]


@pytest.mark.parametrize("size", SIZES)
def test_magnitudes_and_signs_are_torchvisions(size: tuple[int, int]) -> None:
    space = ITS_OWN._augmentation_space(10, size)
    for operation, level in CHANGES:
        magnitudes, signed = space[operation]
        assert magnitude(operation, level, *size) == (float(magnitudes[level]) if magnitudes.ndim else 0.0)
        assert (operation in SIGNED) == signed


@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize(("operation", "level"), CHANGES)
def test_an_operation_on_a_batch_is_torchvisions_on_each_image(operation: str, level: int, colours: int) -> None:
    images = varied(10, colours)
    for sign in (1.0, -1.0) if operation in SIGNED else (1.0,):
        amount = strength(operation, level, sign, 32, 32)
        amounts = torch.full((10,), amount, dtype=torch.float64)
        batch = COLOURS[operation](images, amounts) if operation in COLOURS else move(images, operation, amount)
        theirs = sign * magnitude(operation, level, 32, 32)
        for image, ours in zip(images, batch, strict=True):
            assert torch.equal(ours, _apply_op(image, operation, theirs, InterpolationMode.NEAREST, None))


@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("size", SIZES)
def test_the_policy_on_a_batch_is_torchvisions_on_each_image(
    size: tuple[int, int], colours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = varied(150, colours, *size)
    before = images.clone()
    ours = autoaugment(images, draw(150, torch.Generator().manual_seed(3)))
    source = torch.Generator().manual_seed(3)
    chosen = torch.randint(25, (150,), generator=source)
    chances = torch.rand((150, 2), generator=source)
    signs = torch.randint(2, (150, 2), generator=source, dtype=torch.bool)
    assert len(chosen.unique()) == 25
    for row in range(150):
        draws = (int(chosen[row]), chances[row], signs[row])
        monkeypatch.setattr(ITS_OWN, "get_params", lambda _, draws=draws: draws)
        assert torch.equal(ours[row], ITS_OWN(images[row])), SUB_POLICIES[draws[0]]
    assert torch.equal(images, before)
    assert not torch.equal(images, ours)


def test_an_empty_batch_stays_empty() -> None:
    assert autoaugment(varied(5)[:0], draw(0, torch.Generator())).shape == (0, 3, 32, 32)


def test_other_numbers_of_colours_are_refused() -> None:
    with pytest.raises(DataError, match=r'4 colours; .*policy = "none"'):
        autoaugment(varied(2, 4), draw(2, torch.Generator()))
