"""What can be recomputed of a configuration, by the paper's formulas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from pkbench.errors import UsageError
from pkbench.sizes.base import Shape
from pkbench.sizes.mixer import MixerShape
from pkbench.spec.audit import Configuration, Quantity
from pkbench.spec.checks.scene import has_sizes
from pkbench.spec.model import AnyModel, shape_of
from pkbench.spec.model_parts import PatchedPart

FP32_BYTES = 4


def body_parameters(shape: Shape) -> int | None:
    """A Mixer's parameters without the classifier: what Tolstikhin et al. 2021, Table 1 counts. ``None`` for other models."""
    return replace(shape, classes=0).parameters if isinstance(shape, MixerShape) else None


def mixing_bytes(shape: Shape) -> int | None:
    """Bytes of a Mixer's mixing weights in fp32, each stored once; no biases, norms, per-patch layer or classifier.

    What Table S.3's memory of the MLP-Mixer turns out to count: ``4 * L * (2*S*D_S + 2*C*D_C)``. An RP-Mixer's is the
    same: its permutations are no weights. ``None`` for other models.
    """
    if not isinstance(shape, MixerShape):
        return None
    tokens = shape.S * (2 * shape.D_S if shape.D_S is not None else shape.S)
    channels = shape.C * (2 * shape.D_C if shape.D_C is not None else shape.C)
    # The first block reads S0 tokens, the others S.
    first = (shape.S0 - shape.S) * (shape.D_S if shape.D_S is not None else shape.S)
    return FP32_BYTES * (shape.depth * (tokens + channels) + first)


def dense_weights(shape: Shape) -> int | None:
    """Entries of the mixing blocks as dense matrices of the whole width: what an SW-MLP with explicit masks stores.

    Each of the ``2 * L`` mixing blocks maps ``m`` features to ``width`` hidden ones and back, ``4 * L * gamma * m^2``
    in all, or to ``m`` without a hidden layer. The width is the widest where tokens and channels differ in gamma.
    ``None`` for a model without tokens.
    """
    if shape.S is None:
        return None
    hidden = shape.D_S is not None if isinstance(shape, MixerShape) else shape.gamma is not None
    return shape.layers * shape.m * (2 * shape.width if hidden else shape.m)


def _dense_bytes(shape: Shape) -> int | None:
    weights = dense_weights(shape)
    return None if weights is None else 2 * FP32_BYTES * weights


def _dense_flops(shape: Shape) -> int | None:
    weights = dense_weights(shape)
    return None if weights is None else 2 * weights


def _ratio(shape: Shape) -> float | None:
    return None if shape.S is None or shape.C is None else shape.C / shape.S


FORMULAS: Mapping[Quantity, Callable[[Shape], float | None]] = {
    "S": lambda shape: shape.S,
    "C": lambda shape: shape.C,
    "C_per_S": _ratio,
    "m": lambda shape: shape.m,
    "width": lambda shape: shape.width,
    "omega": lambda shape: shape.omega,
    "p": lambda shape: shape.p,
    "connections": lambda shape: shape.connections,
    "block_connections": lambda shape: shape.block_connections,
    "parameters": lambda shape: shape.parameters,
    "body_parameters": body_parameters,
    "forward_flops": lambda shape: shape.forward_flops,
    "mixing_flops": lambda shape: 2 * shape.block_connections,
    "dense_flops": _dense_flops,
    "mixing_bytes": mixing_bytes,
    "dense_bytes": _dense_bytes,
}
"""Every quantity of a shape; ``None`` where a model has no such thing."""

WORDS: Mapping[Quantity, str] = {
    "S": "tokens",
    "C": "channels",
    "C_per_S": "C/S",
    "m": "features S*C",
    "width": "effective width",
    "omega": "Omega",
    "p": "fraction of non-zero weights",
    "connections": "connections",
    "block_connections": "connections of the mixing blocks",
    "parameters": "parameters",
    "body_parameters": "parameters without the classifier",
    "forward_flops": "FLOPs of a forward pass",
    "mixing_flops": "FLOPs of the mixing blocks",
    "dense_flops": "FLOPs of the mixing blocks as dense matrices",
    "mixing_bytes": "bytes of the mixing weights",
    "dense_bytes": "bytes of dense weights and masks of the mixing blocks",
}
"""Each quantity as a noun."""


def recompute(configuration: Configuration, model: AnyModel, quantity: Quantity) -> float:
    """``quantity`` of ``model`` on the configuration's images: the configuration's own model, or one near it.

    Raises:
        ValueError: the model has no such quantity, leaves a size open, or its patches do not fit the images.
    """
    if not has_sizes(model):
        raise ValueError(f"the sizes of model {model.id} are not all given, or its omega leads to no whole S")
    height, width, _ = configuration.image
    if isinstance(model, PatchedPart) and (height % model.patch or width % model.patch):
        raise ValueError(f"patches of {model.patch} x {model.patch} do not divide {height} x {width} pixels")
    value = FORMULAS[quantity](shape_of(model, configuration.image, configuration.classes))
    if value is None:
        raise ValueError(f"a model of kind {model.kind} has no {WORDS[quantity]}")
    return float(value)


def recomputed(configuration: Configuration, quantity: Quantity) -> float:
    """``quantity`` of ``configuration`` as stated.

    Raises:
        UsageError: it cannot be recomputed.
    """
    try:
        return recompute(configuration, configuration.model, quantity)
    except ValueError as error:
        what = f"{quantity} of configuration {configuration.id} cannot be recomputed"
        remedy = "complete the configuration's model, or claim another quantity"
        raise UsageError(what, constraint=str(error), remedy=remedy) from error
