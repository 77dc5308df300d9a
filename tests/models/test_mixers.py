import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pkbench.models.initial import initialize
from pkbench.models.mixers import Mixer, Mixing
from pkbench.models.permutation import Commutation, Identity, Shuffle
from pkbench.sizes.mixer import MixerShape
from tests.models.reference import ReferenceMixer


def make(shape: MixerShape, patch: int, placement: str | None, seed: int = 0) -> tuple[Mixer, Mixing]:
    mixing = Mixing(placement, seed)  # type: ignore[arg-type]
    model = Mixer(shape, patch, mixing, activation="gelu", skip=True)
    initialize(model, "torch-linear", seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name:
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(len(name))))
    return model.double(), mixing


@st.composite
def cases(draw: st.DrawFn) -> tuple[MixerShape, int, str | None]:
    patch = draw(st.integers(1, 2))
    grid = (draw(st.integers(1, 2)), draw(st.integers(1, 3)))
    colours = draw(st.sampled_from([1, 3]))
    S0 = grid[0] * grid[1]
    skip_layer = draw(st.booleans())
    gamma_S = draw(st.sampled_from([None, 1.0, 2.0, 1.5]))
    shape = MixerShape(
        S0=S0,
        C0=colours * patch * patch,
        S=draw(st.integers(1, 5)) if skip_layer else S0,
        C=draw(st.integers(1, 5)),
        depth=draw(st.integers(1, 2)),
        gamma_S=gamma_S,
        gamma_C=draw(st.sampled_from([1.0, 0.5])) if gamma_S else None,
        classes=3,
        bias=draw(st.booleans()),
        skip_layer=skip_layer,
    )
    return shape, patch, draw(st.sampled_from([None, "block", "layer"]))


@settings(max_examples=60, deadline=None)
@given(case=cases(), data=st.data())
def test_value_and_gradients_equal_the_papers_equations(
    case: tuple[MixerShape, int, str | None], data: st.DataObject
) -> None:
    shape, patch, placement = case
    model, mixing = make(shape, patch, placement)
    colours = shape.C0 // patch**2
    rows = data.draw(st.sampled_from([d for d in range(1, shape.S0 + 1) if shape.S0 % d == 0]))
    torch.manual_seed(0)
    images = torch.randn(2, colours, rows * patch, shape.S0 // rows * patch, dtype=torch.float64)
    direction = torch.randn(2, 3, dtype=torch.float64)

    fast = model(images)
    fast.backward(direction)
    gradients = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}
    model.zero_grad()
    slow = ReferenceMixer(model, shape, mixing)(images)
    slow.backward(direction)

    torch.testing.assert_close(fast, slow, rtol=1e-9, atol=1e-10)
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(
            gradients[name], parameter.grad, rtol=1e-8, atol=1e-9, msg=lambda m, n=name: f"{n}: {m}"
        )


@settings(max_examples=40, deadline=None)
@given(case=cases())
def test_counts_equal_what_the_module_has(case: tuple[MixerShape, int, str | None]) -> None:
    shape, patch, placement = case
    model, _ = make(shape, patch, placement)
    assert sum(p.numel() for p in model.parameters()) == shape.parameters
    blocks = [*model.token_mixing, *model.channel_mixing]
    nonzero = sum(int((layer.to_dense() != 0).sum()) for block in blocks for layer in block.layers)
    if shape.skip_layer:
        nonzero += shape.C * model.first_skip.weight.numel()
    assert nonzero == shape.block_connections
    assert nonzero + shape.S0 * model.embed.weight.numel() == shape.connections


def test_channel_mixing_of_a_normal_mixer_moves_nothing() -> None:
    shape = MixerShape(S0=4, C0=4, S=4, C=6, depth=1, gamma_S=2.0, gamma_C=2.0, classes=3, bias=True, skip_layer=False)
    model, _ = make(shape, 2, None)
    layers = model.channel_mixing[0].layers
    assert [type(p.permutation) for layer in layers for p in (layer.J1, layer.J2)] == [Identity] * 4
    tokens = model.token_mixing[0].layers
    assert tokens[0].J1.permutation == Commutation(6, 4)
    assert tokens[1].J2.permutation == Commutation(4, 6)


@pytest.mark.parametrize(("placement", "inner"), [("block", Identity), ("layer", Shuffle)])
def test_both_readings_of_rp_placement(placement: str, inner: type) -> None:
    shape = MixerShape(S0=4, C0=4, S=4, C=6, depth=2, gamma_S=2.0, gamma_C=2.0, classes=3, bias=True, skip_layer=False)
    model, _ = make(shape, 2, placement)
    for block in [*model.token_mixing, *model.channel_mixing]:
        first, last = block.layers
        assert isinstance(first.J1.permutation, Shuffle)
        assert isinstance(last.J2.permutation, Shuffle)
        assert isinstance(last.J1.permutation, inner)
        assert isinstance(first.J2.permutation, Identity)


def test_every_permutation_of_a_model_is_its_own() -> None:
    shape = MixerShape(
        S0=4, C0=4, S=4, C=6, depth=2, gamma_S=None, gamma_C=None, classes=3, bias=True, skip_layer=False
    )
    model, mixing = make(shape, 2, "layer")
    del model
    draws = [
        tuple(mixing.draw(24, block, side, name).index.tolist())
        for block in range(2)
        for side in ("tokens", "channels")
        for name in ("first J1", "last J2")
    ]
    assert len(set(draws)) == len(draws)


def test_bfloat16_autocast_stays_close() -> None:
    shape = MixerShape(
        S0=16, C0=12, S=16, C=32, depth=2, gamma_S=2.0, gamma_C=2.0, classes=10, bias=True, skip_layer=False
    )
    model, _ = make(shape, 2, "layer")
    model = model.float()
    images = torch.randn(8, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    exact = model(images)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = model(images).float()
    assert (exact - rounded).abs().max() < 0.05 * exact.abs().max()
