"""What scales a residual branch: against the blocks called one by one, forward and backward."""

from typing import Any

import pytest
import torch
from pydantic import TypeAdapter
from torch import Tensor, nn

from pkbench.models.build import build
from pkbench.models.mixers import MixerBody
from pkbench.models.sw_mlp import SwMlp
from pkbench.spec.model import AnyModel, Model, shape_of

COMMON = {"id": "m", "depth": 2, "patch": 4, "C": 5, "bias": True, "init": "torch-linear"}
MIXER = COMMON | {"kind": "mlp-mixer", "mixing": "normal", "gamma": 2, "first_skip": "layer", "S": 6}
MODELS: dict[str, dict[str, Any]] = {
    "mlp-mixer": MIXER,
    "rp": MIXER | {"mixing": "random", "rp_placement": "layer"},
    "s-mixer": COMMON | {"kind": "s-mixer", "mixing": "normal", "first_skip": "identity", "S": 4},
    "structured": COMMON | {"kind": "structured-mixer", "structure": "monarch", "first_skip": "identity", "S": 4},
    "sw-mlp": COMMON
    | {"kind": "sw-mlp", "first_skip": "layer", "S": 6, "p": 0.5, "mask": "exact", "mask_value": "one"}
    | {"compute": "dense", "pool": "mean"},
}


def made(name: str, **changes: Any) -> nn.Module:
    adapter: TypeAdapter[AnyModel] = TypeAdapter(Model)
    model = adapter.validate_python(MODELS[name] | changes)
    return build(model, shape_of(model, (8, 8, 3), 10), 0).double()


def images(count: int = 3) -> Tensor:
    return torch.randn(count, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def by_hand(model: nn.Module, x: Tensor, scale: Tensor) -> Tensor:
    """One image at a time: every block, times its number, added to its skip path."""
    logits = []
    for image, factors in zip(x, scale.tolist(), strict=True):
        if isinstance(model, MixerBody):
            patched = nn.functional.unfold(image[None], 4, stride=4).transpose(1, 2)
            X = model.embed(patched)
            for block in range(len(model.token_mixing)):
                path = model.first_skip(X) if block == 0 else X
                U = path + factors[2 * block] * model.token_mixing[block](X)
                X = U + factors[2 * block + 1] * model.channel_mixing[block](U)
            logits.append(model.classifier(model.norm(X).mean(dim=1)))
        else:
            assert isinstance(model, SwMlp)
            X = model.embed(nn.functional.unfold(image[None], 4, stride=4).transpose(1, 2))
            f = X.flatten(1)
            for block, mixing in enumerate(model.blocks):
                path = model.first_skip(X).flatten(1) if block == 0 else f
                f = path + factors[block] * mixing(f)
            logits.append(model.classifier(model.norm(f).view(1, 6, 5).mean(dim=1)))
    return torch.cat(logits)


@pytest.mark.parametrize("name", MODELS)
def test_branches_are_scaled_by_image_and_block(name: str) -> None:
    model, x = made(name), images()
    scale = torch.tensor([[1, 0, 2, 0.5], [0, 0, 0, 0], [1, 1.25, 0, 3]])
    ours, expected = model(x, scale), by_hand(model, x, scale)
    torch.testing.assert_close(ours, expected, rtol=1e-10, atol=1e-12)
    gradients = [torch.autograd.grad(value.square().sum(), list(model.parameters())) for value in (ours, expected)]
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("name", MODELS)
def test_ones_and_nothing_are_the_plain_model(name: str) -> None:
    model, x = made(name), images()
    assert torch.equal(model(x), model(x, torch.ones(3, 4)))


@pytest.mark.parametrize("name", MODELS)
def test_a_dropped_block_gets_no_gradient(name: str) -> None:
    model = made(name)
    scale = torch.ones(3, 4)
    scale[:, 3] = 0
    model(images(), scale).sum().backward()
    dropped = model.channel_mixing[1] if isinstance(model, MixerBody) else model.blocks[3]
    assert isinstance(dropped, nn.Module)
    assert all(not parameter.grad.any() for parameter in dropped.parameters() if parameter.grad is not None)


@pytest.mark.parametrize("name", ["s-mixer", "structured", "sw-mlp"])
def test_without_skip_paths_there_is_nothing_to_scale(name: str) -> None:
    model = made(name, skip=False, first_skip="identity")
    with pytest.raises(ValueError, match="no residual branches"):
        model(images(), torch.ones(3, 4))


def test_the_type_of_the_features_stays() -> None:
    """Under autocast branches are bf16 and factors float32."""
    model = made("s-mixer").float()
    seen: list[torch.dtype] = []
    blocks = model.get_submodule("token_mixing.1")
    blocks.register_forward_hook(lambda *arguments: seen.append(arguments[1][0].dtype))
    with torch.autocast("cpu", torch.bfloat16):
        model(images().float())
        model(images().float(), torch.ones(3, 4))
    assert seen[0] == seen[1]
