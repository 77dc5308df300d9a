"""Stochastic depth drops each block as often as its depth says, and its stream can be left and taken up."""

import pytest
import torch

from pkbench.seeding import stream_seed
from pkbench.train.stochastic_depth import StochasticDepth

CPU = torch.device("cpu")


def test_rates_rise_linearly_and_means_stay() -> None:
    factors = StochasticDepth(0.4, 5, seed=0).draw(20_000, CPU)
    assert factors.shape == (20_000, 5)
    for block, rate in enumerate((0.0, 0.1, 0.2, 0.3, 0.4)):
        own = factors[:, block]
        assert float((own == 0).float().mean()) == pytest.approx(rate, abs=0.012)
        torch.testing.assert_close(own[own > 0], torch.full_like(own[own > 0], 1 / (1 - rate)))
        assert float(own.mean()) == pytest.approx(1, abs=0.02)


def test_images_and_blocks_are_dropped_independently() -> None:
    dropped = (StochasticDepth(0.5, 2, seed=0).draw(10_000, CPU) == 0)[:, 1].float()
    assert float((dropped[1:] * dropped[:-1]).mean()) == pytest.approx(0.25, abs=0.02)
    three = (StochasticDepth(0.6, 3, seed=0).draw(20_000, CPU) == 0).float()
    assert float((three[:, 1] * three[:, 2]).mean()) == pytest.approx(0.3 * 0.6, abs=0.015)


def test_the_stream_is_named_by_seed_and_epoch() -> None:
    depth = StochasticDepth(0.5, 4, seed=3)
    depth.draw(7, CPU)
    depth.start(2)
    source = torch.Generator().manual_seed(stream_seed("stochastic depth", 3, 2))
    keep = torch.tensor([1.0, 1 - 0.5 / 3, 1 - 1 / 3, 0.5])
    expected = torch.rand((6, 4), generator=source) < keep
    assert torch.equal(depth.draw(6, CPU) > 0, expected)


def test_a_stream_goes_on_from_where_it_stood() -> None:
    first, second = StochasticDepth(0.5, 4, seed=0), StochasticDepth(0.5, 4, seed=0)
    first.draw(5, CPU)
    state = first.state()
    expected = first.draw(5, CPU)
    second.load_state(state)
    assert torch.equal(second.draw(5, CPU), expected)
