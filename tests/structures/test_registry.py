"""What every structure must keep to: a new one is tested here as soon as it is registered."""

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pkbench.structures.base import Slot, Structure, connections
from pkbench.structures.registry import STRUCTURES

every_structure = pytest.mark.parametrize("structure", STRUCTURES.values(), ids=STRUCTURES.keys())
TOLERANCE = 0.01
"""A structure may stay this much below the best match where that serves it better."""


@st.composite
def slots(draw: st.DrawFn) -> Slot:
    groups = draw(st.integers(1, 12))
    n_in, n_out = groups * draw(st.integers(1, 24)), groups * draw(st.integers(1, 24))
    return Slot(n_in, n_out, groups, draw(st.integers(1, 2 * n_in * n_out)))


def of(slot: Slot, wanted: int) -> Slot:
    return Slot(slot.n_in, slot.n_out, slot.groups, wanted)


@every_structure
@given(slot=slots())
def test_factors_fit_each_other_and_the_slot(structure: Structure, slot: Slot) -> None:
    factors = structure(slot)
    assert (factors[0].n_in, factors[-1].n_out) == (slot.n_in, slot.n_out)
    for inner, outer in pairwise(factors):
        assert inner.n_out == outer.n_in


@every_structure
@given(slot=slots())
def test_connections_exceed_the_wanted_only_for_the_smallest_matrix(structure: Structure, slot: Slot) -> None:
    assert connections(structure(slot)) <= max(slot.connections, connections(structure(of(slot, 1))))


@every_structure
@given(slot=slots(), other=slots())
def test_no_other_size_of_the_structure_is_nearer(structure: Structure, slot: Slot, other: Slot) -> None:
    """What it gives for any other number of connections fits worse, or not at all."""
    rival = connections(structure(of(slot, other.connections)))
    assume(rival <= slot.connections)
    assert connections(structure(slot)) >= (1 - TOLERANCE) * rival


@every_structure
@pytest.mark.parametrize(("S", "C", "gamma"), [(64, 64, 1), (64, 64, 2), (256, 588, 4), (173, 16, 1), (113, 32, 1)])
def test_shapes_of_the_paper_are_matched(structure: Structure, S: int, C: int, gamma: int) -> None:
    for groups, n in ((C, S), (S, C)):
        for rows, columns in ((gamma * n, n), (n, gamma * n)):
            slot = Slot.of_mixer(groups, rows, columns)
            assert 0.98 < connections(structure(slot)) / slot.connections <= 1
