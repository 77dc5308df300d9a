"""Golden cases of two models compared seed by seed.

With three pairs -1, -2, -3 (a = 1, 2, 3; b = 2, 4, 6) the one-sided p value is 0.037090, see test_statistics.
"""

import dataclasses
import math
from typing import Any

import pytest

from tests.claims.factory import LESS, VALUE, failed, reported, study
from tests.claims.pairs import MARGIN, A, B, P, compared, only, three, verdicts


def test_three_pairs_by_hand() -> None:
    v = only(compared())
    assert v.outcome == "supported"
    assert (v.claim_id, v.kind, v.data_id, v.profile, v.a, v.b) == ("less", "less", "digits", "quick", "a", "b")
    assert (v.statement, v.place) == ("a has the lower test error", "Table 1")
    assert v.scope == "Digits only: no evidence about CIFAR."
    assert (v.n, v.n_planned, v.mean_a, v.mean_b, v.effect, v.sd) == (3, 3, 2.0, 4.0, -2.0, 1.0)
    assert (v.low, v.high) == pytest.approx((-4.484138, 0.484138), abs=1e-5)
    assert v.p_support == pytest.approx(P)
    assert v.p_contradict == pytest.approx(1 - P)
    assert (v.adjusted_support, v.adjusted_contradict) == (v.p_support, v.p_contradict)
    assert (v.family_support, v.family_contradict) == (1, 1)
    # Welch: variances 1/3 and 4/3, df (5/3)² / (1/18 + 16/18) = 2.941176, t = -2 / sqrt(5/3).
    assert v.unpaired_p_support == pytest.approx(0.1104, abs=1e-4)
    assert v.effect_size == pytest.approx(-1.128379, abs=1e-6)
    assert (v.lr_a, v.lr_b) == (0.01, 0.01)
    assert (v.margin, v.alpha) == (0.0, 0.05)
    assert v.notes == ()


def test_runs_behind_a_verdict() -> None:
    s = compared()
    v = only(s)
    assert v.runs_a == tuple(s.run("a", seed).run_id for seed in range(3))
    assert v.runs_b == tuple(s.run("b", seed).run_id for seed in range(3))


def test_the_other_way_round_it_is_contradicted() -> None:
    v = only(compared(a=B, b=A))
    assert (v.outcome, v.effect) == ("contradicted", 2.0)
    assert v.adjusted_contradict == pytest.approx(P)
    assert v.sentence == (
        "a 4.00 %, b 2.00 %: difference +2.00 points (95 % interval −0.48 to +4.48, n = 3 pairs). "
        "Contradicted: p = 0.0371 for the opposite (one-sided, Holm over 1)."
    )


def test_sentence_of_support() -> None:
    assert only(compared()).sentence == (
        "a 2.00 %, b 4.00 %: difference −2.00 points (95 % interval −4.48 to +0.48, n = 3 pairs). "
        "Supported: p = 0.0371 (one-sided, Holm over 1)."
    )


def test_sentences_name_the_family_of_their_direction() -> None:
    def sentence(a: Any, b: Any) -> str:
        s = study("paper", seeds=(0, 1, 2), claims=(LESS, VALUE), numbers=(reported("a", 2.0, 1.0, 3),))
        s.finish("a", a)
        s.finish("b", b)
        return verdicts(s)[0].sentence

    assert sentence(A, B).endswith("Supported: p = 0.0371 (one-sided, Holm over 1).")
    # Differences 4, 5, 6.1: p = 0.0071, the smaller of two.
    assert sentence((5.0, 7.0, 9.1), A).endswith("Contradicted: p = 0.0142 for the opposite (one-sided, Holm over 2).")
    assert (
        "No decision at 0.05: p = 0.113 for the claim (one-sided, Holm over 1), p = 1 against it (over 2). If the truth"
        in sentence((1.0, 2.0, 3.0), (1.0, 3.0, 5.0))
    )


@pytest.mark.parametrize("away", [0, 1])
def test_p_exactly_at_alpha_decides_and_just_above_does_not(away: int) -> None:
    exact = only(compared()).p_support
    assert exact is not None
    alpha = exact if not away else math.nextafter(exact, 0.0)
    assert only(compared(claims=(LESS | {"alpha": alpha},))).outcome == ("inconclusive" if away else "supported")
    # And in the other direction.
    exact = only(compared(a=B, b=A)).p_contradict
    assert exact is not None
    alpha = exact if not away else math.nextafter(exact, 0.0)
    v = only(compared(a=B, b=A, claims=(LESS | {"alpha": alpha},)))
    assert v.outcome == ("inconclusive" if away else "contradicted")


def test_two_pairs_never_decide_however_clear() -> None:
    for a, b in (((1.0, 1.1), (90.0, 90.2)), ((90.0, 90.2), (1.0, 1.1))):
        v = only(compared(a, b))
        assert (v.outcome, v.n) == ("inconclusive", 2)
        assert v.sentence.endswith("No decision: 2 pairs of seeds cannot decide: at least 1 more are needed.")
        assert v.adjusted_support is None
        assert v.adjusted_contradict is None
        # Raw values stay visible.
        assert v.unpaired_p_support is not None
        assert v.p_support is not None
        assert min(v.p_support, 1 - v.p_support) < 0.01


def test_one_pair_has_a_difference_and_no_interval() -> None:
    v = only(compared((1.0,), (3.0,)))
    assert (v.n, v.effect, v.low, v.high, v.sd, v.effect_size, v.seeds_needed) == (
        1,
        -2.0,
        None,
        None,
        None,
        None,
        None,
    )
    assert v.unpaired_p_support is None
    assert v.sentence == (
        "a 1.00 %, b 3.00 %: difference −2.00 points (n = 1 pair). "
        "No decision: 1 pair of seeds cannot decide: at least 2 more are needed."
    )


