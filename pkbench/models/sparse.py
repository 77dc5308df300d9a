"""The sparse layer of the SW-MLP, ``(M * W) x + b`` with a fixed mask ``M`` (S.16-S.17), computed in one of two forms."""

from __future__ import annotations

import math
import warnings
from typing import Literal, assert_never

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.nn import functional

from pkbench.models.masks import Mask
from pkbench.native import sparse as native
from pkbench.seeding import stream_seed
from pkbench.sizes.sparse import Form

Init = Literal["torch-linear", "normal", "golubeva"]
"""Laws of the initial effective weights; see :meth:`SparseLinear.initialize`."""


class SparseLinear(nn.Module):
    """``y = (M * W) x + b`` with a fixed mask ``M`` of ``n_out x n_in`` whose ones may stand for another ``mask_value``.

    ``dense`` keeps ``weight``, ``n_out x n_in``, zero outside the mask, where its gradient is zero too: neither gradient
    steps nor weight decay change that. ``sparse`` keeps ``values``, ``(nnz,)``, the weights at the mask's ones row by row,
    and never makes a matrix of ``n_out x n_in``. Both are the same function of the same trained numbers, which
    :meth:`connection_weights` and :meth:`load_connection_weights` read and write in one order. Under autocast the sparse
    form computes in its weights' own precision.

    Shapes: ``(B, n_in) -> (B, n_out)``. The mask is no part of the state: it is determined by the run's seed.
    """

    crow: Tensor
    col: Tensor
    t_crow: Tensor
    t_col: Tensor
    order: Tensor
    mask: Tensor

    def __init__(self, mask: Mask, *, form: Form, mask_value: float, bias: bool) -> None:
        super().__init__()
        self.n_out, self.n_in, self.nnz = mask.n_out, mask.n_in, mask.nnz
        self.form = form
        self.mask_value = mask_value
        if form == "dense":
            self.weight = nn.Parameter(torch.zeros(mask.n_out, mask.n_in))
            ones = torch.zeros(mask.n_out, mask.n_in)
            ones[mask.row, mask.col] = 1
            self.register_buffer("mask", ones, persistent=False)
        else:
            self.values = nn.Parameter(torch.zeros(mask.nnz))
            transposed, order = mask.transposed()
            structure = {"crow": mask.crow, "col": mask.col, "t_crow": transposed.crow, "t_col": transposed.col}
            for name, indices in (structure | {"order": order}).items():
                self.register_buffer(name, indices, persistent=False)
            _announce_csr()
        self.bias = nn.Parameter(torch.empty(mask.n_out)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """The layer's value; ``x`` of shape ``(B, n_in)``."""
        product = self._dense_product(x) if self.form == "dense" else self._sparse_product(x)
        if self.bias is None:
            return product * self.mask_value
        return torch.add(self.bias, product, alpha=self.mask_value)

    def _dense_product(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight * self.mask)

    def _sparse_product(self, x: Tensor) -> Tensor:
        x = x.to(self.values.dtype)
        structure = (self.crow, self.col, self.t_crow, self.t_col, self.order)
        if native.usable(self.values, x):
            y: Tensor = _NativeProduct.apply(self.values, x, *structure)
            return y
        # Features first: a connection then works on adjacent numbers, one for each sample.
        y_t: Tensor = _BagProduct.apply(self.values, x.t().contiguous(), *structure)
        return y_t.t()

    def connection_weights(self) -> Tensor:
        """A copy of ``W`` at the mask's ones, row by row, shape ``(nnz,)``, without the mask's value."""
        if self.form == "dense":
            return self.weight.detach()[self.mask.bool()]
        return self.values.detach().clone()

    def load_connection_weights(self, weights: Tensor) -> None:
        """Set ``W`` at the mask's ones from ``weights`` of shape ``(nnz,)``, as :meth:`connection_weights` gives them.

        Raises:
            ValueError: there are more or fewer weights than ones.
        """
        if weights.shape != (self.nnz,):
            raise ValueError(f"{self.nnz} weights are needed, not {tuple(weights.shape)}")
        with torch.no_grad():
            if self.form == "dense":
                self.weight.zero_()
                self.weight[self.mask.bool()] = weights.to(self.weight)
            else:
                self.values.copy_(weights)

    def effective_csr(self) -> tuple[Tensor, Tensor, Tensor]:
        """The effective matrix as row pointers ``(n_out + 1,)``, columns and values ``(nnz,)``, mask value included."""
        weights = self.connection_weights() * self.mask_value
        if self.form == "sparse":
            return self.crow, self.col, weights
        row, col = self.mask.nonzero(as_tuple=True)
        degrees = torch.bincount(row, minlength=self.n_out)
        return torch.cat([degrees.new_zeros(1), degrees.cumsum(0)]), col, weights

    def to_dense(self) -> Tensor:
        """The effective matrix, mask value included, ``(n_out, n_in)``: for checks and spectra."""
        if self.form == "dense":
            return self.weight.detach() * self.mask * self.mask_value
        row = torch.arange(self.n_out, device=self.crow.device).repeat_interleave(self.crow.diff())
        effective = self.values.new_zeros(self.n_out, self.n_in)
        effective[row, self.col] = self.values.detach() * self.mask_value
        return effective

    def initialize(self, seed: int, prefix: str, kind: Init) -> None:
        """Draw weights and biases from streams named after the layer's ``prefix``: the same numbers in both forms.

        The law is that of the effective weights, mask value included; ``p`` is the mask's actual density.
        ``torch-linear``: U(±1/sqrt(n_in)), PyTorch's default for the full matrix. ``normal``: N(0, 1/(p n_in)), so that with
        mask value 1/sqrt(p) weights are N(0, 1/n_in) (§4.3). ``golubeva``: U(±1/sqrt(p n_in)) (Golubeva et al. 2021).
        Biases are U(±1/sqrt(n_in)), or 0 with ``normal``.
        """
        fan_in = self.nnz / self.n_out
        weights = torch.empty(self.nnz)
        generator = _stream(seed, f"{prefix}.weight")
        match kind:
            case "torch-linear":
                weights.uniform_(-1 / math.sqrt(self.n_in), 1 / math.sqrt(self.n_in), generator=generator)
            case "normal":
                weights.normal_(0, 1 / math.sqrt(fan_in), generator=generator)
            case "golubeva":
                weights.uniform_(-1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in), generator=generator)
            case _:
                assert_never(kind)
        self.load_connection_weights(weights / self.mask_value)
        if self.bias is not None:
            bound = 0.0 if kind == "normal" else 1 / math.sqrt(self.n_in)
            biases = torch.empty(self.n_out).uniform_(-bound, bound, generator=_stream(seed, f"{prefix}.bias"))
            with torch.no_grad():
                self.bias.copy_(biases)

    def extra_repr(self) -> str:
        """Sizes, for ``print(model)``."""
        return f"{self.n_out}x{self.n_in}, connections={self.nnz}, {self.form}, mask_value={self.mask_value:g}"


