import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from pkbench.models.mixers import Mixer, Mixing
from pkbench.models.structured import StructuredBlock, StructuredLinear, StructuredMixer
from pkbench.sizes.mixer import MixerShape
from pkbench.sizes.structured import StructuredShape
from pkbench.structures.base import Slot
from pkbench.structures.factors import Blocks, Commute, Factor, Shared, Toeplitz
from pkbench.structures.registry import STRUCTURES
from tests.models.reference import commutation_matrix, cut_patches, gelu, layer_norm, unvec, vec
from tests.structures.reference import explicit_product

small = st.integers(1, 4)
every_structure = pytest.mark.parametrize("name", STRUCTURES)
SHAPE = StructuredShape(4, 12, 4, 6, 2, 2.0, "kronecker", 3, bias=True, skip_layer=False, layer_norm=True)


def make_layer(factors: tuple[Factor, ...], *, bias: bool = True) -> StructuredLinear:
    layer = StructuredLinear(factors, bias=bias)
    layer.initialize(0, "layer", "torch-linear")
    return layer.double()


def make_mixer(shape: StructuredShape, patch: int = 2, *, skip: bool = True) -> StructuredMixer:
    model = StructuredMixer(shape, patch, activation="gelu", skip=skip)
    model.initialize("torch-linear", 0)
    disturb_norms(model)
    return model.double()


def disturb_norms(model: torch.nn.Module) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name:
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(len(name))))


def compare(
    fast: Callable[[Tensor], Tensor], slow: Callable[[Tensor], Tensor], x: Tensor, wanted: list[Tensor]
) -> None:
    """Values, and gradients of the input and of ``wanted``."""
    x = x.requires_grad_()
    direction = torch.randn_like(fast(x))
    torch.testing.assert_close(fast(x), slow(x), rtol=1e-9, atol=1e-11)
    for a, b in zip(*(torch.autograd.grad(f(x), [x, *wanted], direction) for f in (fast, slow)), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-10)


chains = st.one_of(
    st.builds(lambda *sizes: (Blocks(*sizes),), small, small, small),
    st.builds(lambda *sizes: (Shared(*sizes),), small, small, small),
    st.builds(lambda g, r, c, d: (Blocks(g, r, c), Commute(r, g), Shared(g, d, r)), small, small, small, small),
    st.builds(
        lambda size, taps, r, c: (Commute(size, c), Toeplitz(size, r, c, min(size, taps)), Commute(r, size)),
        st.integers(1, 9),
        st.integers(1, 9),
        small,
        small,
    ),
)


