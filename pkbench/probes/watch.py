"""What a spec's ``[train.probe]`` asks for, measured of a model as it stands."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from pkbench.models.mixers import MixingBlock
from pkbench.models.pk import PKLayer
from pkbench.models.shallow import Shallow
from pkbench.models.sparse import SparseLinear
from pkbench.models.structured import StructuredLinear
from pkbench.probes.degrees import binomial_distance, layer_degrees, summary
from pkbench.probes.features import mixing_blocks
from pkbench.probes.gradients import gradient_norms
from pkbench.probes.sparsity import Sparsity, matrix_sparsity, product_sparsity
from pkbench.probes.spectra import WHOLE_LIMIT, layer_spectrum, trace_normalised
from pkbench.spec.train import Probe
from pkbench.structures.factors import Shared

NEARLY_ZERO = 1e-3
"""Entries below this fraction of the largest count as nearly zero."""

Layer = PKLayer | SparseLinear | StructuredLinear


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number: ``name`` of the part of the model called ``where``, after ``epoch`` epochs."""

    epoch: int
    where: str
    name: str
    value: float


def due_epochs(probe: Probe, epochs: int) -> frozenset[int]:
    """Epochs after which a run of ``epochs`` is measured; 0 is the initialisation."""
    return frozenset(round(i * epochs / probe.times) for i in range(probe.times + 1))


def measure(model: nn.Module, probe: Probe, epoch: int, inputs: Tensor, labels: Tensor) -> Iterator[Measurement]:
    """Everything ``probe`` asks for of ``model`` after ``epoch`` epochs, one by one as asked for; the model stays as it is.

    ``inputs`` and ``labels`` are the batch that gradients are taken on. Numbers that are not finite are left out.
    """
    for where, name, value in _numbers(model, probe, epoch, inputs, labels):
        if math.isfinite(value):
            yield Measurement(epoch, where, name, value)


def _numbers(
    model: nn.Module, probe: Probe, epoch: int, inputs: Tensor, labels: Tensor
) -> Iterator[tuple[str, str, float]]:
    layers = dict(mixing_layers(model))
    if probe.spectrum:
        yield from _spectra(layers)
    if probe.sparsity:
        yield from _sparsities(model, layers)
    if probe.gradients:
        yield from _gradients(model, inputs, labels)
    if probe.degrees and epoch == 0:
        yield from _degrees(layers)


def mixing_layers(model: nn.Module) -> Iterator[tuple[str, Layer]]:
    """The linear maps in the mixing blocks of ``model`` by name, in network order; of a shallow model ``B1`` and ``B2``."""
    if isinstance(model, Shallow):
        yield from {"B1": model.B1, "B2": model.B2}.items()
    for block_name, block in mixing_blocks(model).items():
        for name, module in block.named_modules():
            if isinstance(module, PKLayer | SparseLinear | StructuredLinear):
                yield f"{block_name}.{name}", module


def _spectra(layers: dict[str, Layer]) -> Iterator[tuple[str, str, float]]:
    for where, layer in layers.items():
        # A product of factors has a spectrum of its own only as a whole matrix.
        if isinstance(layer, StructuredLinear) and max(layer.factors[0].n_in, layer.factors[-1].n_out) > WHOLE_LIMIT:
            continue
        spectrum = layer_spectrum(layer, largest=1, seed=0)
        yield where, "largest singular value", spectrum.largest
        yield where, "largest over root mean square", trace_normalised(spectrum.largest, spectrum.mean_square)
        if spectrum.complete:
            for level, value in zip((0.5, 0.9), spectrum.quantiles((0.5, 0.9)), strict=True):
                yield where, f"singular value, quantile {level:g}", value


def _sparsities(model: nn.Module, layers: dict[str, Layer]) -> Iterator[tuple[str, str, float]]:
    for where, layer in layers.items():
        weights = [parameter for name, parameter in layer.named_parameters() if name != "bias"]
        yield from _named(where, matrix_sparsity(torch.cat([weight.flatten() for weight in weights]), NEARLY_ZERO))
        if isinstance(layer, StructuredLinear) and is_kronecker(layer):
            W, V = layer.weights
            yield from _of_product(where, V, W)
    blocks = mixing_blocks(model)
    for where, block in blocks.items():
        partner = blocks.get(where.replace("token_mixing", "channel_mixing"))
        if where.startswith("token_mixing") and isinstance(block, MixingBlock) and isinstance(partner, MixingBlock):
            (W, *more), (V, *_) = block.layers, partner.layers
            if not more and isinstance(W, PKLayer) and isinstance(V, PKLayer):
                number = where.rpartition(".")[2]
                yield from _of_product(f"base block {number}", V.weight, W.weight)


def is_kronecker(layer: StructuredLinear) -> bool:
    """Whether the matrix of ``layer`` is ``V^T (x) W``, as a shallow model's can be: its factors are ``I (x) W`` and ``I (x) V^T`` (eq. 6-9)."""
    weighted = [factor for factor in layer.factors if factor.weight_shape is not None]
    return len(weighted) == 2 and all(isinstance(factor, Shared) for factor in weighted)


def _of_product(where: str, V: Tensor, W: Tensor) -> Iterator[tuple[str, str, float]]:
    found = product_sparsity(V, W, NEARLY_ZERO)
    yield from ((where, f"V ⊗ W, {name}", value) for _, name, value in _named(where, found))


def _named(where: str, sparsity: Sparsity) -> Iterator[tuple[str, str, float]]:
    for name, value in (
        ("L1 norm", sparsity.l1),
        ("L2 norm", sparsity.l2),
        ("L1 / (L2 sqrt(n))", sparsity.l1_ratio),
        ("Hoyer sparsity", sparsity.hoyer),
        ("participation ratio", sparsity.participation),
        ("share nearly zero", sparsity.small),
    ):
        yield where, name, value


def _gradients(model: nn.Module, inputs: Tensor, labels: Tensor) -> list[tuple[str, str, float]]:
    """Gradient norms in evaluation mode, so that no running statistics change; gradients are gone afterwards."""
    was_training = model.training
    # The last training step's gradients may still lie there.
    model.zero_grad(set_to_none=True)
    model.eval()
    try:
        functional.cross_entropy(model(inputs).float(), labels).backward()  # type: ignore[no-untyped-call]
        norms = gradient_norms(model)
    finally:
        model.zero_grad(set_to_none=True)
        model.train(was_training)
    return [(where, "gradient norm", value) for where, value in (*norms.blocks, ("the rest", norms.rest))]


def _degrees(layers: dict[str, Layer]) -> Iterator[tuple[str, str, float]]:
    for where, layer in layers.items():
        if isinstance(layer, StructuredLinear):
            continue
        degrees = layer_degrees(layer)
        for side, counts, inputs in (
            ("row", degrees.rows, len(degrees.columns)),
            ("column", degrees.columns, len(degrees.rows)),
        ):
            found = summary(counts)
            yield where, f"{side} degree, mean", found.mean
            yield where, f"{side} degree, variance", found.variance
            distance = binomial_distance(counts, inputs, found.mean / inputs)
            yield where, f"{side} degree, KS distance from binomial", distance.kolmogorov_smirnov
