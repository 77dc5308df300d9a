from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkbench.models.structured import StructuredLinear, StructuredMixer
from pkbench.sizes.base import Shape
from pkbench.sizes.mixer import MixerShape
from pkbench.sizes.structured import StructuredShape
from pkbench.structures.base import Slot
from pkbench.structures.factors import Factor
from pkbench.structures.registry import STRUCTURES
from tests.structures.reference import explicit

every_structure = pytest.mark.parametrize("name", STRUCTURES)
COUNTS = [name for name in vars(Shape) if isinstance(vars(Shape)[name], property)]


@st.composite
def shapes(draw: st.DrawFn) -> StructuredShape:
    size = st.integers(1, 5)
    S0, skip_layer = draw(size), draw(st.booleans())
    return StructuredShape(
        S0=S0,
        C0=draw(size),
        S=draw(size) if skip_layer else S0,
        C=draw(size),
        depth=draw(st.integers(1, 3)),
        gamma=draw(st.sampled_from([None, 1.0, 2.0, 1.5])),
        structure="kronecker",
        classes=draw(size),
        bias=draw(st.booleans()),
        skip_layer=skip_layer,
        layer_norm=draw(st.booleans()),
    )


def mixer_of(shape: StructuredShape) -> MixerShape:
    return MixerShape(
        S0=shape.S0,
        C0=shape.C0,
        S=shape.S,
        C=shape.C,
        depth=shape.depth,
        gamma_S=shape.gamma,
        gamma_C=shape.gamma,
        classes=shape.classes,
        bias=shape.bias,
        skip_layer=shape.skip_layer,
        layer_norm=shape.layer_norm,
    )


@given(shape=shapes())
def test_with_kronecker_weights_every_count_is_the_mixers(shape: StructuredShape) -> None:
    mixer = mixer_of(shape)
    assert shape.gamma == mixer.gamma
    for count in set(COUNTS) - {"gamma"}:
        assert getattr(shape, count) == pytest.approx(getattr(mixer, count), rel=1e-12), count
    assert shape.mismatch == 0


@given(shape=shapes())
def test_untying_the_weights_changes_parameters_alone(shape: StructuredShape) -> None:
    tied, untied = shape, replace(shape, structure="block-diagonal")
    for count in COUNTS:
        if count != "parameters":
            assert getattr(tied, count) == getattr(untied, count), count
    assert tied.parameters <= untied.parameters


@every_structure
@settings(max_examples=25)
@given(shape=shapes())
def test_counts_are_those_of_the_module(name: str, shape: StructuredShape) -> None:
    shape = replace(shape, structure=name)
    model = StructuredMixer(shape, 1, activation="gelu", skip=True)
    model.initialize("torch-linear", 0)
    assert sum(parameter.numel() for parameter in model.parameters()) == shape.parameters
    nonzero = 0
    for layer in model.modules():
        if isinstance(layer, StructuredLinear):
            weights = list(layer.weights)
            for factor in layer.factors:
                if factor.parameters:
                    nonzero += int((explicit(factor, weights.pop(0)) != 0).sum())
    if shape.skip_layer:
        nonzero += shape.C * model.first_skip.weight.numel()
    assert nonzero == shape.block_connections
    assert nonzero + shape.S0 * model.embed.weight.numel() == shape.connections


@every_structure
def test_it_answers_what_every_shape_answers(name: str) -> None:
    shape = StructuredShape(64, 48, 64, 20, 2, 1.5, name, 10, bias=True, skip_layer=True, layer_norm=True)
    assert isinstance(shape, Shape)
    assert shape.width == 64 * 20 * 1.5
    assert shape.mismatch < 0.05


def test_mismatch_is_that_of_the_worst_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    """At S = C = 4 a slot of 64 connections, but the first block's token mixing has 8 input tokens and 128."""
    half = STRUCTURES["block-diagonal"]

    def lopsided(slot: Slot) -> tuple[Factor, ...]:
        wanted = slot.connections if slot.n_in == slot.n_out else slot.connections // 2
        return half(Slot(slot.n_in, slot.n_out, slot.groups, wanted))

    monkeypatch.setitem(STRUCTURES, "lopsided", lopsided)
    shape = StructuredShape(8, 3, 4, 4, 2, None, "lopsided", 10, bias=True, skip_layer=True, layer_norm=True)
    assert shape.mismatch == 0.5
    assert replace(shape, S0=4).mismatch == 0


def test_low_rank_by_hand() -> None:
    """S = C = 6, one layer a block: 216 connections wanted, 72 a rank, so rank 3 exactly."""
    shape = StructuredShape(6, 2, 6, 6, 1, None, "low-rank", 10, bias=False, skip_layer=False, layer_norm=True)
    assert (shape.omega, shape.p, shape.mismatch) == (216, 1 / 6, 0)
    # Per-patch 2*6; two layers of 216; two norms of 12; head 12 + 60 + 10.
    assert shape.parameters == 12 + 432 + 24 + 82
    # Patches 6*2 and features 36; per block the norm's input, both factors' inputs (36 + 3), phi's input; head 2 * 36.
    assert shape.activation_floats == 12 + 36 + 2 * (36 + 36 + 3 + 36) + 72
