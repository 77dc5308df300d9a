"""The forward and backward passes of several Mixers of one shape at once, written out: products, and kernels between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from pkbench.models.mixers import Mixer, SkipLayer
from pkbench.spec.train import Precision
from pkbench.train.engines.batch_last.layout import BlockRows, block_rows
from pkbench.train.engines.batch_last.network import Backward, Parameters
from pkbench.train.engines.fused.gradient import Gradient
from pkbench.train.engines.fused.hidden import Hidden
from pkbench.train.engines.fused.joint import Joint, Kept, Value, inverse, rows_on
from pkbench.train.engines.fused.patches import Patches
from pkbench.train.engines.fused.products import Matrices, aligned, matrix_gradient, with_aligned_rows
from pkbench.train.engines.fused.sums import Sums


@dataclass(frozen=True)
class _Block:
    """A mixing block's products, by the names of their layers, and what lies between them where there are two."""

    layers: tuple[str, ...]
    hidden: Hidden | None


@dataclass
class _Tape:
    """What a forward pass keeps for the backward pass.

    Attributes:
        matrices: by the names of their layers.
        entries: the patches (K, C0, S0 * B).
        joints: of the embedding and of every block.
        path: of the first skip path, with its operand.
        operands: of every block, for each of its products.
        hidden: of every block, its first product where it has two.
        pooled: (K, C, B).
    """

    matrices: dict[str, Tensor]
    entries: Tensor
    joints: list[Kept]
    path: tuple[Tensor, Kept] | None
    operands: list[tuple[Tensor, ...]]
    hidden: list[Tensor | None]
    pooled: Tensor


