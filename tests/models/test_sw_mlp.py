from dataclasses import replace
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pkbench.models.masks import draw_mask
from pkbench.models.mixers import SkipLayer
from pkbench.models.sparse import Init, SparseLinear
from pkbench.models.sw_mlp import SwMlp
from pkbench.seeding import stream_seed
from pkbench.sizes.sparse import Form, MaskKind, SparseShape
from tests.models.reference import cut_patches, gelu, layer_norm

SHAPE = SparseShape(
    S0=4,
    C0=12,
    S=4,
    C=6,
    depth=1,
    gamma=2.0,
    density=0.25,
    mask="exact",
    classes=3,
    bias=True,
    skip_layer=False,
    layer_norm=True,
    pool="flatten",
    form="sparse",
)
PHI = {"gelu": gelu, "relu": lambda x: x.clamp(min=0), "linear": lambda x: x}


def make(shape: SparseShape, patch: int = 2, kind: Init = "torch-linear", **changes: object) -> SwMlp:
    arguments = {"mask_value": "one", "activation": "gelu", "skip": True, "seed": 0} | changes
    model = SwMlp(shape, patch, **arguments)  # type: ignore[arg-type]
    model.initialize(kind, 0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name:
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(len(name))))
    return model.double()


class ReferenceSwMlp:
    """S.14-S.17 with explicit masks and full matrices, one image at a time."""

    def __init__(self, model: SwMlp, shape: SparseShape, mask_value: str, activation: str, skip: bool) -> None:
        self.model, self.shape, self.mask_value, self.skip = model, shape, mask_value, skip
        self.phi = PHI[activation]
        self.matrices: dict[tuple[int, int], Tensor] = {}

    def masked(self, block: int, number: int, layer: SparseLinear) -> tuple[Tensor, Tensor]:
        """``M`` with its value, and ``W``, whose gradient can be asked for."""
        shape, (n_in, n_out) = self.shape, self.shape.block_widths[block][number : number + 2]
        mask = draw_mask(shape.mask, n_out, n_in, shape.density, stream_seed("mask", 0, block, number))
        M = torch.zeros(n_out, n_in, dtype=torch.float64)
        M[mask.row, mask.col] = 1 if self.mask_value == "one" else (mask.nnz / (n_out * n_in)) ** -0.5
        W = torch.zeros_like(M)
        W[M != 0] = layer.connection_weights()
        self.matrices[block, number] = W.requires_grad_()
        return M, W

    def __call__(self, images: Tensor) -> Tensor:
        weights = {
            (b, i): self.masked(b, i, layer)
            for b, block in enumerate(self.model.blocks)
            for i, layer in enumerate(block.layers)
        }
        return torch.stack([self.logits(image, weights) for image in images])

    def logits(self, image: Tensor, weights: dict[tuple[int, int], tuple[Tensor, Tensor]]) -> Tensor:
        model, shape = self.model, self.shape
        X = cut_patches(image, model.patch) @ model.embed.weight.T
        if model.embed.bias is not None:
            X = X + model.embed.bias
        x = torch.cat(list(X))
        for b, block in enumerate(model.blocks):
            skip = x
            if b == 0 and shape.skip_layer:
                skip = torch.cat(list(layer_norm(model.first_skip.weight @ X, model.first_skip.norm)))
            z = layer_norm(x[None], block.norm)[0] if shape.layer_norm else x
            for i, layer in enumerate(block.layers):
                M, W = weights[b, i]
                z = (M * W) @ z
                if layer.bias is not None:
                    z = z + layer.bias
                if i == 0:
                    z = self.phi(z)
            x = skip + z if self.skip else z
        x = layer_norm(x[None], model.norm)[0]
        if shape.pool == "mean":
            x = torch.stack([x[s * shape.C : (s + 1) * shape.C] for s in range(shape.S)]).mean(dim=0)
        return model.classifier.weight @ x + model.classifier.bias


@st.composite
def shapes(draw: st.DrawFn) -> SparseShape:
    S0 = draw(st.integers(1, 4))
    skip_layer = draw(st.booleans())
    return SparseShape(
        S0=S0,
        C0=4,
        S=draw(st.integers(1, 5)) if skip_layer else S0,
        C=draw(st.integers(1, 5)),
        depth=draw(st.integers(1, 2)),
        gamma=draw(st.sampled_from([None, 1.0, 2.0, 1.3])),
        density=draw(st.sampled_from([0.05, 0.3, 0.7, 1.0])),
        mask=draw(st.sampled_from(["exact", "fan-in"])),
        classes=3,
        bias=draw(st.booleans()),
        skip_layer=skip_layer,
        layer_norm=draw(st.booleans()),
        pool=draw(st.sampled_from(["mean", "flatten"])),
        form=draw(st.sampled_from(get_args(Form))),
    )


@settings(max_examples=60)
@given(
    shape=shapes(),
    mask_value=st.sampled_from(["one", "inverse-sqrt-p"]),
    activation=st.sampled_from(sorted(PHI)),
    skip=st.booleans(),
)
def test_value_and_gradients_equal_the_papers_equations(
    shape: SparseShape, mask_value: str, activation: str, skip: bool
) -> None:
    skip = skip or shape.skip_layer
    model = make(shape, mask_value=mask_value, activation=activation, skip=skip)
    torch.manual_seed(0)
    images = torch.randn(2, 1, 2, 2 * shape.S0, dtype=torch.float64)
    direction = torch.randn(2, 3, dtype=torch.float64)
    fast = model(images)
    fast.backward(direction)
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    model.zero_grad()
    reference = ReferenceSwMlp(model, shape, mask_value, activation, skip)
    slow = reference(images)
    slow.backward(direction)

    torch.testing.assert_close(fast, slow, rtol=1e-9, atol=1e-10)
    for (block, number), W in reference.matrices.items():
        name = f"blocks.{block}.layers.{number}"
        layer = model.get_submodule(name)
        ours = (
            gradients.pop(f"{name}.values")
            if shape.form == "sparse"
            else gradients.pop(f"{name}.weight")[layer.mask != 0]
        )
        torch.testing.assert_close(ours, W.grad[layer.to_dense() != 0], rtol=1e-8, atol=1e-9)
    for name, gradient in gradients.items():
        torch.testing.assert_close(
            gradient, model.get_parameter(name).grad, rtol=1e-8, atol=1e-9, msg=lambda m, n=name: f"{n}: {m}"
        )