class _NativeProduct(torch.autograd.Function):
    """``x A^T`` for the sparse matrix ``A`` of ``values``, ``(B, n_in) -> (B, n_out)``, in C."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        values: Tensor,
        x: Tensor,
        crow: Tensor,
        col: Tensor,
        t_crow: Tensor,
        t_col: Tensor,
        order: Tensor,
    ) -> Tensor:
        packed = native.pack(x)
        ctx.save_for_backward(values, packed, crow, col, t_crow, t_col, order)
        return native.product(crow, col, values, packed, len(x))

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None, None, None, None, None]:
        values, packed, crow, col, t_crow, t_col, order = ctx.saved_tensors  # type: ignore[attr-defined]
        needs_values, needs_x, *_ = ctx.needs_input_grad  # type: ignore[attr-defined]
        packed_grad = native.pack(grad)
        grad_values = grad_x = None
        # This one first: the transposed matrix's values, which only it needs, are gone when the others' gradient is made.
        if needs_x:
            grad_x = native.product(t_crow, t_col, values.index_select(0, order), packed_grad, len(grad))
        if needs_values:
            grad_values = native.gradient(crow, col, packed_grad, packed)
        return grad_values, grad_x, None, None, None, None, None


class _BagProduct(torch.autograd.Function):
    """``A x_t`` for the sparse matrix ``A`` of ``values``, ``(n_in, B) -> (n_out, B)``, both contiguous.

    A weighted bag of rows is a row of this product, and PyTorch's kernels for bags are faster than its CSR products here;
    their own backward, though, scatters into the gradient of ``x_t``, where a product with ``A^T`` needs no scattering.
    """

    @staticmethod
    def forward(
        values: Tensor, x_t: Tensor, crow: Tensor, col: Tensor, t_crow: Tensor, t_col: Tensor, order: Tensor
    ) -> Tensor:
        del t_crow, t_col, order
        return _bags(crow, col, values, x_t)

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        del output
        ctx.save_for_backward(*inputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None, None, None, None, None]:
        values, x_t, crow, col, t_crow, t_col, order = ctx.saved_tensors  # type: ignore[attr-defined]
        needs_values, needs_x, *_ = ctx.needs_input_grad  # type: ignore[attr-defined]
        grad = grad.contiguous()
        grad_values = grad_x = None
        if needs_values:
            zeros = torch.zeros(len(col), dtype=grad.dtype, device=grad.device)
            pattern = torch.sparse_csr_tensor(crow, col, zeros, (len(grad), len(x_t)), check_invariants=False)
            grad_values = torch.sparse.sampled_addmm(pattern, grad, x_t.t(), beta=0.0).values()
        if needs_x:
            grad_x = _bags(t_crow, t_col, values.index_select(0, order), grad)
        return grad_values, grad_x, None, None, None, None, None


def _bags(crow: Tensor, col: Tensor, values: Tensor, x_t: Tensor) -> Tensor:
    """Row ``i`` is the sum of ``values[k] * x_t[col[k]]`` over row ``i``'s connections ``k``."""
    return functional.embedding_bag(col, x_t, crow, mode="sum", per_sample_weights=values, include_last_offset=True)


def _stream(seed: int, name: str) -> torch.Generator:
    return torch.Generator().manual_seed(stream_seed("init", seed, name))


def _announce_csr() -> None:
    """Use up PyTorch's notice, given once a process, that CSR tensors are in beta: only their values are read here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        indices = torch.zeros(2, dtype=torch.int32)
        torch.sparse_csr_tensor(indices, indices[:0], torch.zeros(0), (1, 1), check_invariants=False)
