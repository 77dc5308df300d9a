import math
import warnings
from typing import Any, get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from pkbench.models.masks import Mask, draw_mask
from pkbench.models.sparse import Init, SparseLinear
from pkbench.native import sparse
from pkbench.sizes.sparse import Form, MaskKind

FORMS = get_args(Form)
sizes = st.integers(1, 9)


def explicit(mask: Mask, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """``M`` and ``W`` as matrices, ``W`` with rubbish outside the mask, which must not matter."""
    M = torch.zeros(mask.n_out, mask.n_in, dtype=torch.float64)
    W = torch.full_like(M, 7.5)
    for k, (row, column) in enumerate(zip(mask.row.tolist(), mask.col.tolist(), strict=True)):
        M[row, column] = 1
        W[row, column] = weights[k]
    return M, W


def make(mask: Mask, form: Form, *, bias: bool = True, mask_value: float = 1.0, kind: Init = "normal") -> SparseLinear:
    layer = SparseLinear(mask, form=form, mask_value=mask_value, bias=bias)
    layer.initialize(0, "layer", kind)
    if layer.bias is not None:
        torch.nn.init.normal_(layer.bias, generator=torch.Generator().manual_seed(1))
    return layer.double()


@settings(max_examples=60)
@given(
    n_out=sizes,
    n_in=sizes,
    batch=st.integers(1, 4),
    density=st.floats(0.05, 1),
    kind=st.sampled_from(["exact", "fan-in"]),
    form=st.sampled_from(FORMS),
    bias=st.booleans(),
    mask_value=st.sampled_from([1.0, 2.5]),
)
def test_value_and_gradients_equal_the_papers_equation(
    n_out: int, n_in: int, batch: int, density: float, kind: MaskKind, form: Form, bias: bool, mask_value: float
) -> None:
    mask = draw_mask(kind, n_out, n_in, density, 3)
    layer = make(mask, form, bias=bias, mask_value=mask_value)
    M, W = explicit(mask, layer.connection_weights())
    W.requires_grad_()
    torch.manual_seed(0)
    x = torch.randn(batch, n_in, dtype=torch.float64, requires_grad=True)
    x_slow = x.detach().clone().requires_grad_()
    slow = x_slow @ (mask_value * M * W).T
    if layer.bias is not None:
        slow = slow + layer.bias.detach()
    fast = layer(x)
    torch.testing.assert_close(fast, slow, rtol=1e-12, atol=1e-12)

    direction = torch.randn(batch, n_out, dtype=torch.float64)
    fast.backward(direction)
    slow.backward(direction)
    torch.testing.assert_close(x.grad, x_slow.grad, rtol=1e-11, atol=1e-12)
    expected = W.grad if form == "dense" else W.grad[M.bool()]
    actual = layer.weight.grad if form == "dense" else layer.values.grad
    torch.testing.assert_close(actual, expected, rtol=1e-11, atol=1e-12)
    if layer.bias is not None:
        torch.testing.assert_close(layer.bias.grad, direction.sum(dim=0))


@given(n_out=sizes, n_in=sizes, density=st.floats(0.05, 1), form=st.sampled_from(FORMS))
def test_dense_matrix_is_the_linear_map_and_its_non_zeros_are_the_connections(
    n_out: int, n_in: int, density: float, form: Form
) -> None:
    mask = draw_mask("exact", n_out, n_in, density, 2)
    layer = make(mask, form, bias=False, mask_value=3.0)
    matrix = layer.to_dense()
    M, W = explicit(mask, layer.connection_weights())
    assert torch.equal(matrix, 3.0 * (M * W))
    assert int((matrix != 0).sum()) == layer.nnz == len(layer.connection_weights())
    torch.testing.assert_close(layer(torch.eye(n_in, dtype=torch.float64)), matrix.T)


@pytest.mark.parametrize("kind", get_args(Init))
def test_both_forms_of_a_seed_hold_the_same_numbers(kind: Init) -> None:
    mask = draw_mask("exact", 30, 20, 0.2, 0)
    dense, sparse = (make(mask, form, kind=kind) for form in ("dense", "sparse"))
    assert torch.equal(dense.connection_weights(), sparse.connection_weights())
    assert torch.equal(dense.to_dense(), sparse.to_dense())
    assert torch.equal(dense.bias, sparse.bias)
    assert not dense.weight[dense.mask == 0].any()


def test_several_adamw_steps_keep_both_forms_together() -> None:
    mask = draw_mask("exact", 12, 15, 0.2, 0)
    dense, sparse = layers = [make(mask, form, mask_value=2.0) for form in ("dense", "sparse")]
    optimizers = [torch.optim.AdamW(layer.parameters(), lr=0.05, weight_decay=0.3) for layer in layers]
    torch.manual_seed(0)
    for _ in range(6):
        x, target = torch.randn(8, 15, dtype=torch.float64), torch.randn(8, 12, dtype=torch.float64)
        for layer, optimizer in zip(layers, optimizers, strict=True):
            optimizer.zero_grad()
            (layer(x).tanh() - target).square().sum().backward()
            optimizer.step()
    torch.testing.assert_close(dense.connection_weights(), sparse.connection_weights(), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(dense.bias, sparse.bias, rtol=1e-10, atol=1e-12)
    assert not dense.weight[dense.mask == 0].any()
    assert not dense.weight.grad[dense.mask == 0].any()


def test_weights_travel_between_the_forms() -> None:
    mask = draw_mask("fan-in", 5, 8, 0.4, 0)
    source, target = make(mask, "sparse"), make(mask, "dense", kind="golubeva")
    assert not torch.equal(source.to_dense(), target.to_dense())
    target.load_connection_weights(source.connection_weights())
    assert torch.equal(source.to_dense(), target.to_dense())
    with pytest.raises(ValueError, match="15 weights are needed"):
        target.load_connection_weights(torch.zeros(14))


@pytest.mark.parametrize("form", FORMS)
def test_state_holds_what_is_trained_and_nothing_of_the_mask(form: Form) -> None:
    mask = draw_mask("exact", 5, 8, 0.4, 0)
    layer, other = make(mask, form), make(mask, form, kind="golubeva")
    assert set(layer.state_dict()) == {"weight" if form == "dense" else "values", "bias"}
    other.load_state_dict(layer.state_dict())
    assert torch.equal(layer.to_dense(), other.to_dense())


@pytest.mark.parametrize("form", FORMS)
def test_gradcheck(form: Form) -> None:
    layer = make(draw_mask("exact", 4, 5, 0.4, 0), form, mask_value=1.5)
    x = torch.randn(3, 5, dtype=torch.float64, requires_grad=True)
    parameters = [p.detach().requires_grad_() for p in layer.parameters()]
    names = [name for name, _ in layer.named_parameters()]

    def value(x: torch.Tensor, *parameters: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(layer, dict(zip(names, parameters, strict=True)), (x,))

    assert torch.autograd.gradcheck(value, (x, *parameters))


@pytest.mark.parametrize("form", FORMS)
def test_inputs_or_weights_alone_can_have_gradients(form: Form) -> None:
    layer = make(draw_mask("exact", 4, 5, 0.4, 0), form)
    x = torch.randn(3, 5, dtype=torch.float64)
    layer(x).sum().backward()
    assert all(p.grad is not None for p in layer.parameters())
    frozen = layer.requires_grad_(False)
    x.requires_grad_()
    frozen(x).sum().backward()
    torch.testing.assert_close(x.grad, frozen.to_dense().sum(dim=0).expand(3, 5))


# Exact laws of the effective weights, (standard deviation, bound), of n_in = 100 and p = 1/4.
LAWS = {
    "torch-linear": (1 / math.sqrt(3 * 100), 1 / math.sqrt(100)),
    "normal": (1 / math.sqrt(25), math.inf),
    "golubeva": (1 / math.sqrt(3 * 25), 1 / math.sqrt(25)),
}


@pytest.mark.parametrize("mask_value", [1.0, 2.0])
@pytest.mark.parametrize("kind", get_args(Init))
def test_effective_weights_have_their_law(kind: Init, mask_value: float) -> None:
    mask = draw_mask("exact", 400, 100, 0.25, 0)
    layer = SparseLinear(mask, form="sparse", mask_value=mask_value, bias=True)
    layer.initialize(4, "layer", kind)
    effective = layer.to_dense()[layer.to_dense() != 0]
    deviation, bound = LAWS[kind]
    # 10000 weights: the deviation of their deviation is below 1/sqrt(20000) of it.
    assert abs(effective.std().item() / deviation - 1) < 5 / math.sqrt(20000)
    assert abs(effective.mean().item()) < 5 * deviation / 100
    assert effective.abs().max() <= bound * (1 + 1e-6)
    assert not layer.bias.any() if kind == "normal" else 0.95 / 10 < layer.bias.abs().max() <= 1 / 10


def test_weights_depend_on_seed_and_name_alone() -> None:
    layer = SparseLinear(draw_mask("exact", 10, 10, 0.3, 0), form="sparse", mask_value=1.0, bias=True)
    drawn = []
    for seed, name in ((1, "a"), (1, "b"), (2, "a"), (1, "a")):
        layer.initialize(seed, name, "torch-linear")
        drawn.append((layer.connection_weights(), layer.bias.detach().clone()))
    for part in (0, 1):
        assert torch.equal(drawn[0][part], drawn[3][part])
        assert not torch.equal(drawn[0][part], drawn[1][part])
        assert not torch.equal(drawn[0][part], drawn[2][part])


@pytest.mark.parametrize("form", FORMS)
def test_autocast_keeps_close_and_the_sparse_form_exact(form: Form) -> None:
    layer = make(draw_mask("exact", 64, 64, 0.2, 0), form).float()
    x = torch.randn(8, 64, generator=torch.Generator().manual_seed(0))
    expected = layer(x)
    with torch.autocast("cpu", torch.bfloat16):
        rounded, halved = layer(x), layer(x.bfloat16())
    for value in (rounded, halved):
        assert (value - expected).abs().max() < 0.03 * expected.abs().max()
    if form == "sparse":
        assert torch.equal(rounded, expected)
        assert halved.dtype == torch.float32


class NoLargeTensor(TorchDispatchMode):
    """Fails on any operation that gives a strided tensor of ``limit`` numbers or more."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.seen: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self.seen.add(str(func))
        for value in result if isinstance(result, tuple | list) else [result]:
            if isinstance(value, torch.Tensor) and value.layout == torch.strided:
                assert value.numel() < self.limit, f"{func} makes a tensor of {tuple(value.shape)}"
        return result


@pytest.mark.parametrize("in_c", [True, False])
def test_the_sparse_form_makes_no_dense_matrix(in_c: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not in_c:
        monkeypatch.setattr(sparse, "usable", lambda *_tensors: False)
    elif not sparse.usable(torch.zeros(1)):
        pytest.skip("no C compiler here")
    m = 16384
    with NoLargeTensor(m * m // 4) as watch:
        layer = SparseLinear(draw_mask("exact", m, m, 1 / 256, 0), form="sparse", mask_value=1.0, bias=True)
        layer.initialize(0, "layer", "torch-linear")
        x = torch.randn(2, m, requires_grad=True)
        layer(x).square().sum().backward()
    # Its backward pass has been watched too.
    assert ("aten.sparse_sampled_addmm.default" in watch.seen) is not in_c
    assert layer.values.grad.any()
    assert x.grad.any()


def test_the_watch_on_large_tensors_can_fail() -> None:
    with pytest.raises(AssertionError, match="64, 64"), NoLargeTensor(64 * 64 // 4):
        SparseLinear(draw_mask("exact", 64, 64, 1 / 16, 0), form="dense", mask_value=1.0, bias=True)


def test_nothing_is_warned_about() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer = make(draw_mask("exact", 6, 6, 0.3, 0), "sparse")
        layer(torch.randn(2, 6, dtype=torch.float64)).sum().backward()
