"""The fused engine against the module in float64: on a GPU where there is one, else by Triton's interpreter, on few shapes."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from pkbench.data.mixing import Mixed
from pkbench.train.engines.batch_last.stack import Stack

from .cases import ADAMW, CASES, IMAGE, SGD, Case, assert_gradients, double

pytest.importorskip("triton")

from pkbench.train.engines.fused import joint
from pkbench.train.engines.fused.engine import IN_KERNELS, FusedEngine

ON_GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if ON_GPU else "cpu")
SMALL = Case(S=4, C=5, skip_layer=True, batch=3, depth=1)
FEW = [
    *(replace(SMALL, placement=placement, gamma=gamma) for placement in (None, "layer") for gamma in (None, 2.0)),
    Case("block", S=16, C=6, batch=9, depth=2),
    replace(SMALL, placement="block", activation="relu", bias=False, skip_layer=False, S=16),
    replace(SMALL, placement="layer", gamma=None, activation="linear", layer_norm=False, bias=False),
    replace(SMALL, placement="layer", skip=False, skip_layer=False, S=16),
    replace(SMALL, batch=33, classes=200, smoothing=0.0),
]
MEMBERS = (replace(SMALL, seed=1), replace(SMALL, placement="layer", seed=2), replace(SMALL, placement="block", seed=3))


def moved(batch: Mixed) -> Mixed:
    inputs, labels, partners = (tensor.to(DEVICE) for tensor in (batch.inputs, batch.labels, batch.partners))
    return Mixed(inputs, labels, partners, batch.share)


def fused(*cases: Case, precision: str = "fp32") -> Stack:
    recipe = cases[0].recipe().model_copy(update={"precision": precision})
    return Stack([case.model() for case in cases], recipe, IMAGE, DEVICE, IN_KERNELS)


def assert_close_on_cpu(ours: Tensor, theirs: Tensor, rtol: float, atol: float) -> None:
    torch.testing.assert_close(ours.cpu().double(), theirs.cpu().double(), rtol=rtol, atol=atol)


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("case", [*CASES, *FEW] if ON_GPU else FEW, ids=str)
def test_gradients_loss_and_logits_are_the_modules(case: Case, mixed: bool) -> None:
    stack, exact = fused(case), case.exact()
    (batch,) = case.batches(1, mixed=mixed)
    logits = stack.logits(0, batch.inputs.to(DEVICE))
    assert_close_on_cpu(logits, exact.logits(batch.inputs.double()), rtol=2e-5, atol=3e-6)
    losses, wrong = stack.step([moved(batch)], [0.0])
    loss, expected_wrong = exact.step(double(batch), 0.0, None)
    assert losses.tolist() == pytest.approx([loss.item()], rel=2e-6)
    assert wrong.tolist() == [expected_wrong.item()]
    assert_gradients(stack.gradient[0].cpu(), exact)


@pytest.mark.parametrize("case", [FEW[3], *FEW[5:7]], ids=str)
def test_gradients_where_channels_do_not_fit_a_program(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joint, "_MOST_ROWS", 2)
    monkeypatch.setattr(joint, "_MANY", joint._MANY | {"ROWS": 4})
    stack, exact = fused(case), case.exact()
    (batch,) = case.batches(1)
    losses, _ = stack.step([moved(batch)], [0.0])
    assert losses.item() == pytest.approx(exact.step(double(batch), 0.0, None)[0].item(), rel=2e-6)
    assert_gradients(stack.gradient[0].cpu(), exact)


def test_stochastic_depth_scales_branches() -> None:
    case = FEW[4]
    stack, exact = fused(case), case.exact()
    (batch,) = case.batches(1)
    scale = torch.rand(case.batch, 4, generator=torch.Generator().manual_seed(0)).round() / 0.5
    losses, _ = stack.step([moved(batch)], [0.0], [scale.to(DEVICE)])
    assert losses.item() == pytest.approx(exact.step(double(batch), 0.0, scale)[0].item(), rel=2e-6)
    assert_gradients(stack.gradient[0].cpu(), exact)


@pytest.mark.parametrize("optimizer", [ADAMW, SGD], ids=["adamw", "nesterov"])
def test_a_run_in_a_stack_stays_with_float64(optimizer) -> None:  # type: ignore[no-untyped-def]
    """On a GPU the steps after the second are replays of a recording, each with its own batch and rate."""
    cases = tuple(replace(case, optimizer=optimizer, clip_norm=1.0) for case in MEMBERS)
    stack, exact = fused(*cases), [case.exact() for case in cases]
    for number, batches in enumerate(zip(*(case.batches(50 if ON_GPU else 2) for case in cases), strict=True)):
        rates = [0.01 / (1 + number), 0.003, 0.02]
        losses, _ = stack.step([moved(batch) for batch in batches], rates)
        for engine, batch, rate, loss in zip(exact, batches, rates, losses, strict=True):
            assert loss.item() == pytest.approx(engine.step(double(batch), rate, None)[0].item(), rel=1e-4)
    for model, engine in zip(stack.models, exact, strict=True):
        for ours, theirs in zip(model.parameters(), engine.model.parameters(), strict=True):
            assert_close_on_cpu(ours, theirs, rtol=1e-3, atol=2e-5)


def test_bfloat16_stays_near() -> None:
    exact, rounded = fused(MEMBERS[1]), fused(MEMBERS[1], precision="bf16")
    for batch in MEMBERS[1].batches(20 if ON_GPU else 2):
        losses = [stack.step([moved(batch)], [0.01])[0].item() for stack in (exact, rounded)]
        assert losses[1] == pytest.approx(losses[0], rel=0.03)
    assert all(parameter.dtype == torch.float32 for parameter in rounded.models[0].parameters())


def test_a_smaller_batch_and_evaluation_between_steps() -> None:
    """On a GPU each size of a batch has its recording, all in one piece of memory."""
    case = MEMBERS[1]
    stack, exact = fused(case), case.exact()
    for batch in case.batches(6 if ON_GPU else 2):
        part = Mixed(batch.inputs[:2], batch.labels[:2], batch.partners[:2], 1.0)
        for each in (batch, part):
            loss = stack.step([moved(each)], [0.01])[0]
            assert loss.item() == pytest.approx(exact.step(double(each), 0.01, None)[0].item(), rel=1e-4)
            logits = stack.logits(0, each.inputs.to(DEVICE))
            assert_close_on_cpu(logits, exact.logits(each.inputs.double()), rtol=1e-3, atol=1e-4)


def test_its_name_is_recorded() -> None:
    assert FusedEngine(SMALL.model(), SMALL.recipe(), IMAGE, DEVICE).name == "fused"


@pytest.mark.parametrize(
    "case",
    [*CASES, *FEW, *(Case("layer", 4.0, S=16, C=C, batch=257) for C in (300, 600))] if ON_GPU else FEW[3:5],
    ids=str,
)
def test_gradients_in_bfloat16(case: Case) -> None:
    stack, exact = fused(case, precision="bf16"), case.exact()
    (batch,) = case.batches(1)
    stack.step([moved(batch)], [0.0])
    exact.step(double(batch), 0.0, None)
    expected = torch.cat([p.grad.flatten() for p in exact.model.parameters() if p.grad is not None])
    difference = (stack.gradient[0].cpu().double() - expected).norm() / expected.norm()
    # Rounding turns some of ReLU's signs.
    assert difference < (0.06 if case.activation == "relu" else 0.03)


def test_every_launch_says_how_it_rounds() -> None:
    launches = [
        call
        for path in Path(joint.__file__).parent.glob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Subscript)
    ]
    assert len(launches) == 9
    for call in launches:
        assert "ROUNDING" in [ast.unparse(word.value) for word in call.keywords if word.arg is None], ast.unparse(call)
