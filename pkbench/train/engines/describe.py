"""A Mixer as the C part takes it: the structures of ``network.h``, and all its parameters in one tensor."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from pkbench.models.mixers import Mixer, MixingBlock, SkipLayer, patches
from pkbench.models.permutation import Identity, Shuffle
from pkbench.models.pk import PKLayer
from pkbench.native.memory import numbers

ACTIVATIONS = {"gelu": 0, "relu": 1, "linear": 2}
_NONE = -1

_int = ctypes.c_int64


class _Norm(ctypes.Structure):
    _fields_ = (("channels", _int), ("scale", _int), ("shift", _int))


class _Matrix(ctypes.Structure):
    _fields_ = (("weight", _int), ("gradient", _int), ("bias", _int), ("ready", _int))


class _Block(ctypes.Structure):
    _fields_ = (
        *((name, _int) for name in ("groups", "inputs", "hidden", "outputs", "tokens", "activation", "anywhere")),
        *(("norm", _Norm), ("first", _Matrix), ("second", _Matrix)),
        *((name, ctypes.c_void_p) for name in ("enter", "middle", "leave")),
    )


class _Network(ctypes.Structure):
    _fields_ = (
        *(
            (name, _int)
            for name in (
                "S",
                "C",
                "classes",
                "blocks",
                "adds",
                "has_path",
                "rounds",
                "parameters",
                "gradients",
                "matrices",
            )
        ),
        *(("embed", _Block), ("path", _Block), ("path_norm", _Norm), ("norm", _Norm), ("head", _Matrix)),
        ("block", ctypes.POINTER(_Block)),
    )


class Memory(ctypes.Structure):
    """What one thread works in: memory for a pass over a slice, and its sums of gradients; ``Memory`` of ``mixer.c``."""

    _fields_ = tuple((name, ctypes.c_void_p) for name in ("scratch", "kept", "gradients"))


class Training(ctypes.Structure):
    """A run, and all that its steps go over: ``Training`` of ``mixer.c``."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("network", "team")),
        *((name, _int) for name in ("width", "pixels")),
        *((name, ctypes.c_void_p) for name in ("parameters", "gradient", "matrices", "memory", "piece")),
        ("pieces", _int),
    )


class Piece(ctypes.Structure):
    """A parameter's place, and where the C part sums its gradient: ``Piece`` of ``gradients.h``."""

    _fields_ = tuple((name, _int) for name in ("weight", "gradient", "rows", "columns", "line", "transposed", "vector"))


@dataclass(slots=True)
class Description:
    """The structures for one Mixer.

    Attributes:
        flat: all parameters, float32, one after another; the model's own are views of it from now on.
        gradients: numbers of a gradient's memory.
        matrices: numbers of all matrices in one form that products read.
        pieces: of all parameters, one after another.
        pixels: numbers of an image.
    """

    network: _Network
    flat: Tensor
    gradients: int
    matrices: int
    pieces: ctypes.Array[Piece]
    pixels: int
    owned: list[object] = field(repr=False)
    """What the structures point to."""


def describe(model: Mixer, image: tuple[int, int, int], tile: int, *, rounds: bool) -> Description:
    """Describe ``model`` for images of (colours, height, width), and move its parameters into one tensor.

    ``rounds``: whether products are of bfloat16 numbers.
    """
    description = _Describer(model, tile).describe(image)
    description.network.rounds = rounds
    return description


