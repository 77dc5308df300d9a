"""The reference engine where memory does not hold a batch: parts of it, one after another, with the gradient of the whole."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pkbench.data.mixing import Mixed
from pkbench.train.engines.reference import ReferenceEngine

from .cases import Case, assert_same_bits, double

CPU = torch.device("cpu")
CASE = Case("layer", batch=40)


def engine(parts: int | None, case: Case = CASE) -> ReferenceEngine:
    return ReferenceEngine(case.model().double(), case.recipe(), 0.01, CPU, parts)


def gradients(model: nn.Module) -> list[Tensor]:
    return [parameter.grad for parameter in model.parameters() if parameter.grad is not None]


@pytest.fixture
def in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses too, which the engine computes in float32."""
    monkeypatch.setattr(Tensor, "float", Tensor.double)


@pytest.mark.parametrize("parts", [2, 3, 7, 40, 1000])
@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("clip_norm", [None, 0.1])
def test_parts_have_the_gradient_of_the_whole_batch(
    in_float64: None, parts: int, mixed: bool, clip_norm: float | None
) -> None:
    case = dataclasses.replace(CASE, clip_norm=clip_norm)
    whole, divided = engine(1, case), engine(parts, case)
    for batch in map(double, case.batches(3, mixed=mixed)):
        outcomes = [each.step(batch, 0.01, None) for each in (whole, divided)]
        torch.testing.assert_close(outcomes[1][0], outcomes[0][0], rtol=1e-12, atol=0.0)
        assert torch.equal(outcomes[1][1], outcomes[0][1])
        assert len(gradients(divided.model)) == len(gradients(whole.model)) > 0
        for mine, theirs in zip(gradients(divided.model), gradients(whole.model), strict=True):
            torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-13)
    for mine, theirs in zip(divided.model.parameters(), whole.model.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-12)


def test_each_image_keeps_its_factors_of_stochastic_depth(in_float64: None) -> None:
    (batch,) = map(double, CASE.batches(1))
    scale = torch.rand(40, 2 * CASE.depth, generator=torch.Generator().manual_seed(0)).double()
    whole, divided = engine(1), engine(3)
    for each in (whole, divided):
        each.step(batch, 0.01, scale)
    for mine, theirs in zip(gradients(divided.model), gradients(whole.model), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-13)


def test_logits_of_parts_are_those_of_all(in_float64: None) -> None:
    (batch,) = map(double, CASE.batches(1))
    torch.testing.assert_close(engine(3).logits(batch.inputs), engine(1).logits(batch.inputs), rtol=1e-12, atol=0.0)


class Scarce:
    """Lets a model compute up to ``most`` images at once, and says like PyTorch on a GPU, or on a CPU, that memory ran out."""

    def __init__(self, model: nn.Module, most: int, error: Callable[[], Exception]) -> None:
        self.most = most
        self.error = error
        self.seen: list[int] = []
        model.register_forward_pre_hook(self)

    def __call__(self, _model: nn.Module, inputs: tuple[Any, ...]) -> None:
        self.seen.append(len(inputs[0]))
        if self.seen[-1] > self.most:
            raise self.error()


CUDA_FULL = "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 23.64 GiB"
HOST_FULL = (
    "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate"
)


@pytest.mark.parametrize(
    "error",
    [lambda: torch.OutOfMemoryError(CUDA_FULL), lambda: RuntimeError(HOST_FULL), MemoryError],
    ids=["cuda", "host", "python"],
)
def test_what_does_not_fit_is_divided_until_it_does(error: Callable[[], Exception]) -> None:
    scarce, plenty = engine(None), engine(1)
    watched = Scarce(scarce.model, 12, error)
    for batch in map(double, CASE.batches(2)):
        scarce.step(batch, 0.01, None)
        plenty.step(batch, 0.01, None)
    assert scarce.parts == 4
    assert watched.seen == [40, 20, 10, 10, 10, 10, 10, 10, 10, 10], "the second batch begins as the first ended"
    for mine, theirs in zip(scarce.model.parameters(), plenty.model.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-6, atol=1e-9)
    watched.most = 4
    assert scarce.logits(double(CASE.batches(1)[0]).inputs).shape == (40, 10)
    assert scarce.parts == 16


