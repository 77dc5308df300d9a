"""Mixup and CutMix by hand, against torchvision, and how often they come."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor
from torchvision.transforms import v2

from pkbench.data.mixing import Mixed, beta_quantile, mix
from pkbench.spec.train import Mix

BOTH = Mix(mixup_alpha=0.8, cutmix_alpha=1.0, switch_probability=0.5, probability=1.0)
MIXUP = Mix(mixup_alpha=0.8, cutmix_alpha=0.0, switch_probability=0.5, probability=1.0)
CUTMIX = Mix(mixup_alpha=0.0, cutmix_alpha=1.0, switch_probability=0.0, probability=1.0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def inputs_of(count: int, height: int = 9, width: int = 7) -> tuple[Tensor, Tensor]:
    return torch.randn(count, 2, height, width, generator=generator(8)), torch.arange(count) % 4


def draws(seed: int) -> list[float]:
    return torch.rand(5, dtype=torch.float64, generator=generator(seed)).tolist()


@given(seed=st.integers(0, 999), count=st.integers(1, 5))
def test_mixup_by_hand(seed: int, count: int) -> None:
    inputs, labels = inputs_of(count)
    mixed = mix(inputs, labels, MIXUP, generator(seed))
    share = float(stats.beta(0.8, 0.8).ppf(draws(seed)[2]))
    assert mixed.share == pytest.approx(share, rel=1e-12)
    for row in range(count):
        other = count - 1 - row
        exact = share * inputs[row].double() + (1 - share) * inputs[other].double()
        torch.testing.assert_close(mixed.inputs[row].double(), exact, rtol=1e-5, atol=1e-6)
        assert (int(mixed.labels[row]), int(mixed.partners[row])) == (int(labels[row]), int(labels[other]))


@given(seed=st.integers(0, 999), H=st.integers(1, 12), W=st.integers(1, 12))
def test_cutmix_by_hand(seed: int, H: int, W: int) -> None:
    """timm's box: its middle anywhere in the image, its sides cut off at the image's."""
    inputs, labels = inputs_of(3, H, W)
    before = inputs.clone()
    mixed = mix(inputs, labels, CUTMIX, generator(seed))
    _, _, quantile, row, column = draws(seed)
    side = (1 - float(stats.beta(1, 1).ppf(quantile))) ** 0.5
    tall, wide, y, x = int(H * side), int(W * side), int(row * H), int(column * W)
    inside = 0
    for i in range(H):
        for j in range(W):
            pasted = y - tall // 2 <= i < y + tall // 2 and x - wide // 2 <= j < x + wide // 2
            inside += pasted
            source = inputs.flip(0) if pasted else inputs
            assert torch.equal(mixed.inputs[:, :, i, j], source[:, :, i, j])
    assert mixed.share == pytest.approx(1 - inside / (H * W), abs=1e-12)
    assert torch.equal(inputs, before)


@pytest.mark.parametrize("seed", range(5))
def test_two_images_are_mixed_as_torchvision_does(seed: int) -> None:
    """It rolls a batch by one where timm reverses it: the same for two images."""
    inputs, labels = inputs_of(2, 16, 16)
    mixup = mix(inputs, labels, MIXUP, generator(seed))
    theirs = v2.MixUp(num_classes=4)
    parameters = {"labels": labels, "batch_size": 2, "lam": mixup.share}
    torch.testing.assert_close(mixup.inputs, theirs.transform(inputs, parameters))
    torch.testing.assert_close(soft(mixup), theirs.transform(labels, parameters))

    cutmix = mix(inputs, labels, CUTMIX, generator(seed))
    _, _, quantile, row, column = draws(seed)
    half = int(0.5 * (1 - quantile) ** 0.5 * 16)
    x, y = int(column * 16), int(row * 16)
    box = (max(0, x - half), max(0, y - half), min(16, x + half), min(16, y + half))
    adjusted = 1 - (box[2] - box[0]) * (box[3] - box[1]) / 256
    cut = v2.CutMix(num_classes=4)
    parameters = {"labels": labels, "batch_size": 2, "box": box, "lam_adjusted": adjusted}
    assert torch.equal(cutmix.inputs, cut.transform(inputs, parameters))
    torch.testing.assert_close(soft(cutmix), cut.transform(labels, parameters))


def soft(mixed: Mixed) -> Tensor:
    own, other = (torch.nn.functional.one_hot(labels, 4) for labels in (mixed.labels, mixed.partners))
    return mixed.share * own + (1 - mixed.share) * other


def test_both_kinds_come_as_often_as_asked() -> None:
    inputs, labels = inputs_of(2)
    spec = BOTH.model_copy(update={"probability": 0.8, "switch_probability": 0.25})
    source, kinds = generator(), {"mixup": 0, "cutmix": 0, "nothing": 0}
    for _ in range(3000):
        mixed = mix(inputs, labels, spec, source)
        if mixed.inputs is inputs:
            kinds["nothing"] += 1
        elif bool(((mixed.inputs == inputs) | (mixed.inputs == inputs.flip(0))).all()):
            kinds["cutmix"] += 1
        else:
            kinds["mixup"] += 1
    assert kinds["nothing"] == pytest.approx(600, abs=80)
    assert kinds["cutmix"] == pytest.approx(600, abs=80)
    assert kinds["mixup"] == pytest.approx(1800, abs=110)


def test_shares_have_their_beta_distribution() -> None:
    quantiles = torch.rand(4000, dtype=torch.float64, generator=generator()).tolist()
    for alpha in (0.2, 0.8, 1.0, 2.0):
        assert stats.kstest([beta_quantile(alpha, u) for u in quantiles], stats.beta(alpha, alpha).cdf).pvalue > 0.01
        assert beta_quantile(alpha, 0.0) == 0.0


@pytest.mark.parametrize("spec", [BOTH, MIXUP, CUTMIX, BOTH.model_copy(update={"probability": 0.0})])
def test_every_batch_draws_as_much(spec: Mix) -> None:
    source, expected = generator(), generator()
    mix(*inputs_of(4), spec, source)
    torch.rand(5, dtype=torch.float64, generator=expected)
    assert torch.equal(source.get_state(), expected.get_state())


def test_the_larger_share_is_what_counts() -> None:
    inputs, labels = inputs_of(4)
    own, other = labels, labels.flip(0)
    assert Mixed(inputs, own, other, 0.5).main_labels is own
    assert Mixed(inputs, own, other, 0.49).main_labels is other
