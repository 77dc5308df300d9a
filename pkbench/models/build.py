"""From a spec's model to a module with its parameters drawn."""

from __future__ import annotations

import math

import torch
from torch import nn

from pkbench.models.mixers import Mixer, Mixing
from pkbench.seeding import stream_seed
from pkbench.spec.model import MlpMixer
from pkbench.spec.scale import AnyModel
from pkbench.widths import Shape


def build(model: AnyModel, shape: Shape, seed: int) -> Mixer:
    """The module of ``model`` at ``shape``, on the CPU in float32; equal seeds give equal weights and permutations."""
    module = Mixer(shape, model.patch, mixing_of(model, seed))
    initialize(module, model.init, seed)
    return module


def mixing_of(model: AnyModel, seed: int) -> Mixing:
    """The permutations ``model`` asks for. An S-Mixer's block is one PK layer: both placements are the same."""
    if model.mixing == "normal":
        return Mixing(None, seed)
    placement = model.rp_placement if isinstance(model, MlpMixer) else "layer"
    if placement is None:
        raise ValueError("an RP MLP-Mixer needs rp_placement")
    return Mixing(placement, seed)


def initialize(module: nn.Module, kind: str, seed: int) -> None:
    """Draw every parameter of ``module`` from a stream named after it.

    ``torch-linear``: weights and biases U(±1/sqrt(fan_in)), PyTorch's default for linear layers.
    ``normal``: weights N(0, 1/fan_in), biases 0 (§4.3). LayerNorms keep scale 1 and shift 0.
    """
    with torch.no_grad():
        for prefix, owner in module.named_modules():
            weight = getattr(owner, "weight", None)
            if not isinstance(weight, nn.Parameter) or weight.ndim != 2:
                continue
            fan_in = weight.shape[1]
            bias = getattr(owner, "bias", None)
            for name, parameter in (("weight", weight), ("bias", bias)):
                if parameter is None:
                    continue
                generator = torch.Generator().manual_seed(stream_seed("init", seed, f"{prefix}.{name}"))
                if kind == "torch-linear":
                    parameter.uniform_(-1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in), generator=generator)
                elif name == "weight":
                    parameter.normal_(0, 1 / math.sqrt(fan_in), generator=generator)
                else:
                    parameter.zero_()
