"""What must hold of every kind of model: saving, seeds, half precision, counts."""

import io
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter
from torch import Tensor, nn

from pkbench.models.build import build
from pkbench.models.permutation import Permute
from pkbench.models.sparse import SparseLinear
from pkbench.sizes.base import Shape
from pkbench.spec.model import AnyModel, Model, shape_of

IMAGE, CLASSES = (8, 8, 3), 5
PATCHED = {"bias": True, "depth": 2, "patch": 2, "S": 6, "C": 10, "init": "torch-linear", "first_skip": "layer"}
MASKED = {"p": 0.2, "mask": "exact", "mask_value": "inverse-sqrt-p", "pool": "flatten"}
TABLES: dict[str, dict[str, Any]] = {
    "mlp-mixer": {"kind": "mlp-mixer", "mixing": "normal", "gamma_S": 1.5, "D_C": 7, **PATCHED},
    "rp-block": {"kind": "mlp-mixer", "mixing": "random", "rp_placement": "block", "gamma": 2.0, **PATCHED},
    "rp-layer": {"kind": "mlp-mixer", "mixing": "random", "rp_placement": "layer", "gamma": 2.0, **PATCHED},
    "rp-some": {"kind": "s-mixer", "mixing": "random", "rp_blocks": [2], "rp_sides": "tokens", **PATCHED},
    "s-mixer": {"kind": "s-mixer", "mixing": "normal", **PATCHED},
    "no-skip": {"kind": "s-mixer", "mixing": "random", **PATCHED, "skip": False, "layer_norm": False},
    **{
        name: {"kind": "structured-mixer", "structure": name, "gamma": 2.0, **PATCHED}
        for name in ("kronecker", "block-diagonal", "monarch", "low-rank", "toeplitz")
    },
    "sw-dense": {"kind": "sw-mlp", "compute": "dense", **MASKED, **PATCHED},
    "sw-sparse": {"kind": "sw-mlp", "compute": "sparse", "gamma": 1.5, **MASKED, **PATCHED},
    **{
        f"shallow-{name}": {"kind": "shallow", "weights": name, "activation": "relu"}
        | {key: PATCHED[key] for key in ("bias", "S", "C", "init")}
        for name in ("dense", "monarch", "kronecker")
    },
    "s-fc": {"kind": "s-fc", "alpha": 2, "bias": True, "init": "torch-linear"},
}
ADAPTER: TypeAdapter[AnyModel] = TypeAdapter(Model)


def made(name: str, seed: int = 0) -> tuple[nn.Module, Shape]:
    model = ADAPTER.validate_python({"id": "model", **TABLES[name]})
    shape = shape_of(model, IMAGE, CLASSES)
    return build(model, shape, seed).eval(), shape


def images(n: int = 4) -> Tensor:
    return torch.randn(n, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def fixed(module: nn.Module) -> list[Tensor]:
    """What a seed determines besides parameters: permutations and masks."""
    found = [part.index for part in module.modules() if isinstance(part, Permute) and part.index is not None]
    return found + [part.effective_csr()[1] for part in module.modules() if isinstance(part, SparseLinear)]


@pytest.mark.parametrize("name", TABLES)
def test_counts_are_those_of_the_module(name: str) -> None:
    module, shape = made(name)
    total = sum(parameter.numel() for parameter in module.parameters())
    for layer in module.modules():
        if isinstance(layer, SparseLinear) and layer.form == "dense":
            total -= layer.weight.numel() - layer.nnz
    assert total == shape.parameters
    assert isinstance(shape, Shape)
    assert module(images()).shape == (4, CLASSES)
    assert shape.connections >= shape.block_connections > 0
    assert (
        min(shape.m, shape.width, shape.omega, shape.p, shape.forward_flops, shape.activation_floats, shape.layers) > 0
    )


@pytest.mark.parametrize("name", TABLES)
def test_saved_and_loaded_into_a_model_of_the_same_seed_it_is_the_same(name: str) -> None:
    module, _ = made(name)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.01)
    content = io.BytesIO()
    torch.save(module.state_dict(), content)
    content.seek(0)
    other, _ = made(name)
    assert not torch.equal(other(images()), module(images()))
    other.load_state_dict(torch.load(content, weights_only=True))
    assert torch.equal(other(images()), module(images()))


@pytest.mark.parametrize("name", TABLES)
def test_seeds_decide_alone_whatever_other_models_exist(name: str) -> None:
    first, _ = made(name)
    for other in ("rp-layer", "sw-sparse", "monarch"):
        made(other, seed=5)
    torch.manual_seed(99)
    again, _ = made(name)
    assert all(torch.equal(a, b) for a, b in zip(fixed(first), fixed(again), strict=True))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    another, _ = made(name, seed=1)
    assert not all(torch.equal(a, b) for a, b in zip(first.parameters(), another.parameters(), strict=True))
    for a, b in zip(fixed(first), fixed(another), strict=True):
        assert not torch.equal(a, b)


@pytest.mark.parametrize("name", TABLES)
def test_half_precision_agrees_within_its_rounding(name: str) -> None:
    """bf16 keeps 8 bits: products are off by about 2^-8 each, and a few layers add up; gradients likewise.

    Under ReLU an input near zero may change its sign, and its gradient comes or goes.
    """
    module, _ = made(name)
    exact = module(images())
    exact.square().sum().backward()
    gradients = [parameter.grad.clone() for parameter in module.parameters() if parameter.grad is not None]
    module.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        half = module(images()).float()
    half.square().sum().backward()
    assert torch.linalg.vector_norm(half - exact) <= 0.03 * torch.linalg.vector_norm(exact)
    found = [parameter.grad for parameter in module.parameters() if parameter.grad is not None]
    bound = 0.15 if name.startswith(("s-fc", "shallow")) else 0.05
    off = torch.cat([(a - b).flatten() for a, b in zip(found, gradients, strict=True)])
    assert torch.linalg.vector_norm(off) <= bound * torch.linalg.vector_norm(
        torch.cat([g.flatten() for g in gradients])
    )


@pytest.mark.parametrize("name", TABLES)
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    """The last two parameters' entries in float64, against central differences."""
    module, _ = made(name)
    module = module.double()
    inputs = images(2).double()
    direction = torch.randn(2, CLASSES, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    (module(inputs) * direction).sum().backward()
    for parameter in list(module.parameters())[::5]:
        flat, gradient = parameter.data.view(-1), parameter.grad
        assert gradient is not None
        at = int(gradient.abs().argmax())
        keep, step = flat[at].item(), 1e-6
        values = []
        for value in (keep + step, keep - step):
            flat[at] = value
            values.append((module(inputs) * direction).sum().item())
        flat[at] = keep
        assert gradient.view(-1)[at].item() == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-4, abs=1e-7)
