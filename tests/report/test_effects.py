"""Which effects share an axis, and where their claims change."""

from pkbench.report.effects import by_unit, margins
from tests.claims.factory import LESS, VALUE
from tests.report.made import CROSSING, PARITY, TREND, families, filled, study_of


def test_effects_of_one_unit_are_drawn_on_one_axis() -> None:
    verdicts = study_of(families(claims=(PARITY, TREND, CROSSING))).evaluation.verdicts
    assert {unit: [verdict.claim_id for verdict in found] for unit, found in by_unit(verdicts).items()} == {
        "difference, first minus second (percentage points)": ["parity", "crossing"],
        "slope (percentage points per doubling)": ["trend"],
    }
    assert by_unit(study_of(filled(errors={})).evaluation.verdicts) == {}


def test_margins_point_to_where_the_claim_holds() -> None:
    study = study_of(families(claims=(PARITY, CROSSING)))
    claims = {claim.id: claim for claim in study.scaled.spec.claim}
    parity, crossing = study.evaluation.verdicts
    assert margins(parity, claims["parity"]) == [(-2.0, ">"), (2.0, "<")]
    assert margins(crossing, claims["crossing"]) in ([(0.5, ">")], [(0.0, "<")])
    assert crossing.deciding is not None
    assert margins(crossing, claims["crossing"]) == ([(0.5, ">")] if crossing.deciding == 0 else [(0.0, "<")])


def test_a_published_value_has_no_margin() -> None:
    study = study_of(filled("paper", claims=(LESS, VALUE), errors={"a": (11.0, 12.0, 13.0), "b": (14.0, 16.0, 18.0)}))
    less, value = study.evaluation.verdicts
    assert margins(less, study.scaled.spec.claim[0]) == [(0.0, "<")]
    assert margins(value, study.scaled.spec.claim[1]) == []
    assert list(by_unit([value])) == []
