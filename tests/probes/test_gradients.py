import math

import pytest
import torch
from torch import nn

from pkbench.probes.features import mixing_blocks
from pkbench.probes.gradients import GradientNorms, gradient_norms
from tests.probes.models import BLOCKS, Residual, images, mixer


def test_norms_by_block_and_in_all() -> None:
    model = mixer()
    model(images(3)).square().sum().backward()
    found = gradient_norms(model)
    assert [name for name, _ in found.blocks] == BLOCKS

    def norm(prefixes: list[str]) -> float:
        return math.sqrt(
            sum(
                float(entry) ** 2
                for name, parameter in model.named_parameters()
                if any(name.startswith(prefix + ".") for prefix in prefixes)
                for entry in parameter.grad.double().flatten()
            )
        )

    for name, value in found.blocks:
        assert value == pytest.approx(norm([name]), rel=1e-12)
    assert found.rest == pytest.approx(norm(["embed", "first_skip", "norm", "classifier"]), rel=1e-12)
    every = torch.cat([parameter.grad.double().flatten() for parameter in model.parameters()])
    assert found.total == pytest.approx(float(every.norm()), rel=1e-12)


def test_sums_are_float64() -> None:
    model = nn.Linear(2, 1, bias=False)
    model.weight.grad = torch.full((1, 2), 3e30)  # its square is beyond float32
    assert gradient_norms(model).rest == pytest.approx(3e30 * 2**0.5, rel=1e-6)


def test_what_took_no_part_counts_as_zero() -> None:
    model = Residual()
    model.blocks[1].weight.grad = torch.ones(6, 6)
    assert gradient_norms(model) == GradientNorms((("blocks.0", 0.0), ("blocks.1", 6.0)), 0.0)


def test_an_undefined_gradient_shows_where_it_is() -> None:
    model = mixer()
    model(images(2)).sum().backward()
    weight = next(mixing_blocks(model)["channel_mixing.1"].parameters())
    weight.grad.fill_(math.nan)
    found = gradient_norms(model)
    assert [name for name, value in found.blocks if math.isnan(value)] == ["channel_mixing.1"]
    assert math.isnan(found.total)


def test_before_a_backward_pass_it_is_refused() -> None:
    with pytest.raises(ValueError, match="after a backward pass"):
        gradient_norms(mixer())