def test_a_failure_in_the_middle_of_a_batch_leaves_nothing_of_it_in_the_gradient() -> None:
    """Memory may run out in a later part, when earlier ones have left theirs."""
    scarce, whole = engine(None), engine(1)
    calls = []

    def hook(_model: nn.Module, inputs: tuple[Any, ...]) -> None:
        calls.append(len(inputs[0]))
        if len(calls) in (1, 3):
            raise torch.OutOfMemoryError(CUDA_FULL)

    scarce.model.register_forward_pre_hook(hook)
    (batch,) = map(double, CASE.batches(1))
    scarce.step(batch, 0.01, None)
    whole.step(batch, 0.01, None)
    assert calls == [40, 20, 20, *[10] * 4]
    for mine, theirs in zip(gradients(scarce.model), gradients(whole.model), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-8)


def test_other_errors_and_single_images_are_not_divided() -> None:
    (batch,) = map(double, CASE.batches(1))
    for parts, most, error in [
        (None, 0, lambda: torch.OutOfMemoryError(CUDA_FULL)),
        (None, 20, lambda: RuntimeError("shapes do not fit")),
        (1, 20, lambda: torch.OutOfMemoryError(CUDA_FULL)),
    ]:
        made = engine(parts)
        Scarce(made.model, most, error)
        with pytest.raises(RuntimeError):
            made.step(batch, 0.01, None)


def test_one_part_is_what_it_was_before_there_were_parts() -> None:
    """Bit for bit: ids of runs do not say in how many parts batches are computed."""
    case = dataclasses.replace(CASE, batch=16)
    plain = ReferenceEngine(case.model(), case.recipe(), 0.01, CPU)
    automatic = ReferenceEngine(case.model(), case.recipe(), 0.01, CPU, None)
    for batch in case.batches(3):
        for each in (plain, automatic):
            each.step(Mixed(batch.inputs, batch.labels, batch.partners, batch.share), 0.01, None)
    assert_same_bits(plain.model, automatic.model)
    assert (plain.parts, automatic.parts) == (1, 1)


class Normalising(nn.Module):
    """Two layers with BatchNorm between them, as an S-FC has it."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Flatten(), nn.LazyLinear(12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 10))

    def forward(self, images: Tensor) -> Tensor:
        found: Tensor = self.layers(images)
        return found


@pytest.mark.parametrize("parts", [4, None])
def test_a_model_that_normalises_over_a_batch_is_never_divided(parts: int | None) -> None:
    """Bit for bit what it is in one piece, its running means too: on parts it would be another model."""
    batches = CASE.batches(3)
    engines = []
    for wanted in (1, parts):
        model = Normalising()
        model(batches[0].inputs)
        engines.append(ReferenceEngine(model, CASE.recipe(), 0.01, CPU, wanted))
    for batch in batches:
        for each in engines:
            each.step(Mixed(batch.inputs, batch.labels, batch.partners, batch.share), 0.01, None)
    assert_same_bits(engines[0].model, engines[1].model)
    for mine, theirs in zip(engines[0].model.buffers(), engines[1].model.buffers(), strict=True):
        assert torch.equal(mine, theirs)
    assert engines[1].parts is None


def test_memory_that_runs_out_is_no_reason_to_divide_it() -> None:
    (batch,) = CASE.batches(1)
    model = Normalising()
    model(batch.inputs)
    made = ReferenceEngine(model, CASE.recipe(), 0.01, CPU, None)
    Scarce(made.model, 10, lambda: torch.OutOfMemoryError(CUDA_FULL))
    with pytest.raises(torch.OutOfMemoryError):
        made.step(batch, 0.01, None)
    assert made.parts is None
