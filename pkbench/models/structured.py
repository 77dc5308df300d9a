"""Structured matrices as layers, and the Mixer with them in the place of its Kronecker matrices."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from pkbench.models.initial import draw, draw_matrix
from pkbench.models.mixers import LAYER_NORM_EPS, MixerBody
from pkbench.models.permutation import Commutation
from pkbench.models.pk import ACTIVATIONS
from pkbench.sizes.structured import Side, StructuredShape
from pkbench.structures.base import bias_size
from pkbench.structures.factors import Blocks, Commute, Factor, Shared, Toeplitz


class StructuredLinear(nn.Module):
    """``M x + b`` with ``M`` the product of ``factors``, of which ``factors[0]`` acts first.

    ``weights`` holds one parameter for each factor that has one, in their order. ``bias`` has :func:`bias_size` entries.

    Shapes: ``(B, n_in) -> (B, n_out)``.

    Raises:
        ValueError: no factor has weights, or the sizes of two factors in a row do not fit.
    """

    def __init__(self, factors: tuple[Factor, ...], *, bias: bool) -> None:
        super().__init__()
        for inner, outer in pairwise(factors):
            if inner.n_out != outer.n_in:
                raise ValueError(f"{inner} gives {inner.n_out} features, but {outer} reads {outer.n_in}")
        shapes = [factor.weight_shape for factor in factors if factor.weight_shape is not None]
        if not shapes:
            raise ValueError("a structured layer needs a factor with weights")
        self.factors = factors
        self.weights = nn.ParameterList([torch.empty(shape) for shape in shapes])
        self.bias = nn.Parameter(torch.empty(bias_size(factors))) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """The layer's value; ``x`` of shape ``(B, n_in)``."""
        for factor, weight in self._weighted_factors():
            x = _product(factor, weight, x)
        if self.bias is None:
            return x
        return (x.view(x.shape[0], -1, self.bias.numel()) + self.bias).flatten(1)

    def to_dense(self) -> Tensor:
        """``M`` as a matrix ``(n_out, n_in)``, differentiable: for checks on small shapes only."""
        dense = torch.eye(self.factors[0].n_in).to(self.weights[0])
        for factor, weight in self._weighted_factors():
            dense = _matrix(factor, weight).to(dense) @ dense
        return dense

    def initialize(self, seed: int, prefix: str, kind: str) -> None:
        """Draw every parameter from a stream named ``prefix.weights.i`` or ``prefix.bias``; see :func:`pkbench.models.initial.draw`.

        Each factor is drawn by its own fan-in, as Dao et al. 2022 draw theirs; the bias by the fan-in of the last factor
        with weights, whose outputs it is added to.
        """
        weighted = [factor for factor in self.factors if factor.weight_shape is not None]
        for i, (factor, weight) in enumerate(zip(weighted, self.weights, strict=True)):
            draw(weight, kind, factor.fan_in, seed, f"{prefix}.weights.{i}", bias=False)
        if self.bias is not None:
            draw(self.bias, kind, weighted[-1].fan_in, seed, f"{prefix}.bias", bias=True)

    def _weighted_factors(self) -> Iterator[tuple[Factor, Tensor | None]]:
        """Each factor with its parameter, ``None`` for a fixed one."""
        weights = iter(self.weights)
        for factor in self.factors:
            yield factor, None if factor.weight_shape is None else next(weights)

    def extra_repr(self) -> str:
        """The factors, for ``print(model)``."""
        return ", ".join(map(str, self.factors))


def _product(factor: Factor, weight: Tensor | None, x: Tensor) -> Tensor:
    """``factor`` times every row of ``x``, ``(B, n_in) -> (B, n_out)``."""
    match factor, weight:
        case Commute(rows, columns), None:
            return x.view(x.shape[0], columns, rows).transpose(1, 2).flatten(1)
        case Blocks(groups, _, columns), Tensor():
            return torch.einsum("bgi,goi->bgo", x.view(x.shape[0], groups, columns), weight).flatten(1)
        case Shared(groups, _, columns), Tensor():
            return functional.linear(x.view(x.shape[0], groups, columns), weight).flatten(1)
        case Toeplitz(), Tensor():
            return _toeplitz_product(factor, weight, x)
    raise TypeError(f"no layer for {factor}")


