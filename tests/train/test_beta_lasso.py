"""beta-LASSO against its definition, entry by entry."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from pkbench.models.fully_connected import FullyConnected
from pkbench.sizes.fully_connected import FullyConnectedShape
from pkbench.spec.train import BetaLasso as Recipe
from pkbench.train.beta_lasso import BetaLasso, step
from pkbench.train.optimizer import make_optimizer
from pkbench.train.trainer import Trainer
from tests.small import small_data, small_runs, trained

NUMBERS = st.floats(-1, 1)
S_FC = FullyConnectedShape(inputs=3072, side=32, alpha=150, classes=10, bias=True)


def by_definition(theta: float, gradient: float, lr: float, l1: float, beta: float) -> float:
    sign = (theta > 0) - (theta < 0)
    stepped = theta - lr * (gradient + l1 * sign)
    return 0.0 if abs(stepped) < beta * l1 else stepped


@given(
    pairs=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=6),
    lr=st.floats(0.001, 1),
    l1=st.sampled_from([0.0, 1e-3, 0.1]),
    beta=st.sampled_from([0.0, 1.0, 5.0]),
)
def test_a_step_is_the_definition(pairs: list[tuple[float, float]], lr: float, l1: float, beta: float) -> None:
    theta = torch.tensor([theta for theta, _ in pairs], dtype=torch.float64)
    step(theta, torch.tensor([gradient for _, gradient in pairs], dtype=torch.float64), lr, l1, beta)
    expected = [by_definition(*pair, lr, l1, beta) for pair in pairs]
    torch.testing.assert_close(theta, torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-15)


def test_small_entries_are_exactly_zero_and_can_come_back() -> None:
    weight = nn.Parameter(torch.tensor([0.04, -0.06, 0.5]))
    optimizer = BetaLasso([{"params": [weight], "l1": 0.001}], lr=0.1, beta=50.0)
    weight.grad = torch.zeros(3)
    optimizer.step()
    torch.testing.assert_close(weight.detach(), torch.tensor([0.0, -0.0599, 0.4999]))
    weight.grad = torch.tensor([-1.0, 0.0, 0.0])
    optimizer.step()
    assert weight[0].item() == pytest.approx(0.1)
    with pytest.raises(ValueError, match="closure"):
        optimizer.step(lambda: 0.0)


def recipe(applies_to: str) -> Recipe:
    values = {"kind": "beta-lasso", "lr": [0.1], "l1_first": 2e-6, "l1_rest": 5e-6, "beta": 50.0}
    return Recipe.model_validate(values | {"applies_to": applies_to})


@pytest.mark.parametrize(("applies_to", "spared"), [("all", set()), ("weights", {"bias", "norm"})])
def test_first_and_later_layers_have_their_own_coefficient(applies_to: str, spared: set[str]) -> None:
    model = FullyConnected(replace(S_FC, inputs=12, side=2, alpha=2))
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    optimizer = make_optimizer(model, recipe(applies_to), 0.1)
    found = {names[id(p)]: group["l1"] for group in optimizer.param_groups for p in group["params"]}
    assert found.keys() == set(names.values())
    for name, l1 in found.items():
        excused = any(word in name for word in spared)
        assert l1 == (0.0 if excused else 2e-6 if name.startswith("embed.") else 5e-6), name


def test_s_fc_has_the_published_size() -> None:
    """3072 -> 38400 -> 3600 -> 10: 3072*38400 + 38400*3600 + 3600*10 weights and the rest."""
    assert S_FC.widths == (3072, 38_400, 3_600)
    assert S_FC.connections == 3072 * 38_400 + 38_400 * 3_600
    assert S_FC.parameters == S_FC.connections + 3 * 42_000 + 36_000 + 10
    assert round((S_FC.connections + 3600 * 10) / 1e6, 1) == 256.2
    small = replace(S_FC, inputs=12, side=2, alpha=2)
    assert sum(p.numel() for p in FullyConnected(small).parameters()) == small.parameters


def test_training_with_it_makes_weights_zero() -> None:
    optimizer = {
        "kind": "beta-lasso",
        "lr": [0.1],
        "l1_first": 1e-3,
        "l1_rest": 1e-3,
        "beta": 20.0,
        "applies_to": "all",
    }
    run = small_runs(optimizer=optimizer)[0]
    trainer = Trainer(run, small_data(), torch.device("cpu"))
    assert all(result.train_loss > 0 for result in trained(trainer))
    zeros = [(p == 0).float().mean().item() for p in trainer.model.parameters() if p.ndim > 1]
    assert max(zeros) > 0.1
