"""Cards of verdicts: everything a reviewer asks for is on them, and nothing that is not so."""

from pathlib import Path

import pytest

from pkbench.claims.power import SeedsNeeded
from pkbench.report.page.claims import Claim, check_claims, claims, seeds_needed
from tests.claims.factory import LESS
from tests.report.made import CROSSING, ERRORS, LOWEST, PARITY, TREND, families, filled, study_of
from tests.report.test_checks import both


def facts(claim: Claim) -> dict[str, str]:
    found = {fact.name: fact.value for fact in (*claim.facts, *claim.more)}
    assert len(found) == len(claim.facts) + len(claim.more), "no name twice"
    return found


def test_a_verdict_has_all_its_numbers() -> None:
    found, _, _ = claims(study_of(filled()))
    assert (found.anchor, found.badge.look, found.badge.word) == (
        "claim:small:quick:less:digits",
        "supported",
        "supported",
    )
    assert (found.effect, found.n, found.paper) == ("−2.00 [−4.48, +0.48]", "3 of 3", "–")
    assert found.sentence.startswith("a 2.00 %, b 4.00 %: difference −2.00 points")
    assert facts(found) == {
        "effect, points": "−2.00",
        "95 % interval, not corrected": "−4.48 to +0.48",
        "n, seeds": "3 of 3",
        "seeds that would decide": "4 with 80 % chance (3 to 35)",
        "effect of": "a − b",
        "the paper on cifar10, %": "a 12.07 ± 0.47 (n = 3), b 15.91 ± 1.55 (n = 3)",
        "what its own n allows": "two-sided p = 0.041 from its 3 seeds alone",
        "margin": "+0.00 points",
        "p for, corrected": "0.0371",
        "p against, corrected": "0.963",
        "p for, one-sided, not corrected": "0.0371",
        "the same without the pairs": "0.11",
        "distance from the margin seen with 80 % chance": "2.30 points",
        "standardised (Hedges)": "−1.13",
        "connections": "2,048 and 2,448, 19.53 % apart",
    }
    assert len(found.runs) == 6
    assert found.group == "run:small:quick"


def test_seeds_that_would_decide() -> None:
    undecided, *_ = claims(study_of(filled(errors={"a": (1.0, 3.0, 5.0), "b": (2.0, 3.0, 4.5)})))
    assert "with 80 % chance" in facts(undecided)["seeds that would decide"]
    assert not any(name.startswith("the same for") for name in facts(undecided))
    assert seeds_needed(SeedsNeeded(16, 7, None)) == "16 with 80 % chance (7 to more than 1000)"


def test_seeds_that_would_decide_for_an_effect_named_beforehand() -> None:
    errors = {"a": (1.0, 3.0, 5.0), "b": (2.0, 3.0, 4.5)}
    same = LESS | {"kind": "equivalent", "margin": 2.0}
    on_the_papers_data, *_ = claims(study_of(filled("paper", errors=errors)))
    assert facts(on_the_papers_data)["the same for the paper's difference"] == "3 with 80 % chance (3 to 6)"
    (of_parity,) = claims(study_of(filled(errors=errors, claims=(same,), numbers=())))
    assert facts(of_parity)["the same for no difference"].endswith(")")


def test_at_the_papers_own_profile_its_number_is_beside_ours() -> None:
    study = study_of(filled("paper", errors={"a": (11.0, 12.0, 13.0), "b": (14.0, 16.0, 18.0)}))
    less, quoted, value = claims(study)
    assert less.paper == "12.07 ± 0.47 (n = 3) against 15.91 ± 1.55 (n = 3); p = 0.041"
    assert facts(quoted)["the paper on cifar10, %"] == "a 12.07 ± 0.47 (n = 3), lasso 14.81, quoted"
    assert facts(quoted)["what its own n allows"] == "two-sided p = 0.010 from its 3 seeds alone"
    assert facts(value)["what its own n allows"] == (
        "no test of this claim: it takes means, deviations and numbers of seeds of both sides"
    )
    assert value.badge.word == "supported (compatible)"


def test_where_the_paper_says_nothing() -> None:
    (found,) = claims(study_of(filled(claims=(LESS,), numbers=())))
    assert facts(found)["the paper"] == "no number or point of a figure for this"
    assert "what its own n allows" not in facts(found)


@pytest.mark.parametrize("claim", [PARITY, TREND, LOWEST, CROSSING], ids=lambda claim: str(claim["kind"]))
def test_claims_about_families(claim: dict[str, object]) -> None:
    (found,) = claims(study_of(families(claims=(claim,))))
    shown = facts(found)
    assert shown["effect of"]
    assert shown["n, seeds"] == "3 of 3"
    if "paper" in claim:
        assert shown["the paper's points"].startswith("Fig. ")
        assert found.paper == "the points of its figure"


def test_a_contradiction_is_called_one() -> None:
    found, *_ = claims(study_of(filled(errors={"a": ERRORS["b"], "b": ERRORS["a"]})))
    assert (found.badge.look, found.badge.word) == ("contradicted", "contradicted")


def test_before_anything_has_run() -> None:
    found, *_ = claims(study_of(filled(errors={})))
    assert (found.effect, found.runs) == ("–", ())
    assert set(facts(found)) == {
        "n, seeds", "effect of", "the paper on cifar10, %", "what its own n allows", "connections",
    }  # fmt: skip


def test_computed_claims(tmp_path: Path) -> None:
    holds, fails = check_claims(both(tmp_path))
    assert (holds.badge.look, holds.badge.word) == ("supported", "consistent")
    assert (fails.badge.look, fails.badge.word) == ("contradicted", "inconsistent")
    assert facts(fails)["residual"] == "0.5"
    assert fails.effect.startswith("0.5 (tolerance ")
    assert len(fails.runs) == 1
    assert (fails.profile, fails.data_id, fails.n, fails.paper) == ("", "", "", "")