@given(factors=chains, bias=st.booleans())
def test_layer_equals_the_explicit_product(factors: tuple[Factor, ...], bias: bool) -> None:
    layer = make_layer(factors, bias=bias)
    weights = list(layer.weights)
    torch.testing.assert_close(layer.to_dense(), explicit_product(factors, weights), rtol=1e-12, atol=1e-12)

    def slow(x: Tensor) -> Tensor:
        y = x @ explicit_product(factors, weights).T
        if layer.bias is None:
            return y
        return y + layer.bias.repeat(y.shape[1] // layer.bias.numel())

    compare(layer, slow, torch.randn(3, factors[0].n_in, dtype=torch.float64), list(layer.parameters()))


@every_structure
@settings(max_examples=25)
@given(groups=small, rows=st.integers(1, 6), columns=st.integers(1, 6))
def test_every_structure_equals_its_dense_form(name: str, groups: int, rows: int, columns: int) -> None:
    slot = Slot.of_mixer(groups, rows, columns)
    layer = make_layer(STRUCTURES[name](slot), bias=False)
    assert layer.to_dense().shape == (slot.n_out, slot.n_in)

    def slow(x: Tensor) -> Tensor:
        return x @ layer.to_dense().T

    compare(layer, slow, torch.randn(2, slot.n_in, dtype=torch.float64), list(layer.parameters()))


@every_structure
def test_gradcheck(name: str) -> None:
    layer = make_layer(STRUCTURES[name](Slot.of_mixer(2, 3, 6)))
    x = torch.randn(2, 12, dtype=torch.float64, requires_grad=True)

    def call(x: Tensor, *parameters: Tensor) -> Tensor:
        names = (name for name, _ in layer.named_parameters())
        return torch.func.functional_call(layer, dict(zip(names, parameters, strict=True)), (x,))

    parameters = [parameter.detach().requires_grad_() for parameter in layer.parameters()]
    assert torch.autograd.gradcheck(call, (x, *parameters))
    assert torch.autograd.gradgradcheck(call, (x, *parameters))


def test_square_monarch_is_equation_12() -> None:
    root = 3
    factors = (Blocks(root, root, root), Commute(root, root), Blocks(root, root, root), Commute(root, root))
    layer = make_layer(factors, bias=False)
    R, L = (torch.block_diag(*weight) for weight in layer.weights)
    J = commutation_matrix(root, root)
    torch.testing.assert_close(layer.to_dense(), J.T @ L @ J @ R)


def test_factors_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"gives 6 features, but .* reads 8"):
        StructuredLinear((Blocks(2, 3, 5), Blocks(2, 3, 4)), bias=False)
    with pytest.raises(ValueError, match="needs a factor with weights"):
        StructuredLinear((Commute(2, 3),), bias=False)


def test_initial_weights_follow_each_factors_fan_in() -> None:
    factors = (Blocks(20, 30, 50), Commute(30, 20), Toeplitz(40, 10, 15, 20))
    layer = StructuredLinear(factors, bias=True)
    layer.initialize(0, "a", "torch-linear")
    for weight, fan_in in zip([*layer.weights, layer.bias], [50, 300, 300], strict=True):
        bound = 1 / math.sqrt(fan_in)
        assert 0.95 * bound < weight.abs().max() <= bound
        # A uniform variable on (-b, b) has variance b^2 / 3.
        assert abs(weight.var().item() * 3 / bound**2 - 1) < 0.15
    layer.initialize(0, "a", "normal")
    for weight, fan_in in zip(layer.weights, [50, 300], strict=True):
        assert abs(weight.var().item() * fan_in - 1) < 0.1
        assert weight.abs().max() > 2 / math.sqrt(fan_in)
    assert not layer.bias.any()
    with pytest.raises(ValueError, match="called zeros"):
        layer.initialize(0, "a", "zeros")


@every_structure
def test_equal_seeds_give_equal_weights_whatever_the_depth(name: str) -> None:
    shape = replace(SHAPE, structure=name)
    models = [StructuredMixer(replace(shape, depth=depth), 2, activation="gelu", skip=True) for depth in (2, 3)]
    for model in models:
        torch.rand(3)
        model.initialize("torch-linear", 7)
    shallow, deep = (dict(model.named_parameters()) for model in models)
    assert all(torch.equal(parameter, deep[key]) for key, parameter in shallow.items())
    models[1].initialize("torch-linear", 8)
    assert not any(torch.equal(p, deep[key]) for key, p in models[0].named_parameters() if "norm" not in key)


@every_structure
def test_every_parameter_has_a_stream_of_its_own(name: str) -> None:
    model = make_mixer(replace(SHAPE, structure=name, S=6, S0=6, C0=6))
    first_numbers = [p.flatten()[0].item() for key, p in model.named_parameters() if "norm" not in key]
    assert len(set(first_numbers)) == len(first_numbers)


@every_structure
def test_state_survives_a_round_trip(name: str) -> None:
    shape = replace(SHAPE, structure=name)
    model, other = make_mixer(shape), StructuredMixer(shape, 2, activation="gelu", skip=True).double()
    other.load_state_dict(model.state_dict())
    images = torch.randn(2, 3, 4, 4, dtype=torch.float64)
    assert torch.equal(model(images), other(images))


