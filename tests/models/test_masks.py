import math
from typing import Any, get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from pkbench.models import masks
from pkbench.models.masks import Mask, draw_mask
from pkbench.sizes.sparse import MaskKind, mask_ones

kinds = st.sampled_from(get_args(MaskKind))
sizes = st.integers(1, 12)
densities = st.floats(0.01, 1)
certain_kinds = st.sampled_from(["exact", "fan-in"])


def dense(mask: Mask) -> torch.Tensor:
    """The mask as a matrix, one by one."""
    matrix = torch.zeros(mask.n_out, mask.n_in)
    for row in range(mask.n_out):
        for k in range(int(mask.crow[row]), int(mask.crow[row + 1])):
            matrix[row, int(mask.col[k])] += 1
    return matrix


@given(kind=certain_kinds, n_out=sizes, n_in=sizes, density=densities, seed=st.integers(0, 9))
def test_a_mask_has_distinct_ones_in_order_and_as_many_as_wanted(
    kind: MaskKind, n_out: int, n_in: int, density: float, seed: int
) -> None:
    mask = draw_mask(kind, n_out, n_in, density, seed)
    matrix = dense(mask)
    assert set(matrix.unique().tolist()) <= {0.0, 1.0}
    assert mask.nnz == int(matrix.sum()) == mask_ones(kind, density, n_out, n_in)
    assert torch.equal(torch.stack((mask.row.long(), mask.col.long()), dim=1), matrix.nonzero())
    assert mask.density == mask.nnz / (n_out * n_in)


@given(kind=certain_kinds, n_out=sizes, n_in=sizes, density=densities)
def test_degrees_and_the_transposed_mask(kind: MaskKind, n_out: int, n_in: int, density: float) -> None:
    mask = draw_mask(kind, n_out, n_in, density, 0)
    matrix = dense(mask)
    assert torch.equal(mask.row_degrees, matrix.sum(dim=1).int())
    assert torch.equal(mask.column_degrees, matrix.sum(dim=0).long())
    transposed, order = mask.transposed()
    assert torch.equal(dense(transposed), matrix.T)
    assert torch.equal(mask.row[order], transposed.col)
    assert torch.equal(mask.col[order], transposed.row)


@given(n_out=sizes, n_in=sizes, density=densities)
def test_fan_in_is_the_same_in_every_row(n_out: int, n_in: int, density: float) -> None:
    mask = draw_mask("fan-in", n_out, n_in, density, 1)
    assert mask.row_degrees.tolist() == [max(1, round(density * n_in))] * n_out


@pytest.mark.parametrize("kind", get_args(MaskKind))
def test_a_mask_depends_on_its_seed_alone(kind: MaskKind) -> None:
    first = draw_mask(kind, 40, 50, 0.1, 7)
    torch.manual_seed(1)
    torch.randn(10)
    again, other = draw_mask(kind, 40, 50, 0.1, 7), draw_mask(kind, 40, 50, 0.1, 8)
    assert torch.equal(first.crow, again.crow)
    assert torch.equal(first.col, again.col)
    assert not (torch.equal(first.crow, other.crow) and torch.equal(first.col, other.col))


@pytest.mark.parametrize(("kind", "density", "choices"), [("exact", 0.34, 15), ("exact", 0.5, 20), ("fan-in", 0.34, 9)])
def test_every_mask_is_equally_likely(kind: MaskKind, density: float, choices: int) -> None:
    draws = 100 * choices
    counts: dict[bytes, int] = {}
    for seed in range(draws):
        key = dense(draw_mask(kind, 2, 3, density, seed)).numpy().tobytes()
        counts[key] = counts.get(key, 0) + 1
    assert len(counts) == choices
    chi_square = sum((n - 100) ** 2 / 100 for n in counts.values())
    # Mean choices - 1 and variance twice that; five standard deviations.
    assert chi_square < choices - 1 + 5 * math.sqrt(2 * (choices - 1))


@pytest.mark.parametrize("density", [1 / 64, 1 / 4, 7 / 8])
def test_ones_are_spread_evenly_over_rows_and_columns(density: float) -> None:
    n = 512
    mask = draw_mask("exact", n, n, density, 3)
    for degrees in (mask.row_degrees, mask.column_degrees):
        # A degree is hypergeometric, nearly binomial: the sum below is nearly chi-square with n - 1 degrees of freedom.
        chi_square = ((degrees - density * n) ** 2).sum().item() / (density * (1 - density) * n)
        assert abs(chi_square - (n - 1)) < 5 * math.sqrt(2 * (n - 1))


def test_bernoulli_masks_have_binomially_many_ones() -> None:
    n, p, draws = 64, 0.2, 500
    numbers = torch.tensor([float(draw_mask("bernoulli", n, n, p, seed).nnz) for seed in range(draws)])
    mean, variance = p * n * n, p * (1 - p) * n * n
    assert abs(numbers.mean().item() - mean) < 5 * math.sqrt(variance / draws)
    # The variance's own standard deviation is variance * sqrt(2 / draws).
    assert abs(numbers.var().item() / variance - 1) < 5 * math.sqrt(2 / draws)


def test_dense_bernoulli_masks_too() -> None:
    mask = draw_mask("bernoulli", 200, 300, 0.9, 0)
    assert abs(mask.nnz - 54000) < 5 * math.sqrt(5400)
    assert draw_mask("bernoulli", 5, 4, 1.0, 0).nnz == 20


@pytest.mark.parametrize(("groups", "size", "count"), [(1, 4000, 700), (40, 100, 30), (7, 9, 4), (1, 1, 0)])
def test_both_ways_of_choosing_agree(groups: int, size: int, count: int) -> None:
    sets = [
        way(groups, size, count, torch.Generator().manual_seed(5)) for way in (masks._by_marking, masks._by_sorting)
    ]
    assert torch.equal(*sets)
    assert len(sets[0]) == groups * count


class Largest(TorchDispatchMode):
    """Remembers the largest tensor any operation gives."""

    numel = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for value in result if isinstance(result, tuple | list) else [result]:
            if isinstance(value, torch.Tensor):
                self.numel = max(self.numel, value.numel())
        return result


@pytest.mark.parametrize("kind", get_args(MaskKind))
def test_a_large_sparse_mask_takes_memory_for_its_ones_only(kind: MaskKind) -> None:
    m = 16384
    with Largest() as largest:
        mask = draw_mask(kind, m, m, 1 / 256, 0)
        mask.transposed()
    assert abs(mask.nnz - m * m / 256) < 5 * math.sqrt(m * m / 256)
    assert largest.numel < 2 * mask.nnz


@pytest.mark.parametrize("density", [0.0, -0.1, 1.1, math.nan])
def test_impossible_densities_are_refused(density: float) -> None:
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        draw_mask("exact", 4, 4, density, 0)


def test_a_mask_without_ones_is_refused() -> None:
    with pytest.raises(ValueError, match="3 x 4 has 0 ones"):
        Mask(3, 4, torch.zeros(4, dtype=torch.int32), torch.zeros(0, dtype=torch.int32))