def test_one_planned_pair() -> None:
    assert only(study(seeds=(0,))).sentence.startswith("No decision: 1 of 1 pair of seeds is missing;")


def test_nothing_run_yet() -> None:
    v = only(three())
    assert (v.outcome, v.n, v.n_planned, v.effect, v.p_support, v.mean_a) == ("inconclusive", 0, 3, None, None, None)
    assert v.sentence == (
        "No decision: 3 of 3 pairs of seeds are missing; 0 pairs of seeds cannot decide: at least 3 more are needed."
    )


def test_a_missing_pair_is_at_most_inconclusive() -> None:
    s = study(seeds=(0, 1, 2, 3))
    s.finish("a", (1.0, 1.1, 1.2, 1.3))
    s.finish("b", (9.0, 9.3, 9.4))
    v = only(s)
    assert (v.outcome, v.n, v.n_planned) == ("inconclusive", 3, 4)
    assert v.sentence.endswith("No decision: 1 of 4 pairs of seeds is missing.")
    assert v.mean_a == pytest.approx(1.1)
    assert v.adjusted_support is None
    s.finish("b", {3: 9.5})
    assert only(s).outcome == "supported"


def test_pairs_are_by_seed_not_by_order() -> None:
    s = study(seeds=(7, 3, 5))
    for seed, a, b in ((3, 1.0, 2.0), (5, 2.0, 4.0), (7, 3.0, 6.0)):
        s.finish("a", {seed: a})
        s.finish("b", {seed: b})
    assert only(s).p_support == pytest.approx(P)
    assert only(s).runs_a == tuple(s.run("a", seed).run_id for seed in (7, 3, 5))


def test_seeds_on_one_side_only_do_not_count() -> None:
    s = study(seeds=(0, 1, 2, 3))
    s.finish("a", {0: 1.0, 1: 2.0, 2: 3.0})
    s.finish("b", {1: 2.5, 2: 4.0, 3: 9.0})
    v = only(s)
    assert (v.n, v.mean_a, v.mean_b, v.effect) == (2, 2.5, 3.25, -0.75)
    assert len(v.runs_a) == len(v.runs_b) == 2
    assert "2 of 4 pairs of seeds are missing" in v.sentence


def test_a_failed_run_is_named_and_holds_the_verdict_back() -> None:
    s = study(seeds=(0, 1, 2, 3))
    s.finish("a", (1.0, 1.1, 1.2, 1.3))
    s.finish("b", (9.0, 9.3, 9.4))
    s.put(failed(s.run("b", 3), message="the loss\nis nan"))
    v = only(s)
    assert v.outcome == "inconclusive"
    assert v.notes == ("b · digits · lr 0.01 · seed 3 failed after epoch 1: diverged (the loss is nan)",)


def test_a_long_failure_message_is_cut() -> None:
    s = three()
    s.put(failed(s.run("a", 0), message="x" * 1000))
    assert only(s).notes[0].endswith(f"({'x' * 200})")


def test_equal_differences_never_support() -> None:
    v = only(compared((1.0, 2.0, 3.0), (5.0, 6.0, 7.0)))
    assert (v.outcome, v.effect, v.sd, v.low) == ("inconclusive", -4.0, None, None)
    assert "the difference is the same for every seed" in v.sentence
    # Up to rounding noise, too.
    assert only(compared((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))).outcome == "inconclusive"


def test_models_that_are_one_and_the_same_are_said_to_be() -> None:
    s = compared(a=A, b=A, models={"a": {}, "b": {}})
    v = only(s)
    assert v.outcome == "inconclusive"
    assert v.notes == ("a and b are one and the same model at this profile",)
    assert "one and the same" not in str(only(compared()).notes)
    assert only(three(models={"a": {}, "b": {}})).notes == ()


def test_a_margin_must_be_exceeded() -> None:
    # Differences -1, -2, -3 against -1: p = 0.112702; against -0.1: t = -1.9 / 0.57735 = -3.29090.
    v = only(compared(claims=(MARGIN,)))
    assert (v.outcome, v.p_support) == ("inconclusive", pytest.approx(0.112702, abs=1e-6))
    assert "n = 3 pairs, claimed: below −1.00)" in v.sentence
    assert (
        "No decision at 0.05: p = 0.113 for the claim (one-sided, Holm over 1), p = 0.887 against it (over 1)."
        in v.sentence
    )
    near = only(compared(claims=(LESS | {"margin": 0.1},)))
    assert near.outcome == "supported"
    # Welch with the margin: t = -1 / sqrt(5/3) with 2.941176 degrees.
    assert v.unpaired_p_support == pytest.approx(0.2486, abs=1e-3)


def test_less_than_the_margin_is_contradicted_even_if_lower() -> None:
    # Differences -1.0, -1.1, -0.9 lie clearly above -3: t = 2 / (0.1 / sqrt 3) = 34.6.
    v = only(compared((1.0, 1.0, 1.0), (2.0, 2.1, 1.9), claims=(LESS | {"margin": 3.0},)))
    assert (v.outcome, v.effect) == ("contradicted", pytest.approx(-1.0))


def test_missing_data_is_nothing_run() -> None:
    s = compared()
    s.runs = [dataclasses.replace(run, run_id=None) for run in s.runs]
    assert only(s).n == 0
