"""Counts pinned to the paper's numbers (fact numbers are those of the published tables)."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkbench import widths
from pkbench.widths import Shape


def table1(S0: int, C0: int, S: int, C: int) -> Shape:
    return Shape(S0=S0, C0=C0, S=S, C=C, depth=2, gamma=4.0, classes=10, bias=True, skip_layer=False)


def test_mixer_ss_8_has_the_stated_connections() -> None:
    shape = table1(*widths.patch_grid(32, 32, 3, 8), 16, 986)
    assert widths.block_connections(shape) == 252_920_832
    assert widths.connections(shape) == 255_949_824
    assert widths.effective_width(shape) == 63_104


@pytest.mark.parametrize(("C", "connections", "width"), [(487, 276_273_152, 124_672), (467, 255_363_072, 119_552)])
def test_mixer_ss_w_as_stated_has_eight_per_cent_more(C: int, connections: int, width: int) -> None:
    shape = table1(*widths.patch_grid(32, 32, 3, 4), 64, C)
    assert widths.connections(shape) == connections
    assert widths.effective_width(shape) == width


def test_parameters_with_biases_and_without() -> None:
    # 192*986+986 patches; per block 16*64*2+64+16 tokens, 986*3944*2+3944+986 channels, 4*986 norms; 2*986 norm; 9870 head
    assert widths.parameters(table1(16, 192, 16, 986)) == 190_298 + 2 * (2_128 + 7_782_498 + 3_944) + 1_972 + 9_870
    bare = Shape(S0=4, C0=4, S=4, C=3, depth=1, gamma=None, classes=2, bias=False, skip_layer=False)
    assert widths.parameters(bare) == 12 + 16 + 9 + 12 + 6 + 8


def test_figure_4_and_5_shapes_follow_from_omega() -> None:
    for C, S in ((4, 360), (8, 252), (12, 203), (28, 124), (44, 89), (48, 83), (64, 64)):
        assert round(widths.solve_tokens(C, 2**19, 2.0)) == S
    for omega, C, S in ((2**18, 16, 173), (2**18, 32, 113), (2**18, 48, 83), (2**21, 16, 504), (2**21, 64, 226)):
        assert round(widths.solve_tokens(C, omega, 1.0)) == S


@given(C=st.integers(1, 500), S=st.integers(1, 500), gamma=st.floats(0.25, 8))
def test_solving_for_tokens_inverts_omega(C: int, S: int, gamma: float) -> None:
    assert math.isclose(widths.solve_tokens(C, widths.omega(S, C, gamma), gamma), S, rel_tol=1e-6)


@given(omega=st.integers(2**10, 2**30), gamma=st.sampled_from([1.0, 2.0, 4.0]))
def test_the_optimum_is_widest(omega: int, gamma: float) -> None:
    best = widths.optimum(omega, gamma)
    widest = best * best
    for factor in (0.5, 0.9, 1.1, 2.0):
        C = best * factor
        S = widths.solve_tokens(C, omega, gamma)  # type: ignore[arg-type]
        assert widest > S * C


def test_fractional_gamma_rounds_to_whole_widths() -> None:
    assert widths.hidden_width(4.57, 256) == 1170
    assert widths.hidden_width(4.57, 588) == 2687
    assert widths.hidden_width(0.5, 5) == 3
    assert widths.hidden_width(0.01, 5) == 1


def test_nonzero_fraction_is_the_mean_of_both_sides() -> None:
    assert widths.nonzero_fraction(table1(64, 48, 64, 64)) == 1 / 64
    assert widths.nonzero_fraction(table1(64, 48, 64, 32)) == (1 / 32 + 1 / 64) / 2


def test_flops_are_two_for_each_connection() -> None:
    shape = table1(64, 48, 64, 467)
    assert widths.forward_flops(shape) == 2 * (255_363_072 + 4_670)
