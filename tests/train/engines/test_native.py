"""The native engine against the module in float64: gradients, logits, losses; optimizers; resuming."""

import copy
import dataclasses
import gc
import itertools
import math

import pytest
import torch
from torch import Tensor

from pkbench.data.mixing import unmixed
from pkbench.models.mixers import Placement
from pkbench.native.images import Pictures
from pkbench.native.library import UnavailableError, library
from pkbench.spec.train import AdamW, Precision, Sgd
from pkbench.train.engines.native import NativeEngine
from pkbench.train.engines.reference import ReferenceEngine
from tests.native.compiled import threads_here

from .cases import ADAMW, CASES, HEAVY_BALL, IMAGE, SGD, Case, assert_gradients, assert_same_bits, double

try:
    library()
except UnavailableError as error:
    pytest.skip(f"no native engine here: {error}", allow_module_level=True)


def native_of(case: Case) -> NativeEngine:
    return NativeEngine(case.model(), case.recipe(), IMAGE)


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients_loss_and_logits_are_the_modules(case: Case, mixed: bool) -> None:
    native, exact = native_of(case), case.exact()
    (batch,) = case.batches(1, mixed=mixed)
    expected_logits = exact.logits(batch.inputs.double())
    torch.testing.assert_close(native.logits(batch.inputs), expected_logits, rtol=2e-5, atol=2e-6)
    loss, wrong = native.step(batch, 0.0, None)
    expected_loss, expected_wrong = exact.step(double(batch), 0.0, None)
    assert loss.item() == pytest.approx(expected_loss.item(), rel=2e-6)
    assert wrong.item() == expected_wrong.item()
    assert_gradients(native.gradient, exact)


@pytest.mark.parametrize("case", [Case(), Case("layer", gamma=None), Case("block", skip_layer=True, S=12)], ids=str)
@pytest.mark.parametrize(("batch", "threads"), [(1, 1), (3, 2), (8, 2), (11, 1), (24, 3), (65, 1), (100, 2)])
def test_slices_of_any_width_and_what_lies_beside_their_images(case: Case, batch: int, threads: int) -> None:
    """Lines end where a vector does; products go on to the end of a tile, over numbers that must not count."""
    case = dataclasses.replace(case, batch=batch, threads=threads)
    (images,) = case.batches(1)
    exact = case.exact()
    exact.step(double(images), 0.0, None)
    found = []
    for beside in (0.0, math.nan):
        native = native_of(case)
        for part in itertools.chain.from_iterable(native._memory):
            part.fill_(beside)
        native.step(images, 0.0, None)
        found.append(native.gradient)
    gradients = torch.cat(
        [parameter.grad.flatten() for parameter in exact.model.parameters() if parameter.grad is not None]
    )
    # Some are 0 but for rounding: those of what a norm takes away again.
    torch.testing.assert_close(found[0], gradients.float(), rtol=2e-5, atol=1e-7)
    torch.testing.assert_close(found[1], found[0], rtol=0, atol=0)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(("batch", "threads"), [(3, 1), (24, 2), (65, 1), (150, 2)])
def test_of_pictures_it_makes_the_inputs_itself(batch: int, threads: int, precision: Precision) -> None:
    """To the last bit, whatever lay where it makes them."""
    case = Case("layer", skip_layer=True, S=12, batch=batch, threads=threads, precision=precision)
    generator = torch.Generator().manual_seed(3)
    _, pictures, _ = Pictures(
        torch.randint(256, (200, *IMAGE), generator=generator, dtype=torch.uint8),
        torch.randn(IMAGE[0], 256, generator=generator),
        chosen=torch.randint(200, (2 * batch + 1,), generator=generator),
        padding=2,
        corners=torch.randint(5, (2 * batch + 1, 2), generator=generator),
        mirrored=torch.randint(2, (2 * batch + 1,), generator=generator, dtype=torch.bool),
    ).split(batch)
    labels = torch.randint(10, (batch,), generator=generator)
    gradients = []
    for inputs in (pictures, pictures.inputs()):
        native, images = native_of(case), unmixed(inputs, labels)
        for part in itertools.chain.from_iterable(native._memory):
            part.fill_(math.nan)
        native.step(images, 0.0, None)
        assert (images.seconds > 0) == (inputs is pictures)
        gradients.append(native.gradient)
    assert torch.equal(*gradients)
    assert gradients[0].isfinite().all()