@st.composite
def shapes(draw: st.DrawFn) -> tuple[StructuredShape, int]:
    patch, colours = draw(st.integers(1, 2)), draw(st.sampled_from([1, 3]))
    S0 = 2 * draw(st.integers(1, 2))
    skip_layer = draw(st.booleans())
    shape = StructuredShape(
        S0=S0,
        C0=colours * patch * patch,
        S=draw(st.integers(1, 5)) if skip_layer else S0,
        C=draw(st.integers(1, 5)),
        depth=draw(st.integers(1, 2)),
        gamma=draw(st.sampled_from([None, 1.0, 2.0, 1.5])),
        structure="kronecker",
        classes=3,
        bias=draw(st.booleans()),
        skip_layer=skip_layer,
        layer_norm=draw(st.booleans()),
    )
    return shape, patch


def images_for(shape: StructuredShape, patch: int) -> Tensor:
    return torch.randn(2, shape.C0 // patch**2, 2 * patch, shape.S0 // 2 * patch, dtype=torch.float64)


@settings(max_examples=40)
@given(case=shapes(), skip=st.booleans())
def test_with_kronecker_weights_it_is_the_mixer(case: tuple[StructuredShape, int], skip: bool) -> None:
    shape, patch = case
    shape = replace(shape, skip_layer=shape.skip_layer and skip)
    sizes = [getattr(shape, name) for name in ("S0", "C0", "S", "C", "depth", "gamma", "gamma", "classes", "bias")]
    mixer_shape = MixerShape(*sizes, skip_layer=shape.skip_layer, layer_norm=shape.layer_norm)
    mixer = Mixer(mixer_shape, patch, Mixing(None, 0), activation="gelu", skip=skip).double()
    model = make_mixer(shape, patch, skip=skip)
    ours = {name.replace(".weights.0", ".weight"): p for name, p in model.named_parameters()}
    mixer.load_state_dict(ours)
    theirs = [ours[name] for name, _ in mixer.named_parameters()]
    images = images_for(shape, patch)
    direction = torch.randn(2, 3, dtype=torch.float64)
    torch.testing.assert_close(model(images), mixer(images), rtol=1e-11, atol=1e-12)
    in_our_model = torch.autograd.grad(model(images), theirs, direction)
    in_the_mixer = torch.autograd.grad(mixer(images), list(mixer.parameters()), direction)
    for a, b in zip(in_our_model, in_the_mixer, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-11)


def reference_block(block: StructuredBlock, X: Tensor, shape: StructuredShape) -> Tensor:
    """``phi(M LN(X))`` or ``M2 phi(M1 LN(X))`` on vec(X), conjugated with J_c for channels, for one image."""
    X = layer_norm(X, block.norm) if shape.layer_norm else X
    S_in, C = X.shape
    x = vec(X) if block.side == "tokens" else commutation_matrix(S_in, C) @ vec(X)
    for i, layer in enumerate(block.layers):
        x = explicit_product(layer.factors, list(layer.weights)) @ x
        if layer.bias is not None:
            x = x + layer.bias.repeat(len(x) // len(layer.bias))
        x = gelu(x) if i == 0 else x
    return unvec(x if block.side == "tokens" else commutation_matrix(shape.S, C).T @ x, shape.S, C)


def reference_logits(model: StructuredMixer, shape: StructuredShape, image: Tensor) -> Tensor:
    X = cut_patches(image, model.patch) @ model.embed.weight.T + (0 if model.embed.bias is None else model.embed.bias)
    for block, (tokens, channels) in enumerate(zip(model.token_mixing, model.channel_mixing, strict=True)):
        if block == 0 and shape.skip_layer:
            path = layer_norm(model.first_skip.weight @ X, model.first_skip.norm)
        else:
            path = X if model.skip else 0
        U = path + reference_block(tokens, X, shape)
        X = (U if model.skip else 0) + reference_block(channels, U, shape)
    return model.classifier.weight @ layer_norm(X, model.norm).mean(dim=0) + model.classifier.bias


@every_structure
@settings(max_examples=10)
@given(case=shapes(), skip=st.booleans())
def test_value_and_gradients_equal_explicit_matrices(name: str, case: tuple[StructuredShape, int], skip: bool) -> None:
    shape, patch = case
    shape = replace(shape, structure=name, skip_layer=shape.skip_layer and skip)
    model = make_mixer(shape, patch, skip=skip)

    def slow(images: Tensor) -> Tensor:
        return torch.stack([reference_logits(model, shape, image) for image in images])

    compare(model, slow, images_for(shape, patch), list(model.parameters()))


@every_structure
def test_hooks_see_the_features_before_the_skip(name: str) -> None:
    model = make_mixer(replace(SHAPE, structure=name, S=5, depth=1, skip_layer=True))
    seen: list[Tensor] = []
    for block in (*model.token_mixing, *model.channel_mixing):
        block.register_forward_hook(lambda *call: seen.append(call[-1]))
    images = torch.randn(1, 3, 4, 4, dtype=torch.float64)
    logits = model(images)
    X = model.embed(torch.stack([cut_patches(images[0], 2)]))
    last = model.first_skip(X) + seen[0] + seen[1]
    torch.testing.assert_close(logits, model.classifier(model.norm(last).mean(dim=1)))


def test_skip_paths_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="no skip layer"):
        StructuredMixer(replace(SHAPE, skip_layer=True), 2, activation="gelu", skip=False)
    with pytest.raises(ValueError, match="4 input tokens cannot be added to 7"):
        StructuredMixer(replace(SHAPE, S=7), 2, activation="gelu", skip=True)


def test_the_activation_is_the_one_asked_for() -> None:
    shape = replace(SHAPE, depth=1)
    images = torch.randn(1, 3, 4, 4)
    models = {phi: StructuredMixer(shape, 2, activation=phi, skip=True) for phi in ("gelu", "relu", "linear")}
    for model in models.values():
        model.initialize("normal", 0)
    first, *others = [model(images) for model in models.values()]
    assert not any(torch.allclose(first, other) for other in others)


@every_structure
def test_flops_are_those_pytorch_counts(name: str) -> None:
    shape = replace(SHAPE, structure=name, S=7, skip_layer=True)
    model = make_mixer(shape)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, 3, 4, 4, dtype=torch.float64))
    assert counter.get_total_flops() == shape.forward_flops


