from dataclasses import replace
from typing import Literal

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from pkbench.models.sw_mlp import SwMlp
from pkbench.sizes.base import Shape
from pkbench.sizes.sparse import Form, SparseShape, mask_ones

# Fig. 2: L = 3 base blocks, gamma = 2, S = C = 64, p = 1/64.
FIGURE_2 = SparseShape(
    S0=64,
    C0=48,
    S=64,
    C=64,
    depth=3,
    gamma=2.0,
    density=1 / 64,
    mask="exact",
    classes=10,
    bias=True,
    skip_layer=False,
    layer_norm=True,
    pool="flatten",
    form="dense",
)


def test_figure_2_by_hand() -> None:
    m = 4096
    assert isinstance(FIGURE_2, Shape)
    assert FIGURE_2.m == m
    assert FIGURE_2.width == 2 * m
    assert FIGURE_2.layers == 6
    # Omega = p * gamma * m^2, that of the Mixer of the same S, C and gamma (eq. 13): 2^19.
    assert FIGURE_2.omega == 2 * m * m / 64 == 2**19
    assert FIGURE_2.p == 1 / 64
    assert FIGURE_2.block_connections == 12 * 2**19
    assert FIGURE_2.connections == 12 * 2**19 + 64 * 48 * 64
    biases = 64 + 6 * (2 * m + m) + 10
    norms = 7 * 2 * m
    assert FIGURE_2.parameters == 12 * 2**19 + 48 * 64 + m * 10 + biases + norms
    assert replace(FIGURE_2, pool="mean").parameters == FIGURE_2.parameters - 10 * m + 10 * 64


def test_the_papers_cost_of_the_dense_form() -> None:
    # Table S.3's CIFAR column: 805 M operations, 4 * L * gamma * m^2 multiply-adds in blocks, up to the other layers.
    assert FIGURE_2.forward_flops == 2 * (12 * 2 * 4096**2 + 64 * 48 * 64 + 4096 * 10)
    assert FIGURE_2.forward_flops == pytest.approx(805e6, rel=0.002)
    sparse = replace(FIGURE_2, form="sparse")
    assert sparse.forward_flops == 2 * (FIGURE_2.connections + 4096 * 10)


def test_square_layers_have_no_hidden_width() -> None:
    shape = replace(FIGURE_2, gamma=None)
    assert shape.width == shape.m
    assert shape.omega == 4096**2 / 64
    assert shape.block_connections == 6 * 4096**2 / 64
    # Fig. 5: Omega = 2^18 at 1 - p = .9 has m = 1619.
    fifth = replace(shape, S=1619, S0=1619, C=1, density=0.1)
    assert fifth.omega == round(0.1 * 1619**2) == pytest.approx(2**18, rel=1e-3)


def test_the_first_layer_reads_the_patches_tokens_and_the_skip_layer_counts() -> None:
    shape = replace(FIGURE_2, S0=16, S=64, depth=1, skip_layer=True, gamma=1.5)
    assert shape.block_widths == ((1024, 6144, 4096), (4096, 6144, 4096))
    layers = [1024 * 6144, 6144 * 4096, 4096 * 6144, 6144 * 4096]
    assert shape.omega == sum(layers[2:]) / 64 / 2  # the first block reads fewer features
    assert shape.block_connections == sum(layers) / 64 + 64 * 64 * 16
    assert shape.parameters - replace(shape, skip_layer=False).parameters == 64 * 16 + 2 * 64
    assert shape.parameters - replace(shape, layer_norm=False).parameters == 2 * (1024 + 4096)


def test_ones_of_a_mask() -> None:
    assert mask_ones("exact", 0.3, 7, 9) == mask_ones("bernoulli", 0.3, 7, 9) == round(0.3 * 63)
    assert mask_ones("fan-in", 0.3, 7, 9) == 7 * 3
    assert mask_ones("fan-in", 0.01, 7, 9) == 7
    assert mask_ones("exact", 1e-9, 7, 9) == 1
    with pytest.raises(ValueError, match="not 0"):
        mask_ones("exact", 0, 7, 9)


@given(
    kind=st.sampled_from(["exact", "bernoulli", "fan-in"]), p=st.floats(0, 1, exclude_min=True), n=st.integers(1, 50)
)
def test_ones_are_never_more_than_entries(kind: str, p: float, n: int) -> None:
    assert 1 <= mask_ones(kind, p, n, n) <= n * n  # type: ignore[arg-type]


def kept_floats(shape: SparseShape, batch: int) -> int:
    """Numbers kept for the backward pass besides parameters and masks, shared memory counted once."""
    model = SwMlp(shape, 2, mask_value="one", activation="gelu", skip=True, seed=0)
    model.initialize("torch-linear", 0)
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes() // 4
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = model(torch.randn(batch, 3, 4, shape.S0))
        total = sum(kept.values())
    del result
    return total


@pytest.mark.parametrize("form", ["dense", "sparse"])
@pytest.mark.parametrize("pool", ["mean", "flatten"])
@pytest.mark.parametrize("gamma", [None, 1.5])
@pytest.mark.parametrize("skip_layer", [False, True])
@pytest.mark.parametrize("layer_norm", [False, True])
def test_activation_floats_are_what_autograd_keeps(
    form: Form, pool: Literal["mean", "flatten"], gamma: float | None, skip_layer: bool, layer_norm: bool
) -> None:
    shape = replace(FIGURE_2, S0=4, S=6 if skip_layer else 4, C0=12, C=50, depth=2, gamma=gamma)
    shape = replace(shape, form=form, pool=pool, skip_layer=skip_layer, layer_norm=layer_norm)
    # In C a batch is kept in units of samples, of which 32 are a whole number everywhere.
    kept = (kept_floats(shape, 64) - kept_floats(shape, 32)) // 32
    # Every LayerNorm also keeps a mean and a deviation of each vector.
    kept -= 2 * (shape.layers if layer_norm else 0) + 2 + (2 * shape.S if skip_layer else 0)
    # Whether the skip layer's product shares its input with the first block depends on how PyTorch multiplies.
    shared = shape.S0 * shape.C if skip_layer else 0
    assert shape.activation_floats - shared <= kept <= shape.activation_floats


def test_p_is_the_mean_fraction() -> None:
    shape = replace(FIGURE_2, S0=1, S=3, C=1, density=0.4, depth=1, gamma=None, skip_layer=True)
    # 3 x 1 and 3 x 3 entries, of which one and four are ones.
    assert shape.p == pytest.approx((1 / 3 + 4 / 9) / 2)
    assert shape.omega == 4