@pytest.mark.parametrize("optimizer", [ADAMW, SGD, HEAVY_BALL], ids=["adamw", "nesterov", "heavy-ball"])
@pytest.mark.parametrize("clip_norm", [None, 0.5])
@pytest.mark.parametrize("placement", [None, "layer"])
def test_fifty_steps_stay_with_float64(
    optimizer: AdamW | Sgd, clip_norm: float | None, placement: Placement | None
) -> None:
    case = Case(placement, optimizer=optimizer, clip_norm=clip_norm)
    native, exact = native_of(case), case.exact()
    for number, batch in enumerate(case.batches(50)):
        rate = 0.02 if number < 25 else 0.005
        loss, expected = native.step(batch, rate, None)[0], exact.step(double(batch), rate, None)[0]
        assert loss.item() == pytest.approx(expected.item(), rel=1e-4)
    for ours, theirs in zip(native.model.parameters(), exact.model.parameters(), strict=True):
        torch.testing.assert_close(ours.double(), theirs, rtol=1e-3, atol=2e-5)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("part", [0.25, 0.999, 1.001, 4.0])
def test_clipping_is_torchs(part: float, threads: int) -> None:
    """To a part of the gradient's norm, or to more than it is."""
    whole = native_of(Case("layer", threads=threads))
    (batch,) = Case("layer").batches(1)
    whole.step(batch, 0.0, None)
    norm = whole.gradient.double().norm().item()
    clipped = native_of(Case("layer", threads=threads, clip_norm=part * norm))
    clipped.step(batch, 0.0, None)
    if part > 1:
        assert torch.equal(clipped.gradient, whole.gradient)
    parameter = torch.nn.Parameter(torch.zeros_like(whole.gradient, dtype=torch.float64))
    parameter.grad = whole.gradient.double()
    torch.nn.utils.clip_grad_norm_([parameter], part * norm)
    torch.testing.assert_close(clipped.gradient.double(), parameter.grad, rtol=3e-7, atol=0)


def test_clipping_what_is_no_number_leaves_none() -> None:
    native = native_of(Case("layer", clip_norm=1.0))
    (batch,) = Case("layer").batches(1)
    native.step(unmixed(batch.inputs * math.nan, batch.labels), 0.0, None)
    assert native.gradient.isnan().all()


@pytest.mark.parametrize("optimizer", [ADAMW, SGD], ids=["adamw", "sgd"])
def test_the_optimizers_state_is_torchs_and_goes_on_bit_for_bit(optimizer: AdamW | Sgd) -> None:
    case = Case("block", optimizer=optimizer)
    whole, stopped, resumed = native_of(case), native_of(case), native_of(case)
    batches = case.batches(6)
    for batch in batches:
        whole.step(batch, 0.01, None)
    for batch in batches[:3]:
        stopped.step(batch, 0.01, None)
    state = copy.deepcopy((stopped.model.state_dict(), stopped.optimizer_state()))
    torch_rule = torch.optim.AdamW if isinstance(optimizer, AdamW) else torch.optim.SGD
    torch_rule(resumed.model.parameters(), lr=0.01).load_state_dict(copy.deepcopy(state[1]))
    resumed.model.load_state_dict(state[0])
    resumed.load_optimizer_state(state[1])
    for batch in batches[3:]:
        resumed.step(batch, 0.01, None)
    assert_same_bits(whole.model, resumed.model)


