"""Which seeds a verdict asks for: of one boundary, and of two, either of which could be passed by chance."""

import pytest

from pkbench.claims.evaluate import evaluate
from pkbench.claims.power import detectable, seeds_needed
from pkbench.claims.verdict import Verdict
from tests.claims.factory import LESS, VALUE, reported, study
from tests.claims.pairs import MARGIN, compared, only, verdicts

SAME = LESS | {"kind": "equivalent", "margin": 1.0}


def judged(*differences: float) -> Verdict:
    s = study(seeds=tuple(range(len(differences))), claims=(SAME,))
    s.finish("a", [10.0 + difference for difference in differences])
    s.finish("b", [10.0] * len(differences))
    (found,) = evaluate(s.scaled, s.runs, s.records).verdicts
    assert found.outcome == "inconclusive"
    return found


def test_within_both_boundaries_have_to_be_shown() -> None:
    # Mean .5, sd .5: .5 from the nearer boundary and 1.5 from the other.
    v = judged(-0.9, 0.0, 1.2)
    # Mean .1: .9 from the nearer boundary and 1.1 from the other, neither of which can be neglected.
    assert v.sd is not None
    assert v.seeds_needed == seeds_needed(-0.9, v.sd, 3, alpha=0.05, other=1.1)
    assert v.seeds_needed != seeds_needed(-0.9, v.sd, 3, alpha=0.05)
    v = judged(0.0, 0.5, 1.0)
    assert v.seeds_needed == seeds_needed(-0.5, 0.5, 3, alpha=0.05, other=1.5)
    assert v.detectable == pytest.approx(detectable(0.5, 3, alpha=0.05))


def test_outside_one_of_two_counts_by_half() -> None:
    v = judged(1.0, 1.5, 2.0)
    assert v.seeds_needed == seeds_needed(0.5, 0.5, 3, alpha=0.025)
    assert v.detectable == pytest.approx(detectable(0.5, 3, alpha=0.025))


def test_exactly_on_a_boundary_is_outside() -> None:
    v = judged(0.5, 1.0, 1.5)
    assert v.detectable == pytest.approx(detectable(0.5, 3, alpha=0.025))
    assert v.seeds_needed is not None
    assert v.seeds_needed.seeds is None


def test_an_inconclusive_verdict_says_how_many_seeds_would_decide() -> None:
    # Differences -2, 1, -2, 1, -0.5: mean -0.5, sd sqrt(9 / 4) = 1.5, a third of a deviation.
    # Guenther's (1981) approximation: (1.6449 + 0.8416)² * 9 + 1.6449² / 2 = 57.0, so 58 pairs.
    v = only(compared((1.0, 4.0, 1.0, 4.0, 2.5), (3.0, 3.0, 3.0, 3.0, 3.0)))
    assert (v.outcome, v.effect, v.sd) == ("inconclusive", -0.5, 1.5)
    assert v.seeds_needed is not None
    assert v.seeds_needed.seeds == 58
    assert v.sentence.endswith(
        "If the truth is what these seeds show, 58 seeds in all would decide it with 80 % chance "
        f"(roughly {v.seeds_needed.fewest} to more than 1000)."
    )
    assert v.detectable == pytest.approx(1.3594 * 1.5, abs=1e-3)


def test_the_range_of_seeds_has_two_ends_where_the_effect_is_nearly_clear() -> None:
    # Differences -1.7 and 0.3, four of each: mean -0.7, sd sqrt(8 / 7), t = -0.7 sqrt 7 = -1.852 with 7 degrees: p = .053.
    v = only(compared((8.3, 10.3) * 4, (10.0,) * 8))
    assert (v.outcome, v.p_support) == ("inconclusive", pytest.approx(0.0532, abs=1e-4))
    # SciPy's noncentral t of 7 degrees has this t as its 10 % point for a shift of 1.137 sqrt 8, as its 90 % point for
    # 0.129 sqrt 8; Guenther's (1.6449 + 0.8416)² / 0.129² + 1.6449² / 2 = 371.4.
    needed = v.seeds_needed
    assert needed is not None
    assert (needed.seeds, needed.fewest, needed.most) == (16, 7, 372)
    assert v.sentence.endswith("16 seeds in all would decide it with 80 % chance (roughly 7 to 372).")


def test_the_distance_that_counts_is_the_one_from_the_margin() -> None:
    # The same differences are 0.5 above a margin of 1: as many seeds would contradict.
    v = only(compared((1.0, 4.0, 1.0, 4.0, 2.5), (3.0,) * 5, claims=(MARGIN,)))
    assert v.seeds_needed is not None
    assert v.seeds_needed.seeds == 58


def test_no_difference_needs_more_than_a_thousand() -> None:
    v = only(compared((1.0, 3.0, 2.0), (2.0, 2.0, 2.0)))
    assert v.seeds_needed is not None
    assert (v.seeds_needed.seeds, v.seeds_needed.fewest, v.seeds_needed.most) == (None, None, None)
    assert v.sentence.endswith(
        "If the truth is what these seeds show, more than 1000 seeds would be needed to decide it."
    )


def test_planning_uses_the_strictest_step_of_the_larger_family() -> None:
    s = study("paper", claims=(LESS, VALUE), numbers=(reported("a", 2.0, 1.0, 3),))
    s.finish("a", (1.0, 4.0, 1.0, 4.0, 2.5))
    s.finish("b", (3.0,) * 5)
    less = verdicts(s)[0]
    assert (less.family_support, less.family_contradict) == (1, 2)
    # One-sided 2.5 %: (1.9600 + 0.8416)² * 9 + 1.9600² / 2 = 72.6.
    assert less.seeds_needed is not None
    assert less.seeds_needed.seeds == 73


def test_decided_verdicts_do_not_ask_for_seeds() -> None:
    assert "seeds in all" not in only(compared()).sentence
