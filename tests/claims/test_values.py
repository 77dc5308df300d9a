"""Golden cases of claims that a published number is reached."""

import math
from typing import Any

import pytest

from pkbench.claims.verdict import Verdict
from tests.claims.factory import LESS, QUOTED, VALUE, failed, reported, study
from tests.claims.pairs import A, B, only, verdicts


def value(errors: Any = A, profile: Any = "paper", mean: float = 5.0, n: int | None = 3, **claim: Any) -> Verdict:
    numbers = (reported("a", mean, 1.0, n),)
    s = study(profile, seeds=tuple(range(len(errors))), claims=(VALUE | claim,), numbers=numbers)
    s.finish("a", errors)
    return only(s)


def test_a_value_inside_the_prediction_interval_is_compatible() -> None:
    # 2 ± 3.513103 for a mean of three seeds: see test_statistics.
    v = value()
    assert (v.outcome, v.effect, v.n, v.n_planned, v.b, v.margin) == ("supported", -3.0, 3, 3, None, None)
    assert (v.low, v.high) == pytest.approx((-6.513103, 0.513103), abs=1e-5)
    assert v.p_contradict == v.adjusted_contradict == pytest.approx(0.066743, abs=1e-6)
    # Nothing tests for a value.
    assert (v.p_support, v.adjusted_support) == (None, None)
    assert v.sentence == (
        "a 2.00 % here, 5.00 % reported: difference −3.00 points (n = 3 seeds). Compatible: our seeds predict −1.51 to "
        "5.51 % for a mean of 3 seeds (95 % interval, 7.03 points wide). Not rejected is not the same as equal: an "
        "interval this wide leaves room."
    )
    assert v.notes == ("the paper's seeds are taken to scatter as ours do",)
    assert v.paper_says == ""
    assert (v.seeds_needed, v.detectable, v.effect_size) == (None, None, None)


def test_a_value_outside_is_contradicted_from_either_side() -> None:
    # The interval ends at 5.513103.
    assert value(mean=5.51).outcome == "supported"
    assert value(mean=5.52).outcome == "contradicted"
    assert value((91.0, 92.0, 93.0), mean=88.48).outcome == "contradicted"
    assert value((91.0, 92.0, 93.0), mean=88.49).outcome == "supported"
    v = value(mean=50.0)
    assert v.sentence.endswith("(95 % interval, 7.03 points wide); p < 0.001 (two-sided, Holm over 1).")
    assert "Contradicted: our seeds predict" in v.sentence


def test_the_border_of_the_prediction_interval_is_outside() -> None:
    # Where p equals alpha the rule for contradiction comes first.
    p = value().p_contradict
    assert p is not None
    assert value(alpha=p).outcome == "contradicted"
    assert value(alpha=math.nextafter(p, 0.0)).outcome == "supported"


def test_a_value_outside_but_not_after_correction_is_inconclusive() -> None:
    # p = 0.066743 alone is outside at alpha = 0.1, twice that is not contradicted.
    alpha = {"alpha": 0.1}
    s = study("paper", seeds=(0, 1, 2), claims=(VALUE | alpha, LESS | alpha), numbers=(reported("a", 5.0, 1.0, 3),))
    s.finish("a", A)
    s.finish("b", B)
    v = verdicts(s)[0]
    assert (v.outcome, v.adjusted_contradict) == ("inconclusive", pytest.approx(2 * 0.066743, abs=1e-5))
    assert "which leaves the reported number out, but not after correction: p = 0.133" in v.sentence
    # So is one exactly on the border of the interval.
    border = {"alpha": v.p_contradict}
    s = study("paper", seeds=(0, 1, 2), claims=(VALUE | border, LESS | border), numbers=(reported("a", 5.0, 1.0, 3),))
    s.finish("a", A)
    s.finish("b", B)
    assert verdicts(s)[0].outcome == "inconclusive"


def test_values_need_three_seeds_a_spread_and_all_runs() -> None:
    assert value((1.0, 2.0)).outcome == "inconclusive"
    assert value((2.0, 2.0, 2.0)).outcome == "inconclusive"
    assert value((2.0, 2.0, 2.0), mean=90.0).outcome == "inconclusive"
    s = study("paper", seeds=(0, 1, 2, 3), claims=(VALUE,), numbers=(reported("a", 2.0, 1.0, 3),))
    assert only(s).effect is None
    s.finish("a", A)
    assert only(s).outcome == "inconclusive"


def test_an_unknown_number_of_seeds_is_one() -> None:
    v = value(n=None)
    # Error sqrt(1/3 + 1): half width 4.968275.
    assert (v.low, v.high) == pytest.approx((-7.968275, 1.968275), abs=1e-5)
    assert "for a single seed" in v.sentence
    assert v.notes == (
        "the paper's seeds are taken to scatter as ours do; how many seeds are behind its number is not stated, so it "
        "is taken for a single one",
    )
    assert "for a single seed" in value(n=1).sentence
    assert value(n=1).notes == value(n=2).notes == ("the paper's seeds are taken to scatter as ours do",)
    assert "for a mean of 2 seeds" in value(n=2).sentence


def test_single_groups_say_what_is_wrong_with_their_runs() -> None:
    for claim in (QUOTED, VALUE):
        numbers = (reported("lasso", 5.0), reported("a", 5.0, 1.0, 3))
        s = study("paper", seeds=(0, 1, 2), rates=(0.01, 0.02), claims=(claim,), numbers=numbers)
        s.finish("a", A, lr=0.01, validation=5.0)
        s.finish("a", (1.0, 2.0), lr=0.02, validation=6.0)
        v = only(s)
        assert v.sentence.startswith(
            "No decision: a: 1 of 6 runs that choose the learning rate are missing; 3 of 3 runs"
        )
        s.put(failed(s.run("a", 2, 0.02)))
        v = only(s)
        assert (v.n, v.mean_a) == (3, 2.0)
        assert v.notes[:2] == (
            "a · cifar10 · lr 0.02 · seed 2 failed after epoch 1: diverged (loss is nan)",
            "a: learning rate 0.02 is out, training diverged for 1 of 3 seeds",
        )
        assert v.outcome == ("supported" if claim is VALUE else "inconclusive")


def test_values_are_for_the_paper_profile_and_its_data() -> None:
    assert value(profile="quick").sentence == (
        "Not assessed: the reported number is about the paper profile, and this is quick."
    )
    s = study("paper", claims=(VALUE,))
    assert only(s).sentence == "Not assessed: no number is reported for a on cifar10."