def test_a_run_can_change_its_engine() -> None:
    case = Case("layer")
    batches = case.batches(8)
    native, reference = native_of(case), ReferenceEngine(case.model(), case.recipe(), 0.01, torch.device("cpu"))
    for batch in batches[:4]:
        native.step(batch, 0.01, None)
    reference.model.load_state_dict(native.model.state_dict())
    reference.load_optimizer_state(native.optimizer_state())
    for batch in batches[4:]:
        native.step(batch, 0.01, None)
        reference.step(batch, 0.01, None)
    for ours, theirs in zip(native.model.parameters(), reference.model.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_steps_repeat_bit_for_bit(threads: int) -> None:
    case = Case("layer", threads=threads, batch=100)
    first, again = native_of(case), native_of(case)
    for engine in (first, again):
        for batch in case.batches(5):
            engine.step(batch, 0.01, None)
    assert_same_bits(first.model, again.model)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(
    "case",
    [
        Case("layer", C=21, gamma=3.0, threads=3, optimizer=SGD),
        Case("layer", S=15, C=70, skip_layer=True, threads=2, clip_norm=0.5),
        Case("block", gamma=None, threads=4),
    ],
    ids=str,
)
def test_what_threads_share_of_all_parameters_is_the_same_to_the_last_bit(case: Case, precision: Precision) -> None:
    case = dataclasses.replace(case, precision=precision)
    together, alone = native_of(case), native_of(dataclasses.replace(case, threads=1))
    for batch in case.batches(3):
        assert torch.equal(together.logits(batch.inputs), alone.logits(batch.inputs))
        together.step(batch, 0.01, None)
        if case.clip_norm is None:
            assert torch.equal(together.gradient, collected(together))
        alone.gradient.copy_(together.gradient)
        alone._update(0.01)
        assert_same_bits(together.model, alone.model)


def collected(engine: NativeEngine) -> Tensor:
    """The threads' sums of gradients, added in their order, each where its parameter is."""
    found = torch.full_like(engine.gradient, torch.nan)
    for piece in engine._about.pieces:
        lines = piece.columns if piece.transposed else piece.rows
        parts = [sums[piece.gradient :][: lines * piece.line].view(lines, piece.line) for *_, sums in engine._memory]
        total = sum(parts[1:], parts[0])[:, : piece.rows if piece.transposed else piece.columns]
        where = found[piece.weight :][: piece.rows * piece.columns].view(piece.rows, piece.columns)
        where.copy_(total.T if piece.transposed else total)
    return found


def test_threads_end_with_their_engine() -> None:
    native_of(Case())  # whatever threads come with the first engine
    before = threads_here()
    engine = native_of(Case(threads=4))
    begun = threads_here() - before
    assert len(begun) == 3
    del engine
    gc.collect()
    assert not begun & threads_here()


def test_logits_do_not_depend_on_what_else_is_in_the_batch() -> None:
    engine = native_of(Case())
    inputs = torch.randn(150, *IMAGE, generator=torch.Generator().manual_seed(0))
    together = engine.logits(inputs)
    assert torch.equal(together[70:73], engine.logits(inputs[70:73]))
    assert together.shape == (150, 10)


def test_parameters_of_the_module_are_the_engines() -> None:
    engine = native_of(Case())
    before = copy.deepcopy(engine.model.state_dict())
    (batch,) = Case().batches(1)
    engine.step(batch, 0.01, None)
    changed = [name for name, value in engine.model.state_dict().items() if not torch.equal(value, before[name])]
    assert "classifier.weight" in changed
    assert "token_mixing.0.norm.weight" in changed
    torch.testing.assert_close(engine.logits(batch.inputs), engine.model(batch.inputs), rtol=1e-4, atol=1e-5)


def test_a_loss_that_is_no_number_is_told() -> None:
    case = Case()
    engine = native_of(case)
    (batch,) = case.batches(1)
    with torch.no_grad():
        next(engine.model.parameters()).fill_(float("nan"))
    loss, _ = engine.step(batch, 0.01, None)
    assert not torch.isfinite(loss)


def test_what_it_has_not_is_refused() -> None:
    case = Case()
    with pytest.raises(ValueError, match="stochastic depth"):
        native_of(case).step(case.batches(1)[0], 0.01, torch.ones(case.batch, 4))