def _toeplitz_product(factor: Toeplitz, weight: Tensor, x: Tensor) -> Tensor:
    """The case of :class:`Toeplitz`: a dense product with the band of ``taps`` rows at a time.

    These rows read ``window`` consecutive features. A convolution does the same without the band's zeros, but with windows
    as long as these it takes tens of times longer on a CPU.
    """
    B, taps, window, chunks = x.shape[0], factor.taps, factor.window, factor.chunks
    ends = (taps // 2, taps - 1 - taps // 2)
    wrapped = functional.pad(x.view(B, factor.columns, factor.size), ends, mode="circular")
    # The last chunk may reach beyond the end; what it gives there is cut off again.
    windows = functional.pad(wrapped, (0, chunks * taps - factor.size)).unfold(2, window, taps)
    # Each row of the band is the one above, moved by one: rows of window + 1 numbers, cut again at every window.
    rows = functional.pad(weight, (0, taps)).repeat(1, 1, taps)[..., : taps * window]
    band = rows.view(factor.rows, factor.columns, taps, window)
    return torch.einsum("bcnw,rcow->brno", windows, band).flatten(2)[..., : factor.size].flatten(1)


def _matrix(factor: Factor, weight: Tensor | None) -> Tensor:
    """``factor`` with every entry written out, ``(n_out, n_in)``; shares no code with :func:`_product`."""
    match factor, weight:
        case Commute(rows, columns), None:
            return torch.eye(factor.n_in)[Commutation(rows, columns).index]
        case Blocks(), Tensor():
            blocks: Tensor = torch.block_diag(*weight)  # type: ignore[no-untyped-call]  # torch has no types for it
            return blocks
        case Shared(groups, _, _), Tensor():
            return torch.kron(torch.eye(groups).to(weight), weight)
        case Toeplitz(size, rows, columns, taps), Tensor():
            a, b, t, i = torch.meshgrid(*map(torch.arange, (rows, columns, taps, size)), indexing="ij")
            place = (a * size + i, b * size + (i + t - taps // 2) % size)
            return weight.new_zeros(factor.n_out, factor.n_in).index_put(place, weight[a, b, t])
    raise TypeError(f"no matrix for {factor}")


def initialize_layers(module: nn.Module, kind: str, seed: int) -> None:
    """Draw the structured and the dense layers of ``module``; its norms keep scale 1 and shift 0."""
    for prefix, layer in module.named_modules():
        if isinstance(layer, StructuredLinear):
            layer.initialize(seed, prefix, kind)
        else:
            draw_matrix(layer, kind, seed, prefix)


class StructuredBlock(nn.Module):
    """One mixing block without its skip path: LayerNorm, a structured layer, phi, and a second one if there is a gamma.

    Token mixing acts on ``vec(X)``, channel mixing on ``J_c vec(X) = vec(X^T)`` and back (§3.1): a slot's groups are runs of
    consecutive features on both sides.

    Shapes: ``(B, tokens_in, C) -> (B, S, C)``.
    """

    def __init__(self, shape: StructuredShape, side: Side, tokens_in: int, activation: str) -> None:
        super().__init__()
        self.side = side
        self.features = (shape.C, shape.S) if side == "tokens" else (shape.S, shape.C)
        self.norm = nn.LayerNorm(shape.C, eps=LAYER_NORM_EPS) if shape.layer_norm else nn.Identity()
        self.layers = nn.ModuleList(
            StructuredLinear(factors, bias=shape.bias) for factors in shape.factors(side, tokens_in)
        )
        self.activation = activation

    def forward(self, X: Tensor) -> Tensor:
        """The block's value for features ``X`` of shape ``(B, tokens_in, C)``."""
        X = self.norm(X)
        # The memory of X is vec(X^T).
        x = (X.transpose(1, 2) if self.side == "tokens" else X).flatten(1)
        first, *rest = self.layers
        x = ACTIVATIONS[self.activation](first(x))
        for layer in rest:
            x = layer(x)
        mixed: Tensor = x.view(x.shape[0], *self.features)
        return mixed.transpose(1, 2) if self.side == "tokens" else mixed


class StructuredMixer(MixerBody):
    """A Mixer with structured matrices in its mixing blocks; with ``kronecker`` it is the Mixer."""

    def __init__(self, shape: StructuredShape, patch: int, *, activation: str, skip: bool) -> None:
        super().__init__(
            shape,
            patch,
            (StructuredBlock(shape, "tokens", n, activation) for n in shape.tokens_in),
            (StructuredBlock(shape, "channels", n, activation) for n in shape.tokens_in),
            skip=skip,
        )

    def initialize(self, kind: str, seed: int) -> None:
        """Draw every parameter from a stream named after it; see :func:`pkbench.models.initial.draw`."""
        initialize_layers(self, kind, seed)
