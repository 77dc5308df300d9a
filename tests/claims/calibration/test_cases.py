"""Every case stands exactly at the boundary of what it judges: there a wrong verdict is likeliest."""

import pytest

from pkbench.claims.calibration.cases import LEVEL, Case, cases, limits
from pkbench.claims.calibration.stage import QUOTED, XS
from pkbench.claims.curve_tests import slope
from pkbench.spec.claim import AnyClaim, CrossingClaim, PairClaim, PlaceClaim, TrendClaim, ValueClaim

ALL = {case.name: case for case in (*cases(), *(case for case, _ in limits()))}


def distance(claim: AnyClaim, case: Case) -> float:
    """How far the truth is from where ``claim`` begins to hold, by its definition: below 0 where it holds."""
    means = {name: [LEVEL + value for value in values] for name, values in case.means.items()}
    means[QUOTED] = [LEVEL]
    a = means[claim.a]
    match claim:
        case ValueClaim():
            return 0.0 if means[claim.a] == [LEVEL] else 1.0
        case TrendClaim():
            return claim.distance(slope(XS, a))
        case PlaceClaim():
            near = [value for x, value in zip(XS, a, strict=True) if claim.is_near(x)]
            far = [value for x, value in zip(XS, a, strict=True) if not claim.is_near(x)]
            return min(near) - min(far) if claim.kind == "minimum-near" else max(far) - max(near)
        case CrossingClaim():
            b = means[claim.b]
            return max(claim.margin_first - (a[0] - b[0]), (a[-1] - b[-1]) - claim.margin_last)
        case PairClaim():
            return max(claim.distance(x - y) for x, y in zip(a, means[claim.b], strict=True))


@pytest.mark.parametrize("name", ALL)
def test_what_is_judged_is_at_its_boundary(name: str) -> None:
    case = ALL[name]
    for i, claim in enumerate(case.claims):
        found = distance(claim, case)
        if i in case.judged:
            assert found == pytest.approx(0, abs=1e-9)
        else:
            # What is not judged holds, and clearly.
            assert found < -5


def test_every_kind_of_claim_is_wrong_both_ways() -> None:
    kinds = {(case.claims[0].kind, case.wrong) for case in ALL.values()}
    wanted = {"less", "non-inferior", "equivalent", "trend", "minimum-near", "maximum-near", "crossing"}
    assert kinds == {(kind, wrong) for kind in wanted for wrong in ("supported", "contradicted")} | {
        ("value", "contradicted")
    }
    directions = {claim.direction for case in ALL.values() for claim in case.claims if isinstance(claim, TrendClaim)}
    assert directions == {"falls", "rises", "flat"}


def test_names_are_unique_as_random_streams_need() -> None:
    assert len({case.name for case in cases()}) == len(cases())
