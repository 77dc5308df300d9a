"""The permuted-Kronecker (PK) layer, the one building block of every Mixer here (Def. 5.1)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from pkbench.models.permutation import Permutation, Permute

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": functional.gelu,
    "relu": functional.relu,
    "linear": lambda x: x,
}
"""Entry-wise activations phi by name."""


class PKLayer(nn.Module):
    """``PK_W(x; J1, J2) = phi(J2 (I_n1 (x) W) J1 x)``, Def. 5.1.

    ``x`` has ``n1 * n2_in`` features in ``n1`` groups; every group is mapped by the same ``W`` of
    ``n2_out x n2_in`` (and bias, where there is one). With ``J1, J2`` from identity and commutation
    matrices it mixes tokens or channels; with random ones it is a layer of the RP-Mixer.

    Shapes: ``(B, n1 * n2_in) -> (B, n1 * n2_out)``.
    """

    def __init__(
        self,
        weight_shape: tuple[int, int],
        groups: int,
        J1: Permutation,
        J2: Permutation,
        *,
        bias: bool,
        activation: str,
    ) -> None:
        super().__init__()
        n2_out, n2_in = weight_shape
        if J1.size != groups * n2_in or J2.size != groups * n2_out:
            raise ValueError(
                f"J1 and J2 must permute {groups * n2_in} and {groups * n2_out} features, not {J1.size} and {J2.size}"
            )
        self.groups = groups
        self.weight = nn.Parameter(torch.empty(n2_out, n2_in))
        self.bias = nn.Parameter(torch.empty(n2_out)) if bias else None
        self.J1 = Permute(J1)
        self.J2 = Permute(J2)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """The layer's value; ``x`` of shape ``(B, n1 * n2_in)``."""
        grouped = self.J1(x).view(x.shape[0], self.groups, self.weight.shape[1])
        mixed = functional.linear(grouped, self.weight, self.bias)
        # phi acts entry by entry, so it commutes with J2; before J2 it works on contiguous memory.
        return self.J2(ACTIVATIONS[self.activation](mixed).flatten(1))  # type: ignore[no-any-return]

    def to_dense(self) -> Tensor:
        """The effective matrix ``J2 (I_n1 (x) W) J1``, ``(n1 * n2_out, n1 * n2_in)``: for checks on small shapes only."""
        kronecker = torch.kron(torch.eye(self.groups, dtype=self.weight.dtype), self.weight.detach().cpu())
        return kronecker[self.J2.permutation.index][:, self.J1.permutation.inverse.index]

    def extra_repr(self) -> str:
        """Sizes, for ``print(model)``."""
        n2_out, n2_in = self.weight.shape
        return f"groups={self.groups}, weight={n2_out}x{n2_in}, activation={self.activation}"
