import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pkbench.structures.base import Slot, bias_size, block_count, connections, divisors, nonzero_fraction
from pkbench.structures.factors import Blocks, Commute, Factor, Shared, Toeplitz
from tests.structures.reference import explicit

small = st.integers(1, 4)


@st.composite
def weighted(draw: st.DrawFn) -> Factor:
    kind = draw(st.sampled_from([Blocks, Shared, Toeplitz]))
    if kind is Toeplitz:
        size = draw(st.integers(1, 7))
        return Toeplitz(size, draw(small), draw(small), draw(st.integers(1, size)))
    return kind(draw(small), draw(small), draw(small))


@given(factor=weighted())
def test_counts_are_those_of_the_explicit_matrix(factor: Factor) -> None:
    # Distinct values: equal entries of the matrix are one shared weight.
    weight = torch.arange(1, 1 + factor.parameters, dtype=torch.float64).view(factor.weight_shape)
    matrix = explicit(factor, weight)
    assert matrix.shape == (factor.n_out, factor.n_in)
    assert factor.connections == int((matrix != 0).sum())
    assert {factor.fan_in} == set((matrix != 0).sum(dim=1).tolist())
    assert len(set(matrix[matrix != 0].tolist())) == factor.parameters


@given(rows=small, columns=small)
def test_commutation_trains_nothing(rows: int, columns: int) -> None:
    factor = Commute(rows, columns)
    assert explicit(factor, None).shape == (factor.n_out, factor.n_in)
    assert (factor.parameters, factor.connections, factor.multiply_adds, factor.kept) == (0, 0, 0, 0)
    assert factor.fan_in == 1


@given(size=st.integers(1, 9), data=st.data())
def test_toeplitz_depends_on_the_distance_alone(size: int, data: st.DataObject) -> None:
    factor = Toeplitz(size, 1, 1, data.draw(st.integers(1, size)))
    matrix = explicit(factor, torch.arange(1, 1 + factor.taps, dtype=torch.float64).view(1, 1, -1))
    for i in range(size):
        for j in range(size):
            assert matrix[i, j] == matrix[(i + 1) % size, (j + 1) % size]
    assert matrix[0, 0] == 1 + factor.taps // 2, "the band is centred"


def test_toeplitz_needs_a_band_that_fits() -> None:
    for taps in (0, 6):
        with pytest.raises(ValueError, match=f"1 to 5 taps is needed, not {taps}"):
            Toeplitz(5, 1, 1, taps)


@pytest.mark.parametrize("sizes", [(0, 1, 1, 1), (4, 6, 4, 1), (6, 4, 4, 1), (4, 4, 2, 0)])
def test_impossible_slots_are_refused(sizes: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"positive|divide"):
        Slot(*sizes)


@given(groups=small, rows=small, columns=small)
def test_slot_of_a_mixer_has_its_connections(groups: int, rows: int, columns: int) -> None:
    slot = Slot.of_mixer(groups, rows, columns)
    kronecker = Shared(groups, rows, columns)
    assert (slot.n_in, slot.n_out, slot.connections) == (kronecker.n_in, kronecker.n_out, kronecker.connections)
    assert block_count(slot) == groups


@given(n_in=st.integers(1, 40), n_out=st.integers(1, 40), wanted=st.integers(1, 2000))
def test_block_count_is_the_smallest_that_fits(n_in: int, n_out: int, wanted: int) -> None:
    common = [b for b in range(1, 41) if n_in % b == 0 and n_out % b == 0]
    fitting = [b for b in common if n_in * n_out / b <= wanted]
    assert block_count(Slot(n_in, n_out, 1, wanted)) == (min(fitting) if fitting else max(common))


@given(n=st.integers(1, 500))
def test_divisors(n: int) -> None:
    assert list(divisors(n)) == [d for d in range(1, n + 1) if n % d == 0]


def test_sums_over_factors() -> None:
    factors = (Blocks(2, 3, 5), Commute(2, 3), Shared(2, 4, 3))
    # 2 blocks of 15 and 2 copies of 12, against a dense 8 x 10 matrix.
    assert connections(factors) == 54
    assert nonzero_fraction(factors) == 54 / 80
    assert bias_size(factors) == 4
    assert bias_size(factors[:1]) == 6