@settings(max_examples=60)
@given(shape=shapes())
def test_counts_equal_what_the_module_has(shape: SparseShape) -> None:
    model = make(shape)
    layers = [layer for block in model.blocks for layer in block.layers]
    matrices = [layer.to_dense() != 0 for layer in layers]
    counts = [int(matrix.sum()) for matrix in matrices]
    nonzero = sum(counts)
    last = counts[-1:] if shape.gamma is None else counts[-2:]
    assert shape.omega == sum(last) / len(last)
    fractions = [matrix.double().mean().item() for matrix in matrices]
    assert shape.p == pytest.approx(sum(fractions) / len(layers), rel=1e-12)
    if shape.skip_layer:
        nonzero += shape.C * model.first_skip.weight.numel()
    assert shape.block_connections == nonzero
    assert shape.connections == nonzero + shape.S0 * model.embed.weight.numel()
    outside = sum(int((layer.mask == 0).sum()) for layer in layers) if shape.form == "dense" else 0
    assert shape.parameters == sum(p.numel() for p in model.parameters()) - outside


def test_names_are_stable() -> None:
    owners = {name.rpartition(".")[0] for name, _ in make(SHAPE).named_parameters()}
    blocks = {f"blocks.{b}.{part}" for b in (0, 1) for part in ("norm", "layers.0", "layers.1")}
    assert owners == blocks | {"embed", "norm", "classifier"}


def test_a_hook_on_a_block_sees_the_features_before_the_skip() -> None:
    model, seen = make(replace(SHAPE, gamma=None)), []
    for block in model.blocks:
        block.register_forward_hook(lambda _, inputs, output: seen.append((inputs[0], output)))
    model(torch.randn(2, 3, 4, 4, dtype=torch.float64))
    (first_in, first_out), (second_in, second_out) = seen
    assert first_out.shape == second_out.shape == (2, 24)
    torch.testing.assert_close(second_in, first_in + first_out)


def test_a_block_is_a_function_of_seed_block_and_layer() -> None:
    shallow, deep = make(SHAPE), make(replace(SHAPE, depth=2))
    for name, parameter in shallow.named_parameters():
        assert torch.equal(parameter, deep.get_parameter(name)), name
    layers = [layer for block in deep.blocks for layer in block.layers]
    assert len({tuple(layer.crow.tolist() + layer.col.tolist()) for layer in layers}) == len(layers)
    other = make(SHAPE, seed=1)
    assert not torch.equal(other.blocks[0].layers[0].col, shallow.blocks[0].layers[0].col)


@pytest.mark.parametrize("kind", get_args(Init))
def test_initial_laws(kind: Init) -> None:
    shape = replace(SHAPE, S0=16, S=20, C0=48, C=40, density=0.1, skip_layer=True)
    model = SwMlp(shape, 4, mask_value="inverse-sqrt-p", activation="gelu", skip=True, seed=0)
    model.initialize(kind, 3)
    layer = model.blocks[1].layers[0]
    assert layer.mask_value == pytest.approx(0.1**-0.5)
    effective = layer.connection_weights() * layer.mask_value
    sparse_std = {"normal": 80**-0.5, "golubeva": 240**-0.5, "torch-linear": 2400**-0.5}[kind]
    assert effective.std().item() == pytest.approx(sparse_std, rel=0.05)
    assert isinstance(model.first_skip, SkipLayer)
    for dense in (model.embed, model.first_skip):
        fan_in = dense.weight.shape[1]
        expected = fan_in**-0.5 if kind == "normal" else (3 * fan_in) ** -0.5
        assert dense.weight.std().item() == pytest.approx(expected, rel=0.15)
    assert model.embed.bias.any() == model.classifier.bias.any() == (kind != "normal")
    assert torch.equal(model.norm.weight, torch.ones(800))
    assert not model.blocks[0].norm.bias.any()


@pytest.mark.parametrize("mask", get_args(MaskKind))
@pytest.mark.parametrize("form", get_args(Form))
def test_single_precision_and_autocast_stay_close(mask: MaskKind, form: Form) -> None:
    model = make(replace(SHAPE, mask=mask, form=form))
    images = torch.randn(4, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    exact = model(images)
    model, images = model.float(), images.float()
    torch.testing.assert_close(model(images).double(), exact, rtol=1e-4, atol=1e-5)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = model(images).double()
    assert (rounded - exact).abs().max() < 0.05 * exact.abs().max()


def test_impossible_skips_are_refused() -> None:
    with pytest.raises(ValueError, match="from 4 to 5 tokens"):
        make(replace(SHAPE, S=5))
    with pytest.raises(ValueError, match="needs skip paths"):
        make(replace(SHAPE, skip_layer=True), skip=False)
    assert make(replace(SHAPE, S=5), skip=False)(torch.zeros(1, 3, 4, 4, dtype=torch.float64)).shape == (1, 3)