class _Describer:
    def __init__(self, model: Mixer, tile: int) -> None:
        self.model = model
        self.tile = tile
        self.offsets: dict[int, int] = {}
        self.matrices: dict[int, Piece] = {}
        self.owned: list[object] = []
        self.flat = self._flatten()
        self.end = self._whole(self.flat.numel())
        self.ready = 0

    def describe(self, image: tuple[int, int, int]) -> Description:
        model = self.model
        pixels = image[0] * image[1] * image[2]
        numbered = torch.arange(pixels, dtype=torch.float64).view(1, *image)
        places = patches(numbered, model.patch)[0].flatten()
        C, C0 = model.embed.weight.shape
        S0 = len(places) // C0
        blocks = list(self._blocks())
        array = (_Block * len(blocks))(*blocks)
        self.owned.append(array)
        has_path = isinstance(model.first_skip, SkipLayer)
        network = _Network(
            S=model.token_mixing[0].tokens_out,
            C=C,
            classes=model.classifier.out_features,
            blocks=len(blocks),
            adds=model.skip,
            has_path=has_path,
            embed=self._linear(S0, model.embed, places, torch.arange(S0 * C), tokens=S0),
            norm=self._norm(model.norm),
            head=self._matrix(model.classifier.weight, model.classifier.bias, transposed=False),
            block=array,
        )
        if isinstance(model.first_skip, SkipLayer):
            network.path, network.path_norm = self._path(model.first_skip, C)
        network.parameters = self.flat.numel()
        network.gradients = self.end
        network.matrices = self.ready
        return Description(network, self.flat, self.end, self.ready, self._pieces(), pixels, self.owned)

    def _flatten(self) -> Tensor:
        """One tensor of all parameters, which become views of it."""
        parameters = list(self.model.parameters())
        flat = numbers(sum(parameter.numel() for parameter in parameters))
        torch.cat([parameter.detach().flatten() for parameter in parameters], out=flat)
        offset = 0
        for parameter in parameters:
            self.offsets[id(parameter)] = offset
            parameter.data = flat[offset : offset + parameter.numel()].view(parameter.shape)
            offset += parameter.numel()
        return flat

    def _pieces(self) -> ctypes.Array[Piece]:
        """Matrices where their gradients are padded; what lies between two of them is a vector."""
        found, end = [], 0
        for offset, piece in sorted(self.matrices.items()):
            if offset > end:
                found.append(_vector(end, offset))
            found.append(piece)
            end = offset + piece.rows * piece.columns
        if end < self.flat.numel():
            found.append(_vector(end, self.flat.numel()))
        return (Piece * len(found))(*found)

    def _blocks(self) -> Iterator[_Block]:
        for pair in zip(self.model.token_mixing, self.model.channel_mixing, strict=True):
            for block in pair:
                if not isinstance(block, MixingBlock):
                    raise TypeError(f"{type(block).__name__} is no mixing block of PK layers")
                yield self._block(block)

    def _block(self, block: MixingBlock) -> _Block:
        first, last = block.layers[0], block.layers[-1]
        if not isinstance(first, PKLayer) or not isinstance(last, PKLayer):
            raise TypeError("a mixing block has PK layers")
        two = len(block.layers) == 2
        outputs, inputs = last.weight.shape[0], first.weight.shape[1]
        middle = last.J1.permutation if two else Identity(0)
        C = self.model.embed.out_features
        return _Block(
            groups=first.groups,
            inputs=inputs,
            hidden=first.weight.shape[0] if two else 0,
            outputs=outputs,
            tokens=first.J1.permutation.size // C,
            activation=ACTIVATIONS[first.activation],
            anywhere=isinstance(first.J1.permutation, Shuffle),
            norm=self._norm(block.norm),
            first=self._matrix(first.weight, first.bias, transposed=False),
            second=self._matrix(last.weight, last.bias, transposed=True) if two else _Matrix(),
            enter=self._rows(first.J1.permutation.index),
            # The gather of a permutation says where an entry comes from; its inverse, where one goes.
            middle=None if isinstance(middle, Identity) else self._rows(middle.inverse.index),
            leave=self._rows(last.J2.permutation.inverse.index),
        )

    def _linear(self, groups: int, layer: nn.Linear, enter: Tensor, leave: Tensor, *, tokens: int) -> _Block:
        """A linear layer of every group."""
        outputs, inputs = layer.weight.shape
        return _Block(
            groups=groups,
            inputs=inputs,
            outputs=outputs,
            tokens=tokens,
            activation=ACTIVATIONS["linear"],
            norm=self._norm(nn.Identity()),
            first=self._matrix(layer.weight, layer.bias, transposed=False),
            enter=self._rows(enter),
            leave=self._rows(leave),
        )

    def _path(self, skip: SkipLayer, C: int) -> tuple[_Block, _Norm]:
        """``W X`` on the first skip path, a linear map of each channel's tokens, and the norm behind it."""
        S, S0 = skip.weight.shape
        block = _Block(
            groups=C,
            inputs=S0,
            outputs=S,
            tokens=S0,
            activation=ACTIVATIONS["linear"],
            norm=self._norm(nn.Identity()),
            first=self._matrix(skip.weight, None, transposed=False),
            enter=self._rows(torch.arange(S0 * C).view(S0, C).T.flatten()),
            leave=self._rows(torch.arange(S * C).view(S, C).T.flatten()),
        )
        return block, self._norm(skip.norm)

    def _norm(self, norm: nn.Module) -> _Norm:
        if not isinstance(norm, nn.LayerNorm):
            return _Norm(self.model.embed.out_features, _NONE, _NONE)
        return _Norm(norm.weight.numel(), self._offset(norm.weight), self._offset(norm.bias))

    def _matrix(self, weight: Tensor, bias: Tensor | None, *, transposed: bool) -> _Matrix:
        rows, columns = weight.shape
        line = self._whole(rows if transposed else columns)
        offset = self._offset(weight)
        self.matrices[offset] = Piece(offset, self.end, rows, columns, line, transposed, vector=False)
        matrix = _Matrix(offset, self.end, self._offset(bias), self.ready)
        self.end += line * (columns if transposed else rows)
        self.ready += self._whole(max(rows * self._whole(columns), columns * self._whole(rows)))
        return matrix

    def _whole(self, numbers: int) -> int:
        """As many as whole tiles have, so that what follows begins where a cache's line does."""
        return -(-numbers // self.tile) * self.tile

    def _offset(self, parameter: Tensor | None) -> int:
        return _NONE if parameter is None else self.offsets[id(parameter)]

    def _rows(self, index: Tensor) -> int:
        """The address of ``index`` as int32 numbers."""
        rows = index.to(torch.int32).contiguous()
        self.owned.append(rows)
        return rows.data_ptr()


def _vector(begin: int, end: int) -> Piece:
    """Parameters from one place to another, whose gradients are at the same places."""
    return Piece(begin, begin, 1, end - begin, end - begin, transposed=False, vector=True)
