"""The search for the nearest configuration against trying everything."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkbench import widths
from pkbench.audit.quantities import recompute
from pkbench.spec import nearest as module
from pkbench.spec.mixer import MlpMixer, SMixer
from pkbench.spec.model import AnyModel, shape_of
from pkbench.spec.nearest import Nearest, nearest_configuration, simplest
from tests.audit.factory import configuration, mlp_mixer, models, s_mixer

IMAGE = (16, 16, 1)


def connections(model: MlpMixer | SMixer) -> float:
    return shape_of(model, IMAGE, 10).connections


def by_brute_force(model: Any, field: Any, quantity_of: Any, target: float, last: int) -> tuple[float, int]:
    """Smallest difference and the smallest value that has it."""
    return min((abs(quantity_of(model.model_copy(update={field: n})) - target), n) for n in range(1, last + 1))


@settings(max_examples=10, deadline=None)
@given(model=models(), field=st.sampled_from(["S", "C", "depth"]), target=st.floats(1, 8000))
def test_equals_brute_force(model: MlpMixer | SMixer, field: Any, target: float) -> None:
    found = nearest_configuration(model, field, connections, target)
    assert found is not None
    # Depth ends at 1000. A token adds at least the S0 = 16 connections of the first block, a channel 256 to read the image.
    difference, value = by_brute_force(model, field, connections, target, 1000 if field == "depth" else 500)
    assert (found.value, abs(found.quantity - target)) == (value, difference)
    assert getattr(found.model, field) == value
    assert connections(found.model) == found.quantity


@settings(max_examples=20, deadline=None)
@given(target=st.floats(-2, 2), period=st.floats(3, 500))
def test_equals_brute_force_however_the_quantity_runs(target: float, period: float) -> None:
    def wave(model: MlpMixer) -> float:
        return math.sin(model.C / period)

    found = nearest_configuration(mlp_mixer(), "C", wave, target)
    assert found is not None
    difference, value = by_brute_force(mlp_mixer(), "C", wave, target, module.EXHAUSTIVE)
    # Beyond the exhaustive part, a nearer one may be found.
    if found.value <= module.EXHAUSTIVE:
        assert found.value == value
    else:
        assert abs(found.quantity - target) < difference


@settings(max_examples=20, deadline=None)
@given(C=st.integers(1, 1_000_000))
def test_large_whole_numbers_of_a_monotone_quantity_are_exact(C: int) -> None:
    model = mlp_mixer()
    found = nearest_configuration(model, "C", connections, connections(model.model_copy(update={"C": C})))
    assert found is not None
    assert found.value == C


def test_quantity_with_a_peak_has_two_crossings_and_the_nearer_wins() -> None:
    """At fixed Omega the width rises with C up to C = S and falls beyond (eq. 15)."""
    model = s_mixer(C=64, omega=2**21, S=None)

    def width(candidate: SMixer) -> float:
        return shape_of(candidate, IMAGE, 10).width

    # (C, S) = (346, 32) has m = 11072, as (32, 346) has: the smaller C is found.
    assert widths.omega(346, 32, 1.0) == pytest.approx(2**21, rel=0.01)
    found = nearest_configuration(model, "C", width, 11072)
    assert found is not None
    assert (found.value, found.quantity) == (32, 11072)


def test_peak_above_everything_reports_the_peak() -> None:
    """m is largest at C = S = 128 = (2^21)^(1/3); no C reaches more."""
    it = configuration(s_mixer(C=64, omega=2**21, S=None))

    def width(candidate: AnyModel) -> float:
        return recompute(it, candidate, "width")

    found = nearest_configuration(it.model, "C", width, 1e6)
    assert found is not None
    assert found.quantity == max(width(it.model.model_copy(update={"C": C})) for C in range(1, 1000))
    # (2^21)^(2/3) = 2^14, and what rounding S adds to it.
    assert 2**14 <= found.quantity < 1.01 * 2**14


def test_ties_go_to_the_smaller() -> None:
    found = nearest_configuration(mlp_mixer(), "depth", lambda model: abs(model.depth - 10), 3)
    assert found is not None
    assert found.value == 7


def test_the_bounds_themselves_are_tried() -> None:
    for depth, target in ((1, 0.0), (1000, 1e9)):
        found = nearest_configuration(mlp_mixer(), "depth", connections, target)
        assert found is not None
        assert found.value == depth
    found = nearest_configuration(mlp_mixer(), "gamma", lambda model: model.gamma or 0.0, 1e9)
    assert found is not None
    assert found.value == 1000


def test_values_that_are_impossible_are_passed_over() -> None:
    def only_multiples_of_seven(model: MlpMixer) -> float:
        if model.C % 7:
            raise ValueError
        return model.C

    found = nearest_configuration(mlp_mixer(), "C", only_multiples_of_seven, 24)
    assert found is not None
    assert found.value == 21


def test_none_where_nothing_can_be_varied() -> None:
    def never(model: Any) -> float:
        raise ValueError

    assert nearest_configuration(mlp_mixer(), "gamma_S", connections, 1.0) is None
    assert nearest_configuration(s_mixer(), "gamma", connections, 1.0) is None
    assert nearest_configuration(mlp_mixer(), "C", never, 1.0) is None
    assert nearest_configuration(mlp_mixer(), "gamma", never, 1.0) is None


@settings(max_examples=20, deadline=None)
@given(gamma=st.floats(1e-5, 1000))
def test_real_field_is_solved(gamma: float) -> None:
    """Omega is gamma * S * C * (S + C) / 2 up to the rounding of the hidden widths."""

    def omega(model: MlpMixer) -> float:
        return widths.omega(16, 8, model.gamma or 0.0)

    found = nearest_configuration(mlp_mixer(), "gamma", omega, widths.omega(16, 8, gamma))
    assert found is not None
    assert found.value == pytest.approx(gamma, rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(gamma=st.floats(0.1, 100))
def test_real_field_of_a_stepped_quantity_meets_its_step(gamma: float) -> None:
    target = connections(mlp_mixer(gamma=gamma))
    found = nearest_configuration(mlp_mixer(), "gamma", connections, target)
    assert found is not None
    assert found.quantity == target


def test_simplest_takes_as_few_decimals_as_fit() -> None:
    def double(model: MlpMixer) -> float:
        return 2 * (model.gamma or 0.0)

    exact = Nearest("gamma", 4.10634, mlp_mixer(gamma=4.10634), 8.21268)
    assert simplest(exact, double, lambda value: abs(value - 8.2) < 0.05).value == 4.1
    assert simplest(exact, double, lambda value: abs(value - 8.2127) < 0.0005).value == 4.1063
    rounded = simplest(exact, double, lambda value: value > 7.9)
    assert (rounded.value, rounded.quantity, rounded.model.gamma) == (4, 8, 4)
    assert simplest(exact, double, lambda value: value > 9) is exact


def test_simplest_never_rounds_to_zero_and_keeps_whole_numbers() -> None:
    small = Nearest("gamma", 0.04, mlp_mixer(gamma=0.04), 0.04)
    assert simplest(small, lambda model: model.gamma or 0.0, lambda value: value < 0.3).value == 0.04
    whole = Nearest("C", 467, mlp_mixer(C=467), 1.0)
    assert simplest(whole, connections, lambda value: value > 0) is whole
