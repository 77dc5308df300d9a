"""The native engine in bf16 against the module in float64 with operands rounded as it rounds them, and against autocast."""

import dataclasses
import itertools
import math
import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from pkbench.native.library import UnavailableError, find_compiler, library
from pkbench.spec.train import Precision
from pkbench.train.engines.native import NativeEngine
from pkbench.train.engines.reference import ReferenceEngine

from .cases import CASES, HEAVY_BALL, IMAGE, Case, RoundedOperands, assert_same_bits, double

try:
    library()
except UnavailableError as error:
    pytest.skip(f"no native engine here: {error}", allow_module_level=True)

ROUNDING = 2.0**-9
"""Largest relative error of a number rounded to bfloat16."""


ODD = [
    Case(placement, 1.0, S=15, C=21, skip_layer=True, activation=kind)
    for placement in (None, "layer")
    for kind in ("gelu", "relu")
]
"""Hidden layers of odd numbers of lines, of which one is alone."""


def rounding(case: Case) -> Case:
    return dataclasses.replace(case, precision="bf16")


def native_of(case: Case) -> NativeEngine:
    return NativeEngine(case.model(), rounding(case).recipe(), IMAGE)


def twin_of(case: Case) -> ReferenceEngine:
    """The module in float64."""
    return ReferenceEngine(case.model().double(), case.recipe(), 0.01, torch.device("cpu"))


def distance(ours: Tensor, theirs: Tensor) -> float:
    return float(torch.linalg.vector_norm(ours.double() - theirs) / torch.linalg.vector_norm(theirs))


def gradient(model: nn.Module) -> Tensor:
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters() if parameter.grad is not None])


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("case", [*CASES, *ODD], ids=str)
def test_logits_and_gradients_are_those_of_rounded_operands(case: Case, mixed: bool) -> None:
    native, twin = native_of(case), twin_of(case)
    (batch,) = case.batches(1, mixed=mixed)
    logits = native.logits(batch.inputs)
    with RoundedOperands(twin.model):
        expected = twin.logits(batch.inputs.double())
        loss, _ = twin.step(double(batch), 0.0, None)
    # Sums in float32 come out next to the middle of two bfloat16 now and then, and go the other way than in float64.
    assert distance(logits, expected) < ROUNDING / (4 if case.skip else 2)
    ours, _ = native.step(batch, 0.0, None)
    assert ours.item() == pytest.approx(loss.item(), rel=ROUNDING / 4)
    # The twin does not round what comes back. With ReLU a sum that is rounded to the other side of zero has another slope.
    assert distance(native.gradient, gradient(twin.model)) < (20 if case.activation == "relu" else 3) * ROUNDING


@pytest.mark.parametrize("case", [Case(), Case("layer"), Case("block", None), Case("layer", 4.0, C=64)], ids=str)
def test_it_is_closer_to_float64_than_autocast(case: Case) -> None:
    native, exact = native_of(case), case.exact()
    autocast = ReferenceEngine(case.model(), rounding(case).recipe(), 0.01, torch.device("cpu"))
    (batch,) = case.batches(1)
    for engine in (native, autocast):
        engine.step(batch, 0.0, None)
    exact.step(double(batch), 0.0, None)
    expected = gradient(exact.model)
    assert distance(native.gradient, expected) < distance(gradient(autocast.model), expected) < 0.05


@pytest.mark.parametrize(
    "case",
    [
        Case("layer", 2.0, C=21, S=15, skip_layer=True),
        Case("layer", gamma=None, C=21),
        Case("block", skip_layer=True, S=12),
    ],
    ids=str,
)
@pytest.mark.parametrize(("batch", "threads"), [(1, 1), (3, 2), (11, 1), (40, 1), (65, 1), (100, 2)])
def test_what_lies_beside_images_and_odd_lines_does_not_count(case: Case, batch: int, threads: int) -> None:
    """Lines are paired: beside the last one of an odd number there must be zeros, whatever was there before."""
    case = dataclasses.replace(case, batch=batch, threads=threads)
    (images,) = case.batches(1)
    found = []
    for beside in (0.0, math.nan):
        native = native_of(case)
        for part in (native._matrices, *itertools.chain.from_iterable(native._memory)):
            part.fill_(beside)
        logits = native.logits(images.inputs)
        native.step(images, 0.0, None)
        found.append(torch.cat([logits.flatten(), native.gradient]))
    assert torch.isfinite(found[0]).all()
    assert torch.equal(found[1], found[0])


