"""Each structure's own formula and the bound its docstring states."""

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkbench.structures.base import Slot, connections, divisors
from pkbench.structures.block_diagonal import block_diagonal
from pkbench.structures.factors import Blocks, Commute, Shared, Toeplitz
from pkbench.structures.kronecker import kronecker
from pkbench.structures.low_rank import low_rank
from pkbench.structures.monarch import monarch
from pkbench.structures.toeplitz import toeplitz
from tests.structures.test_registry import slots

mixer_slots = st.builds(Slot.of_mixer, st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))


@given(slot=mixer_slots)
def test_kronecker_and_block_diagonal_are_the_mixers_blocks(slot: Slot) -> None:
    sizes = (slot.groups, slot.n_out // slot.groups, slot.n_in // slot.groups)
    assert kronecker(slot) == (Shared(*sizes),)
    assert block_diagonal(slot) == (Blocks(*sizes),)


@given(slot=slots())
def test_block_diagonal_of_other_connections_is_the_next_block_count(slot: Slot) -> None:
    (blocks,) = block_diagonal(slot)
    assert isinstance(blocks, Blocks)
    common = divisors(math.gcd(slot.n_in, slot.n_out))
    coarser = [b for b in common if b < blocks.groups]
    assert not coarser or slot.n_in * slot.n_out / coarser[-1] > slot.connections
    assert blocks.connections <= slot.connections or blocks.groups == common[-1]


@given(slot=slots())
def test_low_rank_wastes_less_than_one_rank(slot: Slot) -> None:
    V, U = low_rank(slot)
    rank = V.n_out
    assert Blocks(1, rank, slot.n_in) == V
    assert Blocks(1, slot.n_out, rank) == U
    one = slot.n_in + slot.n_out
    assert rank == 1 or rank * one <= slot.connections
    assert (rank + 1) * one > slot.connections


@given(slot=slots())
def test_toeplitz_wastes_less_than_one_tap(slot: Slot) -> None:
    (grid,) = toeplitz(slot)
    assert isinstance(grid, Toeplitz)
    assert grid.size == math.gcd(slot.n_in, slot.n_out)
    one = grid.connections // grid.taps
    assert grid.taps == 1 or grid.connections <= slot.connections
    assert grid.taps == grid.size or grid.connections + one > slot.connections


@given(slot=mixer_slots)
def test_toeplitz_matches_a_mixers_slot_exactly(slot: Slot) -> None:
    assert connections(toeplitz(slot)) == slot.connections


def mixing_sizes(slot: Slot) -> list[int]:
    """Connections of every rectangular Monarch matrix without diagonal factors, by trying all of its six sizes."""
    found = []
    for p in divisors(slot.n_in):
        for s in divisors(slot.n_out):
            k, l = slot.n_in // p, slot.n_out // s  # noqa: E741 - the source's letter
            for h in range(1, min(slot.n_in, slot.n_out) + 1):
                if h % k == 0 and h % l == 0 and p > 1 and s > 1:
                    q, r = h // k, h // l
                    found.append(k * q * p + l * s * r)
    return found


@given(slot=slots())
def test_monarch_is_within_one_percent_of_the_best_of_all(slot: Slot) -> None:
    R, first, L, second = monarch(slot)
    assert isinstance(R, Blocks)
    assert isinstance(L, Blocks)
    assert (first, second) == (Commute(L.groups, L.columns), Commute(L.rows, L.groups))
    fitting = [n for n in mixing_sizes(slot) if n <= slot.connections]
    if fitting:
        assert 0.99 * max(fitting) <= R.connections + L.connections <= max(fitting)
        assert R.columns > 1
        assert L.rows > 1


@given(slot=slots())
def test_no_monarch_matrix_is_smaller_than_its_sides_together(slot: Slot) -> None:
    smallest = Slot(slot.n_in, slot.n_out, slot.groups, 1)
    assert connections(monarch(smallest)) == slot.n_in + slot.n_out


def test_square_monarch_has_root_n_blocks() -> None:
    """Eq. 12: sqrt(n) blocks of sqrt(n) x sqrt(n) in both factors, at their 2 n sqrt(n) connections."""
    n, root = 64, 8
    square = (Blocks(root, root, root), Commute(root, root), Blocks(root, root, root), Commute(root, root))
    assert monarch(Slot(n, n, root, 2 * n * root)) == square


def test_monarch_prefers_full_rank_then_balance() -> None:
    """S = C = 64: h (p + s) = 64^3 at h = 4096 leaves p + s = 64, and p = s = 32 is the most equal."""
    R, _, L, _ = monarch(Slot.of_mixer(64, 64, 64))
    assert Blocks(128, 32, 32) == R == L


@pytest.mark.parametrize("module", ["pkbench.structures.registry", "pkbench.sizes.structured", "pkbench.sizes.shallow"])
def test_descriptions_import_no_torch(module: str) -> None:
    code = f"import sys, {module}; assert not {{'torch', 'numpy'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
