"""Stacks against the module in float64, and against their runs alone."""

from dataclasses import replace

import pytest
import torch

from pkbench.spec.train import AdamW, Sgd
from pkbench.train.engines.batch_last.engine import BatchLastEngine
from pkbench.train.engines.batch_last.stack import Stack

from .cases import (
    ADAMW,
    CASES,
    HEAVY_BALL,
    IMAGE,
    SGD,
    Case,
    assert_gradients,
    assert_same_bits,
    double,
)

CPU = torch.device("cpu")
MEMBERS = (Case(seed=1), Case("layer", seed=2), Case("block", seed=3))
"""Normal and permuted runs of one shape."""


def engine_of(case: Case) -> BatchLastEngine:
    return BatchLastEngine(case.model(), case.recipe(), IMAGE, CPU)


def stack_of(cases: tuple[Case, ...]) -> Stack:
    return Stack([case.model() for case in cases], cases[0].recipe(), IMAGE, CPU)


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients_loss_and_logits_are_the_modules(case: Case, mixed: bool) -> None:
    stack, exact = stack_of((case,)), case.exact()
    (batch,) = case.batches(1, mixed=mixed)
    expected_logits = exact.logits(batch.inputs.double())
    torch.testing.assert_close(stack.logits(0, batch.inputs), expected_logits, rtol=2e-5, atol=3e-6)
    losses, wrong = stack.step([batch], [0.0])
    loss, expected_wrong = exact.step(double(batch), 0.0, None)
    assert losses.tolist() == pytest.approx([loss.item()], rel=2e-6)
    assert wrong.tolist() == [expected_wrong.item()]
    assert_gradients(stack.gradient[0], exact)


@pytest.mark.parametrize("optimizer", [ADAMW, SGD, HEAVY_BALL], ids=["adamw", "nesterov", "heavy-ball"])
@pytest.mark.parametrize("clip_norm", [None, 0.5])
def test_fifty_steps_stay_with_float64(optimizer: AdamW | Sgd, clip_norm: float | None) -> None:
    case = Case("layer", optimizer=optimizer, clip_norm=clip_norm)
    engine, exact = engine_of(case), case.exact()
    for number, batch in enumerate(case.batches(50)):
        rate = 0.02 if number < 25 else 0.005
        loss, expected = engine.step(batch, rate, None)[0], exact.step(double(batch), rate, None)[0]
        assert loss.item() == pytest.approx(expected.item(), rel=1e-4)
    for ours, theirs in zip(engine.model.parameters(), exact.model.parameters(), strict=True):
        torch.testing.assert_close(ours.double(), theirs, rtol=1e-3, atol=2e-5)


def test_stochastic_depth_scales_branches() -> None:
    case = Case("block")
    engine, exact = engine_of(case), case.exact()
    (batch,) = case.batches(1)
    scale = torch.rand(case.batch, 4, generator=torch.Generator().manual_seed(0)).round() / 0.5
    loss = engine.step(batch, 0.0, scale)[0]
    assert loss.item() == pytest.approx(exact.step(double(batch), 0.0, scale)[0].item(), rel=2e-6)


@pytest.mark.parametrize("optimizer", [ADAMW, SGD], ids=["adamw", "nesterov"])
def test_a_run_in_a_stack_is_the_run_alone_for_a_hundred_steps(optimizer: AdamW | Sgd) -> None:
    """Each with its own batches and rates; measured here to be the same to the last bit, promised within rounding."""
    cases = tuple(replace(case, optimizer=optimizer, clip_norm=1.0) for case in MEMBERS)
    stack, alone = stack_of(cases), [engine_of(case) for case in cases]
    rates = (0.01, 0.003, 0.02)
    for batches in zip(*(case.batches(100) for case in cases), strict=True):
        losses, _ = stack.step(batches, rates)
        for engine, batch, rate, loss in zip(alone, batches, rates, losses, strict=True):
            assert loss.item() == pytest.approx(engine.step(batch, rate, None)[0].item(), rel=1e-4)
    for engine, model in zip(alone, stack.models, strict=True):
        for ours, theirs in zip(model.parameters(), engine.model.parameters(), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_a_run_can_leave_and_the_others_go_on() -> None:
    stack, whole = stack_of(MEMBERS), stack_of(MEMBERS)
    batches = list(zip(*(case.batches(6) for case in MEMBERS), strict=True))
    for three in batches:
        whole.step(three, [0.01] * 3)
    for three in batches[:3]:
        stack.step(three, [0.01] * 3)
    stack = Stack.of([(stack, 0), (stack, 2)])
    for three in batches[3:]:
        stack.step([three[0], three[2]], [0.01] * 2)
    for ours, theirs in zip(stack.models, (whole.models[0], whole.models[2]), strict=True):
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("optimizer", [ADAMW, SGD], ids=["adamw", "nesterov"])
def test_runs_of_different_age_share_a_stack(optimizer: AdamW | Sgd) -> None:
    case = Case(optimizer=optimizer)
    old, resumed = engine_of(case), stack_of((case, case))
    batches = case.batches(6)
    for batch in batches[:3]:
        old.step(batch, 0.01, None)
    resumed.models[1].load_state_dict(old.model.state_dict())
    resumed.load_optimizer_state(1, old.optimizer_state())
    for batch in batches[3:]:
        old.step(batch, 0.01, None)
        resumed.step([batch, batch], [0.01, 0.01])
    for ours, theirs in zip(resumed.models[1].parameters(), old.model.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_steps_repeat_bit_for_bit() -> None:
    first, again = stack_of(MEMBERS), stack_of(MEMBERS)
    for stack in (first, again):
        for batches in zip(*(case.batches(4) for case in MEMBERS), strict=True):
            stack.step(batches, [0.01] * 3)
    for a, b in zip(first.models, again.models, strict=True):
        assert_same_bits(a, b)


def test_bfloat16_stays_near() -> None:
    case = Case("layer")
    exact = engine_of(case)
    rounded = BatchLastEngine(case.model(), case.recipe().model_copy(update={"precision": "bf16"}), IMAGE, CPU)
    for batch in case.batches(20):
        losses = [engine.step(batch, 0.01, None)[0].item() for engine in (exact, rounded)]
        assert losses[1] == pytest.approx(losses[0], rel=0.02)
    assert all(parameter.dtype == torch.float32 for parameter in rounded.model.parameters())