@pytest.mark.parametrize("case", [Case(), Case("layer", optimizer=HEAVY_BALL)], ids=str)
def test_fifty_steps_stay_with_float64_and_with_autocast(case: Case) -> None:
    native, exact = native_of(case), case.exact()
    autocast = ReferenceEngine(case.model(), rounding(case).recipe(), 0.01, torch.device("cpu"))
    found = []
    for number, batch in enumerate(case.batches(50)):
        rate = 0.02 if number < 25 else 0.005
        found.append(
            [engine.step(batch, rate, None)[0].item() for engine in (native, autocast)]
            + [exact.step(double(batch), rate, None)[0].item()]
        )
    ours, theirs, truth = torch.tensor(found, dtype=torch.float64).T
    assert (ours / truth - 1).abs().max() < 0.02
    assert (ours / theirs - 1).abs().max() < 0.04


@pytest.mark.parametrize("threads", [1, 3])
def test_steps_repeat_and_evaluations_change_nothing(threads: int) -> None:
    case = Case("layer", threads=threads, batch=100)
    first, again = native_of(case), native_of(case)
    for batch in case.batches(5):
        first.step(batch, 0.01, None)
        again.logits(batch.inputs)
        again.step(batch, 0.01, None)
    assert_same_bits(first.model, again.model)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(
    "case",
    [
        Case(),
        Case("layer"),
        Case("block", skip_layer=True, S=12),
        Case("layer", gamma=None, C=21),
        Case("layer", C=21, S=15, skip_layer=True),
    ],
    ids=str,
)
def test_logits_are_the_same_beside_training(case: Case, precision: Precision) -> None:
    """They use the memory of a step without what a backward pass would need, one block after another."""
    case = dataclasses.replace(case, precision=precision)
    (batch,) = case.batches(1)
    fresh, used = (NativeEngine(case.model(), case.recipe(), IMAGE) for _ in range(2))
    for part in itertools.chain.from_iterable(used._memory):
        part.fill_(math.nan)
    first = used.logits(batch.inputs)
    assert torch.equal(first, fresh.logits(batch.inputs))
    used.step(batch, 0.0, None)
    fresh.step(batch, 0.0, None)
    assert torch.equal(used.gradient, fresh.gradient)
    assert torch.equal(used.logits(batch.inputs), first)
    with torch.inference_mode():
        expected = case.model().double().eval()(batch.inputs.double())
    assert distance(first, expected) < (1e-5 if precision == "fp32" else 0.02)


def test_logits_are_of_the_parameters_as_they_are() -> None:
    engine = native_of(Case())
    (batch,) = Case().batches(1)
    before = engine.logits(batch.inputs)
    engine.step(batch, 0.1, None)
    after = engine.logits(batch.inputs)
    assert not torch.allclose(before, after)
    assert torch.equal(after, native_from(engine).logits(batch.inputs))


def native_from(engine: NativeEngine) -> NativeEngine:
    other = native_of(Case(seed=6))
    other.model.load_state_dict(engine.model.state_dict())
    return other


_EMULATED = """
import sys, torch
from tests.train.engines.cases import Case
from tests.train.engines.test_native_bf16 import native_of, test_logits_and_gradients_are_those_of_rounded_operands
found = []
for kind in ("gelu", "linear"):
    case = Case("layer", batch=70, activation=kind)
    test_logits_and_gradients_are_those_of_rounded_operands(case, False)
    engine = native_of(case)
    (batch,) = case.batches(1)
    engine.step(batch, 0.0, None)
    found.append(engine.gradient)
torch.save(found, sys.argv[1])
"""


def test_a_processor_without_bf16_computes_the_same_up_to_the_order_of_sums(tmp_path: Path) -> None:
    """By the compiler's most general target, whatever is here.

    Each is held against its twin, too: the GELU here may be a coarse one, with which some numbers round the other way.
    """
    compiler = tmp_path / "cc"
    general = "-march=x86-64" if platform.machine() == "x86_64" else ""
    compiler.write_text(f'#!/bin/sh\nexec {shlex.join(find_compiler())} "$@" {general}\n')
    compiler.chmod(0o755)
    environment = {**os.environ, "CC": str(compiler), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    root = Path(__file__).resolve().parents[3]
    subprocess.run(
        [sys.executable, "-c", _EMULATED, str(tmp_path / "found.pt")],
        check=True,
        env=environment,
        cwd=root,
        timeout=240,
    )
    for kind, found in zip(("gelu", "linear"), torch.load(tmp_path / "found.pt", weights_only=True), strict=True):
        case = Case("layer", batch=70, activation=kind)
        test_logits_and_gradients_are_those_of_rounded_operands(case, False)
        engine = native_of(case)
        (batch,) = case.batches(1)
        engine.step(batch, 0.0, None)
        coarse = kind == "gelu" and library().pk_lanes() == 16
        assert distance(found, engine.gradient.double()) < (2 if coarse else 0.5) * ROUNDING
