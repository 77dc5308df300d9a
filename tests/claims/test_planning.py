"""Which seeds a verdict asks for where a claim has two boundaries, either of which could be passed by chance."""

import pytest

from pkbench.claims.evaluate import evaluate
from pkbench.claims.power import detectable, seeds_needed
from pkbench.claims.verdict import Verdict
from tests.claims.factory import LESS, study

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