class FusedMixer:
    """See :class:`pkbench.train.engines.batch_last.network.Network`."""

    def __init__(
        self, models: Sequence[Mixer], image: tuple[int, int, int], device: torch.device, precision: Precision
    ) -> None:
        first = models[0]
        self._device = device
        self._dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        self._C = first.embed.out_features
        self._skip = first.skip
        self._names = frozenset(name for name, _ in first.named_parameters())
        self._patches = Patches(first, image, device)
        self._S0 = self._patches.tokens
        rows = block_rows(models)
        self._blocks = [self._block(block) for block in rows]
        self._joints = self._make_joints(rows, len(models))
        self._path = self._make_path(first, len(models))
        names = ["embed", *(layer for block in self._blocks for layer in block.layers)]
        if self._path is not None:
            names.append("first_skip")
        self._known_sums: dict[int, Sums] = {}
        self._matrices = Matrices(first, [f"{name}.weight" for name in names], device)
        self._gradient = Gradient(first)

    def logits(self, parameters: Parameters, inputs: Tensor) -> Tensor:
        """See :meth:`pkbench.train.engines.batch_last.network.Network.logits`."""
        return self._forward(parameters, inputs, None, keep=False)[0]

    def forward(
        self, parameters: Parameters, inputs: Tensor, branch_scale: Tensor | None = None
    ) -> tuple[Tensor, Backward]:
        """See :meth:`pkbench.train.engines.batch_last.network.Network.forward`."""
        logits, tape = self._forward(parameters, inputs, branch_scale, keep=True)
        return logits, partial(self._backward, parameters, tape)

    def _forward(
        self, parameters: Parameters, inputs: Tensor, scales: Tensor | None, *, keep: bool
    ) -> tuple[Tensor, _Tape]:
        K, dtype = inputs.shape[0], self._dtype
        matrices = self._matrices.of(parameters.flat, dtype)
        entries = self._patches.of(inputs, dtype)
        y = torch.bmm(matrices["embed.weight"], entries)
        operand, kept = self._joints[0].forward(parameters, None, y, None, dtype)
        tape = _Tape(matrices, entries, [kept], None, [], [], kept.x)
        x: Tensor | None = kept.x if self._skip else None
        if self._path is not None:
            below = with_aligned_rows(kept.x.to(dtype).view(K, self._S0, -1))
            y = torch.bmm(matrices["first_skip.weight"], below)
            x, of_path = self._path.forward(parameters, None, y, None, torch.float32)
            tape.path = below, of_path
        for number, block in enumerate(self._blocks):
            y = self._value(block, parameters, tape, operand, keep=keep)
            scale = None if scales is None else scales[:, :, number].contiguous()
            last = number + 1 == len(self._blocks)
            operand, kept = self._joints[number + 1].forward(parameters, x, y, scale, torch.float32 if last else dtype)
            x = kept.x if self._skip else None
            if keep:
                tape.joints.append(kept)
        tape.pooled = operand.view(K, -1, self._C, inputs.shape[1]).mean(1)
        bias = parameters.named["classifier.bias"].unsqueeze(2)
        logits = torch.baddbmm(bias, parameters.named["classifier.weight"], tape.pooled)
        return logits.transpose(1, 2), tape

    def _value(self, block: _Block, parameters: Parameters, tape: _Tape, operand: Tensor, *, keep: bool) -> Tensor:
        """The block's last product (K, outputs, groups * B)."""
        K = operand.shape[0]
        matrices = [tape.matrices[f"{layer}.weight"] for layer in block.layers]
        operands = [operand.view(K, matrices[0].shape[2], -1)]
        z = None
        if block.hidden is not None:
            z = torch.bmm(matrices[0], operands[0])
            value = block.hidden.forward(parameters, z)
            operands.append(value.view(K, matrices[1].shape[2], -1))
        if keep:
            tape.operands.append(tuple(operands))
            tape.hidden.append(z)
        return torch.bmm(matrices[-1], operands[-1])

    def _backward(self, parameters: Parameters, tape: _Tape, d_logits: Tensor, out: Tensor) -> None:
        """Write the gradient of all parameters into ``out`` (K, parameters); ``d_logits`` is (K, B, classes)."""
        K, B = d_logits.shape[:2]
        found = self._gradient.of(out)
        torch.sum(d_logits, 1, out=found["classifier.bias"])
        torch.bmm(d_logits.transpose(1, 2), tape.pooled.transpose(1, 2), out=found["classifier.weight"])
        sums = self._sums(K, B)
        room = sums.room()
        weight = parameters.named["classifier.weight"]
        tokens = tape.joints[-1].x.shape[1] // self._C
        d_operand = torch.bmm(weight.transpose(1, 2), d_logits.transpose(1, 2)) / tokens
        d_skip: Tensor | None = None
        for number in reversed(range(len(self._blocks))):
            pooled = number + 1 == len(self._blocks)
            dy, d_skip = self._joints[number + 1].backward(
                *(parameters, tape.joints[number + 1], d_operand, d_skip, self._dtype, room),
                pooled=pooled,
                needs_x=self._skip,
            )
            d_operand = self._block_backward(number, parameters, tape, dy, room, found)
        if self._path is not None and d_skip is not None and tape.path is not None:
            below, kept = tape.path
            dy, _ = self._path.backward(parameters, kept, d_skip, None, self._dtype, room, needs_x=False)
            dy = dy.view(K, -1, self._C * B)
            matrix_gradient(dy, below, found["first_skip.weight"])
            back = torch.bmm(tape.matrices["first_skip.weight"].transpose(1, 2), dy)
            d_skip = back[:, : self._S0].contiguous().view(K, -1, B)
        dy, _ = self._joints[0].backward(
            parameters, tape.joints[0], d_operand, d_skip, self._dtype, room, needs_x=False
        )
        matrix_gradient(dy.view(K, self._C, -1), tape.entries, found["embed.weight"])
        sums.add_up(room, out)

    def _block_backward(
        self,
        number: int,
        parameters: Parameters,
        tape: _Tape,
        dy: Tensor,
        room: Mapping[str, Tensor],
        found: Mapping[str, Tensor],
    ) -> Tensor:
        """The gradient (K, aligned inputs * groups, B) of the operand of block ``number``; matrices' go to ``found``."""
        block, operands, z = self._blocks[number], tape.operands[number], tape.hidden[number]
        K, _, B = dy.shape
        names = [f"{layer}.weight" for layer in block.layers]
        dy = dy.view(K, tape.matrices[names[-1]].shape[1], -1)
        if block.hidden is not None and z is not None:
            matrix_gradient(dy, operands[1], found[names[1]])
            d_value = torch.bmm(tape.matrices[names[1]].transpose(1, 2), dy)
            dy = block.hidden.backward(parameters, d_value, z, room)
        matrix_gradient(dy, operands[0], found[names[0]])
        return torch.bmm(tape.matrices[names[0]].transpose(1, 2), dy).view(K, -1, B)

    def _sums(self, K: int, B: int) -> Sums:
        """Where gradients of biases and norms are added up; made once, before steps are recorded."""
        if B not in self._known_sums:
            joints = [*self._joints, *([] if self._path is None else [self._path])]
            vectors = [vector for joint in joints for vector in joint.vectors(B)]
            for block in self._blocks:
                if block.hidden is not None:
                    vectors += block.hidden.vectors(B)
            self._known_sums[B] = Sums(vectors, self._gradient.offsets, K, self._device)
        return self._known_sums[B]

    def _block(self, rows: BlockRows) -> _Block:
        first, last = rows.layers[0], rows.layers[-1]
        names = tuple(layer.name for layer in rows.layers)
        if first is last:
            return _Block(names, None)
        moves = any(not torch.equal(index, torch.arange(len(index))) for index in last.enter)
        enter = rows_on(self._device, [inverse(index) for index in last.enter]) if moves else None
        bias = self._bias(first.name)
        hidden = Hidden(first.outputs, first.groups, bias, first.activation, enter)
        return _Block(names, hidden)

    def _make_joints(self, rows: Sequence[BlockRows], runs: int) -> list[Joint]:
        """The joints after the embedding and after every block."""
        C, S0 = self._C, self._S0
        # The embedding's rows are (channel, token), those of X (token, channel).
        leave = torch.arange(S0 * C).view(C, S0).T.flatten()
        values = [Value(rows_on(self._device, [leave] * runs), S0, self._bias("embed"), "linear")]
        for block in rows:
            last = block.layers[-1]
            values.append(
                Value(rows_on(self._device, block.leave), last.groups, self._bias(last.name), last.activation)
            )
        joints = []
        for value, block in zip(values, rows, strict=False):
            operand = block.layers[0]
            enter = rows_on(self._device, [inverse(index) for index in operand.enter])
            joints.append(Joint(C, value, block.norm, enter, aligned(operand.inputs) * operand.groups))
        return [*joints, self._joint_in_order(values[-1], "norm", runs)]

    def _make_path(self, first: Mixer, runs: int) -> Joint | None:
        if not isinstance(first.first_skip, SkipLayer):
            return None
        rows = torch.arange(first.first_skip.weight.shape[0] * self._C)
        value = Value(rows_on(self._device, [rows] * runs), self._C, None, "linear")
        return self._joint_in_order(value, "first_skip.norm", runs)

    def _joint_in_order(self, value: Value, norm: str, runs: int) -> Joint:
        """A joint whose operand has the rows of X."""
        rows = torch.arange(value.leave.shape[1])
        return Joint(self._C, value, norm, rows_on(self._device, [rows] * runs), len(rows))

    def _bias(self, layer: str) -> str | None:
        name = f"{layer}.bias"
        return name if name in self._names else None
