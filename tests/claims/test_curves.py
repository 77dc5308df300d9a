"""What holds of claims about curves of every kind: learning rates, connections, data sets, corrections, symmetries."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkbench.claims.evaluate import evaluate
from pkbench.claims.verdict import Verdict
from tests.claims.curves import (
    ABOVE,
    BELOW,
    CROSSES,
    FALLING,
    FALLS,
    LOWEST,
    MIDDLE,
    P12,
    SIZES,
    TEN,
    curves,
    judged,
    verdict,
)
from tests.claims.factory import LESS, study, swept


def omegas(within: float) -> Verdict:
    claim = FALLS | {"equal_omega_within": within}
    return judged(claim, FALLING)


def test_a_curve_at_unequal_connections_decides_nothing() -> None:
    # S = 4, gamma = 2: omega = 2 S C (S + C) / 2 = 4 C (4 + C): 384, 1280, 4608; 4608 / 384 = 12.
    v = omegas(1.0)
    assert v.outcome == "inconclusive"
    assert v.sentence.endswith(
        "No decision: the claim is about connections a layer equal within 1 of each other, but they go from 384 to 4,608: "
        "1100.00 % apart."
    )


def test_equal_connections_are_as_equal_as_they_are_said_to_be() -> None:
    # C (S + C) S with S = 8 and 9 for C = 9 and 8: the same; with S = 8 for C = 8 there are 8/9 * 16/17 of it.
    def of(sizes: dict[str, Any], within: float) -> str:
        models = {"a": swept(**sizes) | {"first_skip": "layer"}}
        claim = LOWEST | {"target": 9.0, "equal_omega_within": within}
        s = study(seeds=(0, 1, 2), claims=(claim,), models=models)
        for model, errors in zip(s.scaled.families["a"], ((9.0, 9.0, 9.5), (1.0, 1.5, 1.0)), strict=True):
            s.finish(model, errors)
        return verdict(s).outcome

    assert of({"C": (8, 9), "S": (9, 8)}, 1e-9) == "supported"
    gap = (9 * 17) / (8 * 16) - 1
    assert gap == 0.1953125
    assert of({"C": (8, 9), "S": (8, 8)}, gap) == "supported"
    assert of({"C": (8, 9), "S": (8, 8)}, gap - 1e-9) == "inconclusive"


def test_a_member_without_a_learning_rate_holds_the_curve_back() -> None:
    s = study(seeds=(0, 1, 2), claims=(FALLS,), models={"a": swept(C=SIZES)}, rates=(0.01, 0.02))
    for size, errors in zip(SIZES, FALLING, strict=True):
        for lr in (0.01, 0.02):
            s.finish(f"a-c{size}", errors, lr=lr, validation=100 * lr)
    assert verdict(s).outcome == "supported"
    del s.records[s.run("a-c16", 2, 0.02).run_id or ""]
    v = verdict(s)
    assert (v.outcome, v.n, v.effect) == ("inconclusive", 0, None)
    assert v.sentence.startswith(
        "No decision: a-c16: 1 of 6 runs that choose the learning rate are missing; 3 of 3 curves of seeds are missing;"
    )


def test_a_profile_without_the_data_set_assesses_nothing() -> None:
    for claim in (FALLS, LOWEST, CROSSES):
        s = curves(claim | {"data": ["cifar10"]}, (ABOVE, MIDDLE, BELOW), (TEN, TEN, TEN))
        v = verdict(s)
        assert (v.outcome, v.n, v.members) == ("not assessed", 0, ())
        assert v.sentence == "Not assessed: the quick profile does not use the data set cifar10."


def test_curves_count_in_holms_families() -> None:
    s = study(
        seeds=(0, 1, 2),
        claims=(FALLS, LOWEST | {"target": 8.0}, LESS | {"b": "b", "x": "C"}),
        models={"a": swept(C=SIZES), "b": {"C": 9}},
    )
    for size, errors in zip(SIZES, FALLING, strict=True):
        s.finish(f"a-c{size}", errors)
    found = evaluate(s.scaled, s.runs, s.records).verdicts
    assert [v.family_support for v in found] == [3, 3, 3]
    assert found[0].adjusted_support == pytest.approx(3 * P12)


few = settings(max_examples=25, deadline=None)
table = st.lists(st.lists(st.integers(1, 9999).map(lambda v: v / 100), min_size=3, max_size=3), min_size=3, max_size=5)


@few
@given(table, st.data())
def test_the_order_of_seeds_and_members_does_not_matter(seeds: list[list[float]], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(seeds))))
    places = data.draw(st.permutations(range(3)))
    for claim in (FALLS, LOWEST, CROSSES):
        found = []
        for rows, sizes in ((seeds, SIZES), ([seeds[k] for k in order], [SIZES[i] for i in places])):
            s = study(seeds=tuple(range(len(seeds))), claims=(claim,), models={"a": swept(C=sizes), "b": {"C": 9}})
            for i, size in enumerate(SIZES):
                s.finish(f"a-c{size}", [row[i] for row in rows])
            s.finish("b", [50.0] * len(seeds))
            found.append(verdict(s))
        one, other = found
        assert one.p_support == pytest.approx(other.p_support, rel=1e-6, abs=1e-12)
        assert one.p_contradict == pytest.approx(other.p_contradict, rel=1e-6, abs=1e-12)
        assert one.spot == other.spot
        assert one.compared == other.compared


@few
@given(table)
def test_a_minimum_and_a_maximum_mirror_each_other(seeds: list[list[float]]) -> None:
    valley = list(zip(*seeds, strict=True))
    hill = [[100.0 - value for value in row] for row in valley]
    one, other = judged(LOWEST, valley), judged(LOWEST | {"kind": "maximum-near"}, hill)
    assert (one.outcome, one.compared) == (other.outcome, other.compared)
    assert one.p_support == pytest.approx(other.p_support, rel=1e-6, abs=1e-12)
    assert one.effect == pytest.approx(-(other.effect or 0.0))


@few
@given(table)
def test_identical_curves_never_cross(seeds: list[list[float]]) -> None:
    rows = list(zip(*seeds, strict=True))
    v = judged(CROSSES, rows, rows)
    assert v.outcome == "inconclusive"
    assert v.spot is not None
    assert (v.spot.x, v.spot.low, v.spot.high) == (None, None, None)