@every_structure
def test_bfloat16_autocast_stays_close(name: str) -> None:
    model = make_mixer(replace(SHAPE, structure=name)).float()
    images = torch.randn(8, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    exact = model(images)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = model(images).float()
    assert (exact - rounded).abs().max() < 0.05 * exact.abs().max()


def test_a_new_structure_needs_a_function_and_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def butterfly(slot: Slot) -> tuple[Factor, ...]:
        """Two shared factors with a commutation between: half of the slot's connections or fewer."""
        inner = Shared(slot.groups, 1, slot.n_in // slot.groups)
        return inner, Commute(slot.groups, 1), Shared(slot.groups, slot.n_out // slot.groups, 1)

    monkeypatch.setitem(STRUCTURES, "butterfly", butterfly)
    shape = replace(SHAPE, structure="butterfly")
    model = make_mixer(shape)
    images = torch.randn(2, 3, 4, 4, dtype=torch.float64)
    loss = model(images).square().sum()
    loss.backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    assert sum(parameter.numel() for parameter in model.parameters()) == shape.parameters
    torch.testing.assert_close(model(images)[0], reference_logits(model, shape, images[0]))
    with pytest.raises(KeyError):
        StructuredMixer(replace(shape, structure="moth"), 2, activation="gelu", skip=True)
