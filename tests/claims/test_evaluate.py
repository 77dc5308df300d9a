"""Golden cases for whole evaluations: seeds, pairs, obstacles, corrections.

With three pairs -1, -2, -3 (a = 1, 2, 3; b = 2, 4, 6) the one-sided p value is 0.037090, see test_statistics.
"""

import dataclasses
import math
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pkbench.claims.evaluate import Evaluation, evaluate
from pkbench.claims.verdict import Verdict
from pkbench.plan.select import with_seed_count
from tests.claims.factory import LESS, QUOTED, VALUE, Study, failed, finished, reported, study

A = (1.0, 2.0, 3.0)
B = (2.0, 4.0, 6.0)
P = 0.5 - math.sqrt(12) / (2 * math.sqrt(14))


def verdicts(s: Study) -> list[Verdict]:
    return list(evaluate(s.scaled, s.runs, s.records).verdicts)


def only(s: Study) -> Verdict:
    (verdict,) = verdicts(s)
    return verdict


def three(**changes: Any) -> Study:
    return study(seeds=(0, 1, 2), **changes)


def compared(a: Any = A, b: Any = B, *, images: int = 10_000, **changes: Any) -> Study:
    s = study(seeds=tuple(range(len(a))), **changes)
    s.finish("a", a, images=images)
    s.finish("b", b, images=images)
    return s


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


MARGIN = LESS | {"margin": 1.0}


def test_a_margin_must_be_exceeded() -> None:
    # Differences -1, -2, -3 against -1: p = 0.112702; against -0.1: t = -1.9 / 0.57735 = -3.29090.
    v = only(compared(claims=(MARGIN,)))
    assert (v.outcome, v.p_support) == ("inconclusive", pytest.approx(0.112702, abs=1e-6))
    assert "n = 3 pairs, claimed: below −1.00)" in v.sentence
    near = only(compared(claims=(LESS | {"margin": 0.1},)))
    assert near.outcome == "supported"
    # Welch with the margin: t = -1 / sqrt(5/3) with 2.941176 degrees.
    assert v.unpaired_p_support == pytest.approx(0.2486, abs=1e-3)


def test_less_than_the_margin_is_contradicted_even_if_lower() -> None:
    # Differences -1.0, -1.1, -0.9 lie clearly above -3: t = 2 / (0.1 / sqrt 3) = 34.6.
    v = only(compared((1.0, 1.0, 1.0), (2.0, 2.1, 1.9), claims=(LESS | {"margin": 3.0},)))
    assert (v.outcome, v.effect) == ("contradicted", pytest.approx(-1.0))


# ------------------------------------------------------------------------------------------------- resolution

IMAGE = 100 / 360


def images(*wrong: int) -> tuple[float, ...]:
    """Test errors in per cent of counts of 360 images."""
    return tuple(100 * count / 360 for count in wrong)


def test_less_than_a_test_image_decides_nothing() -> None:
    # Differences of -1, -1, -1, -1, 0 images: mean -0.8, sd 0.447, t = -4, p = 0.008.
    a, b = images(7, 8, 9, 8, 7), images(8, 9, 10, 9, 7)
    v = only(compared(a, b, images=360))
    assert (v.outcome, v.p_support) == ("inconclusive", pytest.approx(0.00807, abs=1e-5))
    assert v.effect == pytest.approx(-0.8 * IMAGE)
    assert v.sentence.endswith(
        "No decision: the difference is smaller than one test image (360 images, 0.28 points each)."
    )
    assert v.adjusted_support is None
    v = only(compared(b, a, images=360))
    assert v.outcome == "inconclusive"
    assert "smaller than one test image" in v.sentence


def test_a_whole_test_image_decides() -> None:
    # -1, -1, -1, -1, -1 has no spread; -1, -1, -1, -0, -2 has mean -1, sd 0.707, t = -3.16, p = 0.017.
    a, b = images(7, 8, 9, 7, 7), images(8, 9, 10, 7, 9)
    assert only(compared(a, b, images=360)).outcome == "supported"
    assert only(compared(b, a, images=360)).outcome == "contradicted"


def test_the_distance_from_the_margin_counts() -> None:
    # The differences above and a margin of 3 images: -0.8 + 3 = 2.2 images above the boundary.
    a, b = images(7, 8, 9, 8, 7), images(8, 9, 10, 9, 7)
    assert only(compared(a, b, images=360, claims=(LESS | {"margin": 3 * IMAGE},))).outcome == "contradicted"
    v = only(compared(a, b, images=360, claims=(LESS | {"margin": 1.5 * IMAGE},)))
    assert v.p_contradict is not None
    assert (v.outcome, v.p_contradict < 0.05) == ("inconclusive", True)
    assert (
        "the difference lies within one test image of the claimed margin (360 images, 0.28 points each)" in v.sentence
    )


def test_the_resolution_is_silent_where_nothing_would_be_decided() -> None:
    # -1, 1, 0: nothing to hold back, and the seeds needed are said.
    v = only(compared(images(7, 8, 9), images(8, 7, 9), images=360))
    assert "test image" not in v.sentence
    assert "seeds would be needed" in v.sentence


def test_the_resolution_is_the_data_sets() -> None:
    a, b = images(7, 8, 9, 8, 7), images(8, 9, 10, 9, 7)
    s = compared(a, b, images=10_000)
    assert only(s).outcome == "supported"
    s = compared(a, b, images=360)
    for run_id, record in s.records.items():
        s.records[run_id] = record.model_copy(update={"data": None})
    assert only(s).outcome == "supported"


def test_the_resolution_counts_against_quoted_rows_too() -> None:
    errors = images(7, 8, 7, 8, 8)  # mean 7.6 images, sd 0.548
    for number in ({"n": 100}, {"sd": 0.01, "n": 10}):
        near = against_quoted(errors, images=360, mean=8.4 * IMAGE, **number)
        assert near.p_support is not None
        assert (near.outcome, near.p_support < 0.05) == ("inconclusive", True)
        assert "smaller than one test image" in near.sentence
        assert against_quoted(errors, images=360, mean=8.7 * IMAGE, **number).outcome == "supported"


def test_where_p_is_exactly_alpha_the_resolution_counts() -> None:
    a, b = images(7, 8, 9, 8, 7), images(8, 9, 10, 9, 7)
    p = only(compared(a, b, images=360)).p_support
    v = only(compared(a, b, images=360, claims=(LESS | {"alpha": p},)))
    assert (v.outcome, v.adjusted_support) == ("inconclusive", None)


def test_other_test_images_could_undo_a_difference() -> None:
    # 2 % and 4 %: a standard error of at most sqrt(0.06 / N), and a warning where 2 points are below 1.96 of them:
    # N < 0.06 * (1.96 / 0.02)² = 576.24.
    warned, calm = (only(compared(images=n)) for n in (576, 577))
    assert warned.outcome == calm.outcome == "supported"
    assert calm.notes == ()
    assert warned.notes == (
        "the seeds speak about these 576 test images: for other images of the same kind the choice of images alone moves "
        "the difference by up to 1.02 points (standard error, upper bound), so it need not hold there",
    )
    # The distance from the margin counts: 1.9 of them.
    assert only(compared(images=577, claims=(LESS | {"margin": 0.1},))).notes != ()
    # Nothing is said where nothing is decided.
    assert only(compared(images=100, claims=(MARGIN,))).notes == ()
    # The same for quoted rows, 2 % and 5 %, 3 points: N < 0.07 * (1.96 / 0.03)² = 298.8.
    assert [len(against_quoted(images=n, n=10).notes) for n in (298, 299)] == [2, 1]


# ------------------------------------------------------------------------------------------ equal connections

WITHIN = LESS | {"equal_connections_within": 0.01}


def test_equal_connections() -> None:
    # P = 4 on 8 x 8: S0 = 4, C0 = 16; blocks 2 * 2 * S * C * (S + C), per patch 64 C.
    # C = 8: 4 * 4 * 8 * 12 + 512 = 2048; C = 9: 4 * 4 * 9 * 13 + 576 = 2448: 19.53 % of 2048 apart.
    v = only(compared(claims=(WITHIN,)))
    assert (v.connections_a, v.connections_b, v.connections_gap) == (2048, 2448, 0.1953125)
    assert v.outcome == "inconclusive"
    assert v.sentence.endswith(
        "No decision: the claim is about connections equal within 0.01 of each other, but a has 2,048 and b has 2,448: "
        "19.53 % apart."
    )
    assert only(compared(claims=(LESS | {"equal_connections_within": 0.1953125},))).outcome == "supported"
    assert only(compared(claims=(LESS | {"equal_connections_within": 0.195},))).outcome == "inconclusive"
    # Without the condition they are shown and do not matter.
    free = only(compared())
    assert (free.connections_a, free.connections_gap) == (2048, 0.1953125)


def test_unequal_connections_do_not_contradict_either() -> None:
    assert only(compared(a=B, b=A, claims=(WITHIN,))).outcome == "inconclusive"


def test_connections_are_recomputed_before_anything_has_run() -> None:
    assert "2,048" in only(three(claims=(WITHIN,))).sentence


# ------------------------------------------------------------------------------------------------ learning rates


def grid(**changes: Any) -> Study:
    s = study(seeds=(0, 1, 2), rates=(0.01, 0.02), **changes)
    for model, errors in (("a", A), ("b", B)):
        s.finish(model, errors, lr=0.01, validation=5.0)
        # Better on the test images, worse on the validation images.
        s.finish(model, [e / 2 for e in errors], lr=0.02, validation=6.0)
    return s


def test_errors_are_those_of_the_chosen_learning_rate() -> None:
    v = only(grid())
    assert (v.mean_a, v.mean_b, v.lr_a, v.lr_b, v.n) == (2.0, 4.0, 0.01, 0.01, 3)
    assert v.notes == ()


def test_choosing_on_the_test_set_is_marked() -> None:
    s = grid(select="test-error")
    v = only(s)
    assert (v.mean_a, v.lr_a) == (1.0, 0.02)
    assert v.notes == tuple(
        f"{m}: the learning rate was chosen on the test images, as the spec asks; its errors are optimistic"
        for m in "ab"
    )
    # Nothing was chosen from an unfinished grid, or from a single one.
    del s.records[s.run("b", 2, 0.02).run_id or ""]
    assert [note.split(":")[0] for note in only(s).notes] == ["a"]
    assert only(compared(select="test-error")).notes == ()


def test_no_verdict_from_half_a_grid() -> None:
    s = grid()
    del s.records[s.run("b", 2, 0.02).run_id or ""]
    v = only(s)
    assert (v.outcome, v.effect, v.lr_a, v.lr_b) == ("inconclusive", None, 0.01, None)
    assert v.sentence.startswith("No decision: b: 1 of 6 runs that choose the learning rate are missing;")


def test_a_diverged_learning_rate_is_noted() -> None:
    s = grid()
    s.put(failed(s.run("b", 1, 0.02)))
    v = only(s)
    assert v.outcome == "supported"
    assert v.notes == (
        "b · digits · lr 0.02 · seed 1 failed after epoch 1: diverged (loss is nan)",
        "b: learning rate 0.02 is out, training diverged for 1 of 3 seeds",
    )


# --------------------------------------------------------------------------------------------------- corrections


def family(*claims: dict[str, Any], **errors: Any) -> list[Verdict]:
    s = study(seeds=(0, 1, 2), claims=claims, models={"a": {"C": 8}, "b": {"C": 9}, "c": {"C": 10}})
    for model, values in errors.items():
        s.finish(model, values)
    return verdicts(s)


A_C = LESS | {"id": "a-c", "b": "c"}


def test_holm_over_the_claims() -> None:
    # a - b: -1, -2, -3 (p = .03709); a - c: -5, -6, -7.3 is far clearer and takes the factor 2, the other then 1.
    first, second = family(LESS, A_C, a=A, b=B, c=(6.0, 8.0, 10.3))
    assert first.p_support == pytest.approx(P)
    assert second.p_support is not None
    assert second.p_support < 0.01
    assert first.adjusted_support == first.p_support
    assert second.adjusted_support == 2 * second.p_support
    assert (first.outcome, second.outcome) == ("supported", "supported")
    assert (first.family_support, first.family_contradict) == (2, 2)
    # With c no clearer than b both take the factor 2 and neither holds.
    first, second = family(LESS, A_C, a=A, b=B, c=B)
    assert first.adjusted_support == second.adjusted_support == pytest.approx(2 * P)
    assert (first.outcome, second.outcome) == ("inconclusive", "inconclusive")


def test_directions_are_corrected_separately() -> None:
    # a is below b (p = .03709) and above c (p = .03709): one small p value in each direction, factor 2 each.
    first, second = family(LESS, A_C, a=B, b=(3.0, 6.0, 9.0), c=A)
    assert first.p_support == pytest.approx(P)
    assert second.p_contradict == pytest.approx(P)
    assert first.adjusted_support == second.adjusted_contradict == pytest.approx(2 * P)


def test_claims_that_cannot_be_decided_yet_count_in_the_family() -> None:
    # c has not run: its claim enters with p = 1, so a - b is not corrected less than it will be in the end.
    first, second = family(LESS, A_C, a=A, b=B)
    assert first.adjusted_support == pytest.approx(2 * P)
    assert first.outcome == "inconclusive"
    assert (second.adjusted_support, second.family_support) == (None, 2)


def test_an_obstacle_keeps_a_small_p_value_from_lightening_the_others() -> None:
    # a - c is extremely clear but not about equal connections: it must not use up the factor 2.
    blocked = A_C | {"equal_connections_within": 0.01}
    first, second = family(LESS, blocked, a=A, b=B, c=(60.0, 61.0, 62.1))
    assert second.outcome == "inconclusive"
    assert second.p_support is not None
    assert second.p_support < 0.001
    assert first.adjusted_support == pytest.approx(2 * P)


def test_claims_that_are_not_assessed_do_not_count() -> None:
    s = compared(claims=(LESS, QUOTED, VALUE), numbers=(reported("lasso", 9.0), reported("a", 9.0)))
    first, quoted, value = verdicts(s)
    assert (quoted.outcome, value.outcome) == ("not assessed", "not assessed")
    assert first.adjusted_support == first.p_support
    assert (first.family_support, first.family_contradict) == (1, 1)


def test_value_claims_count_in_the_family_against_only() -> None:
    s = study("paper", seeds=(0, 1, 2), claims=(LESS, VALUE), numbers=(reported("a", 2.0, 1.0, 3),))
    s.finish("a", A)
    s.finish("b", B)
    less, value = verdicts(s)
    assert (less.family_support, less.family_contradict) == (1, 2)
    assert (value.family_support, value.family_contradict) == (0, 2)
    assert less.adjusted_support == less.p_support
    assert (value.p_support, value.adjusted_support) == (None, None)


# ---------------------------------------------------------------------------------------------------- data sets


def test_a_verdict_for_each_data_set_of_the_profile_or_of_the_claim() -> None:
    elsewhere = LESS | {"id": "elsewhere", "data": ["cifar10", "digits"]}
    found = verdicts(compared(claims=(LESS, elsewhere)))
    assert [(v.claim_id, v.data_id) for v in found] == [
        ("less", "digits"),
        ("elsewhere", "cifar10"),
        ("elsewhere", "digits"),
    ]
    assert found[1].outcome == "not assessed"
    assert found[1].sentence == "Not assessed: the quick profile does not use the data set cifar10."
    assert (found[1].n, found[1].n_planned, found[1].runs_a, found[1].connections_a) == (0, 0, (), None)
    assert found[2].outcome == "inconclusive"  # p = 2 * .037


# ----------------------------------------------------------------------------------------------- quoted numbers


def against_quoted(
    errors: Any = A, profile: Any = "paper", mean: float = 5.0, *, images: int = 10_000, **number: Any
) -> Verdict:
    s = study(profile, seeds=tuple(range(len(errors))), claims=(QUOTED,), numbers=(reported("lasso", mean, **number),))
    s.finish("a", errors, images=images)
    return only(s)


def test_a_quoted_row_is_a_single_seed_like_ours() -> None:
    # 1, 2, 3 against 5: t = -3 / sqrt(1/3 + 1) = -2.598076, p = 1/2 - 2.598076 / (2 sqrt(2 + 6.75)) with 2 degrees.
    v = against_quoted()
    assert (v.outcome, v.effect, v.n) == ("inconclusive", -3.0, 3)
    assert v.p_support == pytest.approx(0.060845, abs=1e-6)
    assert (v.mean_a, v.mean_b, v.runs_b, v.lr_b, v.connections_b, v.connections_gap) == (
        2.0,
        None,
        (),
        None,
        None,
        None,
    )
    assert (v.effect_size, v.unpaired_p_support) == (None, None)
    assert (v.detectable, v.seeds_needed) == (None, None)
    assert v.notes == (
        "lasso was not trained here and the spread of its quoted 5.00 % is unknown: it is taken for a single seed of a model "
        "that scatters as a does",
    )
    assert v.sentence.startswith("a 2.00 %, lasso 5.00 % as quoted: difference −3.00 points (95 % interval ")
    assert "n = 3 seeds" in v.sentence
    assert v.published_b is not None
    assert v.published_b.mean == 5.0
    assert against_quoted(mean=6.0).outcome == "supported"
    assert against_quoted((7.0, 8.0, 9.0), mean=4.0).outcome == "contradicted"
    # The number of seeds behind it, where that is stated, makes it more certain.
    assert "for 4 seeds of a model" in against_quoted(n=4).notes[0]
    assert against_quoted(n=4).outcome == "supported"


def test_a_quoted_row_with_a_spread_is_compared_by_welch() -> None:
    # Variances 1/3 and 4/4 over 4 seeds: t = -3 / sqrt(4/3) = -2.598076, df (4/3)² / (1/18 + 1/3) = 4.571429.
    v = against_quoted(sd=2.0, n=4)
    assert v.p_support == pytest.approx(0.02645, abs=1e-4)
    assert (v.outcome, v.n, v.detectable, v.seeds_needed) == ("supported", 3, None, None)
    assert v.notes == (
        "lasso was not trained here: its stated mean and deviation are held against our seeds (Welch's test)",
    )
    assert against_quoted((1.0,), sd=2.0, n=4).effect is None
    assert against_quoted((1.0, 1.5), sd=2.0, n=4).effect == -3.75
    # A deviation without the number of seeds, or of a single one, is of no use.
    assert against_quoted(sd=2.0).p_support == against_quoted(sd=2.0, n=1).p_support == against_quoted().p_support
    assert against_quoted(sd=2.0, n=2).p_support != against_quoted().p_support


def test_quoted_rows_need_three_seeds_a_spread_and_all_runs() -> None:
    assert against_quoted((1.0, 1.1)).sentence.endswith(
        "No decision: 2 runs cannot decide: at least 1 more are needed."
    )
    assert against_quoted((1.0,)).sentence.endswith("No decision: 1 run cannot decide: at least 2 more are needed.")
    for number in ({}, {"sd": 2.0, "n": 4}):
        v = against_quoted((1.0, 1.0, 1.0), **number)
        assert v.outcome == "inconclusive"
        assert "the error is the same for every seed" in v.sentence
    s = study("paper", seeds=(0, 1, 2, 3), claims=(QUOTED,), numbers=(reported("lasso", 50.0),))
    s.finish("a", A)
    assert only(s).outcome == "inconclusive"
    assert "1 of 4 runs is missing" in only(s).sentence
    assert only(study("paper", seeds=(0, 1, 2), claims=(QUOTED,), numbers=(reported("lasso", 50.0),))).n == 0


def test_quoted_rows_are_for_the_paper_profile_and_its_data() -> None:
    v = against_quoted(profile="quick")
    assert v.outcome == "not assessed"
    assert v.sentence == (
        "Not assessed: lasso is a quoted row, not a model that is trained here: only runs at the paper profile can be "
        "held against it, and this is quick."
    )
    assert (v.effect, v.n) == (None, 0)
    s = study("paper", claims=(QUOTED,), numbers=(reported("lasso", 5.0, data="digits"),))
    assert only(s).sentence == "Not assessed: no number is reported for lasso on cifar10."


# ------------------------------------------------------------------------------------------------- value claims


def value(errors: Any = A, profile: Any = "paper", mean: float = 5.0, n: int | None = 3, **claim: Any) -> Verdict:
    numbers = (reported("a", mean, 1.0, n),)
    s = study(profile, seeds=tuple(range(len(errors))), claims=(VALUE | claim,), numbers=numbers)
    s.finish("a", errors)
    return only(s)


def test_a_value_inside_the_prediction_interval_is_compatible() -> None:
    # 2 ± 3.513103 for a mean of three seeds: see test_statistics.
    v = value()
    assert (v.outcome, v.effect, v.n, v.b, v.margin) == ("supported", -3.0, 3, None, None)
    assert (v.low, v.high) == pytest.approx((-6.513103, 0.513103), abs=1e-5)
    assert v.p_contradict == v.adjusted_contradict == pytest.approx(0.066743, abs=1e-6)
    assert v.sentence == (
        "a 2.00 % here, 5.00 % reported: difference −3.00 points (n = 3 seeds). Compatible: our seeds predict −1.51 to "
        "5.51 % for a mean of 3 seeds (95 % interval, 7.03 points wide). Not rejected is not the same as equal: an "
        "interval this wide leaves room."
    )
    assert v.notes == ("the paper's seeds are taken to scatter as ours do",)
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


# ------------------------------------------------------------------------------------------ the paper's numbers

TABLE_1 = (reported("a", 12.07, 0.47, 3), reported("b", 15.91, 1.55, 3), reported("lasso", 14.81, quoted_from="There"))


def test_what_the_papers_numbers_allow_is_shown() -> None:
    found = verdicts(study("paper", claims=(LESS, QUOTED), numbers=TABLE_1))
    assert [v.paper_p for v in found] == pytest.approx([0.0407, 0.00967], abs=5e-5)
    less = found[0]
    assert less.published_a is not None
    assert less.published_b is not None
    assert (less.published_a.mean, less.published_b.mean, less.published_a.quoted_from) == (12.07, 15.91, None)
    assert found[1].published_b is not None
    assert found[1].published_b.quoted_from == "There"
    # Another data set's numbers say nothing here.
    quick = verdicts(study("quick", claims=(LESS,), numbers=TABLE_1))[0]
    assert (quick.published_a, quick.published_b, quick.paper_p) == (None, None, None)


def test_no_p_value_without_a_spread_of_a() -> None:
    numbers = (reported("a", 12.07), reported("b", 15.91, 1.55, 3))
    assert only(study("paper", numbers=numbers)).paper_p is None
    assert only(study("paper", numbers=numbers[1:])).paper_p is None
    assert only(study("paper", numbers=(reported("a", 12.07, 0.47, 3),))).paper_p is None


# ---------------------------------------------------------------------------------------------- how many seeds


def test_an_inconclusive_verdict_says_how_many_seeds_would_decide() -> None:
    # Differences -2, 1, -2, 1, -0.5: mean -0.5, sd sqrt(9 / 4) = 1.5, a third of a deviation.
    # Guenther's (1981) approximation: (1.6449 + 0.8416)² * 9 + 1.6449² / 2 = 57.0, so 58 pairs.
    v = only(compared((1.0, 4.0, 1.0, 4.0, 2.5), (3.0, 3.0, 3.0, 3.0, 3.0)))
    assert (v.outcome, v.effect, v.sd) == ("inconclusive", -0.5, 1.5)
    assert v.seeds_needed is not None
    assert v.seeds_needed.seeds == 58
    assert f"58 seeds in all would decide it with 80 % chance (roughly {v.seeds_needed.fewest} to " in v.sentence
    assert v.detectable == pytest.approx(1.3594 * 1.5, abs=1e-3)


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


# ------------------------------------------------------------------------------------------------ whole evaluation


def evaluation(s: Study) -> Evaluation:
    return evaluate(s.scaled, s.runs, s.records)


def test_summaries() -> None:
    s = compared()
    s.put(finished(s.run("a", 0), 1.0, validation=7.0, train=2.0))
    e = evaluation(s)
    assert [(m.model_id, m.data_id) for m in e.models] == [("a", "digits"), ("b", "digits")]
    a = e.models[0]
    assert (a.n, a.n_planned, a.mean, a.sd, a.minimum, a.maximum) == (3, 3, 2.0, 1.0, 1.0, 3.0)
    assert (a.low, a.high) == pytest.approx((2 - 2.484138, 2 + 2.484138), abs=1e-5)
    assert a.validation_mean == pytest.approx((7 + 20 + 20) / 3)
    assert a.train_mean == pytest.approx((2 + 5 + 5) / 3)
    # Width gamma * S * C = 2 * 4 * 8.
    assert (a.lr, a.S, a.C, a.depth, a.width, a.connections) == (0.01, 4, 8, 1, 64, 2048)
    # 16*8+8; 4*8+8 + 8*4+4; 8*16+16 + 16*8+8; norms 3 * 16; head 8*10+10.
    assert a.parameters == 136 + 40 + 36 + 144 + 136 + 48 + 90
    assert a.errors == {0: 1.0, 1: 2.0, 2: 3.0}
    assert a.run_ids == tuple(s.run("a", seed).run_id for seed in range(3))
    assert (e.spec_id, e.profile, e.planned, e.finished, e.failed) == ("small", "quick", 6, 6, 0)
    assert e.scope == "Digits only: no evidence about CIFAR."
    assert e.outcomes() == {"supported": 1}
    assert e.notes == ()


def test_summary_of_one_and_of_no_run() -> None:
    s = three()
    s.finish("a", (4.0,))
    a, b = evaluation(s).models
    assert (a.n, a.mean, a.sd, a.low, a.high, a.minimum, a.maximum) == (1, 4.0, None, None, None, 4.0, 4.0)
    assert (b.n, b.mean, b.minimum, b.maximum, b.validation_mean, b.train_mean) == (0, None, None, None, None, None)


def test_summary_of_two_runs() -> None:
    s = three()
    s.finish("a", (4.0, 6.0))
    a = evaluation(s).models[0]
    # sd sqrt 2, half width 12.7062 * sqrt 2 / sqrt 2.
    assert (a.n, a.mean, a.sd) == (2, 5.0, pytest.approx(math.sqrt(2)))
    assert (a.low, a.high) == pytest.approx((5 - 12.7062, 5 + 12.7062), abs=1e-4)


def test_summary_without_validation_images() -> None:
    s = three()
    s.finish("a", A, validation=None)
    assert evaluation(s).models[0].validation_mean is None
    # A mean over some of the seeds would be a mean of something else.
    s.put(finished(s.run("a", 0), 1.0, validation=3.0))
    assert evaluation(s).models[0].validation_mean is None


def test_failures_are_counted_and_named() -> None:
    s = three()
    s.finish("a", A)
    s.put(failed(s.run("b", 0), "out-of-memory", message="no room"))
    e = evaluation(s)
    assert (e.finished, e.failed, e.planned) == (3, 1, 6)
    assert e.models[1].failures == ("b · digits · lr 0.01 · seed 0 failed after epoch 1: out-of-memory (no room)",)
    assert e.notes == ("1 of 6 runs failed", "2 of 6 runs have not finished")
    s.finish("b", {1: 1.0, 2: 2.0})
    assert evaluation(s).notes == ("1 of 6 runs failed",)


def test_a_run_listed_twice_counts_once() -> None:
    s = compared()
    s.runs = [*s.runs, *s.runs]
    v = only(s)
    assert (v.n, v.n_planned, v.p_support) == (3, 3, pytest.approx(P))


def test_records_of_other_settings_have_no_influence() -> None:
    s = compared()
    other = study(seeds=(0, 1, 2), epochs=3)
    other.finish("a", (90.0, 91.0, 95.0))
    before = evaluation(s)
    s.records |= other.records
    after = evaluation(s)
    assert after.verdicts == before.verdicts
    assert after.notes == ("3 records of this profile are of settings the spec no longer asks for; they are not used",)
    elsewhere = {k: r.model_copy(update={"profile": "fast"}) for k, r in other.records.items()}
    assert evaluate(s.scaled, s.runs, before_records(s, other) | elsewhere).notes == ()


def before_records(s: Study, other: Study) -> dict[str, Any]:
    return {key: record for key, record in s.records.items() if key not in other.records}


def test_results_of_further_seeds_are_pointed_out() -> None:
    s = compared()
    more = study(seeds=(0, 1, 2, 3, 4))
    more.finish("a", {3: 1.0, 4: 2.0})
    more.finish("b", {3: 1.0})
    s.records |= more.records
    assert evaluation(s).notes == ("there are results of 2 further seeds, which are not used; --seeds 5 asks for them",)


def test_seeds_other_than_the_specs_are_marked() -> None:
    s = compared()
    scaled = with_seed_count(s.scaled, 5)
    from pkbench.plan.run import expand
    from tests.claims.factory import CHECKSUM

    runs = list(expand(scaled, {"digits": CHECKSUM}))
    e = evaluate(scaled, runs, s.records)
    assert e.notes[-1] == (
        "5 seeds were asked for, the spec has 3: if that was decided after seeing results, the p values are too small"
    )
    assert e.verdicts[0].n_planned == 5
    assert e.verdicts[0].outcome == "inconclusive"


def test_mixed_circumstances_are_noted() -> None:
    s = three()
    s.finish("a", A)
    s.finish("b", B, device="A GPU", commit="1" * 40, dirty=True, torch="2.12.0")
    e = evaluation(s)
    assert e.notes == (
        "runs were computed with different hardware: A GPU; A processor",
        "runs were computed with different code: pkbench 0.1.0, commit 000000000000; "
        "pkbench 0.1.0, commit 111111111111, with uncommitted changes",
        "runs were computed with different PyTorch versions: 2.11.0; 2.12.0",
        "3 of 6 runs were computed with uncommitted changes to the code",
    )
    assert e.verdicts[0].notes == ("a ran on A processor, b on A GPU: part of a difference could be the hardware's",)


def test_hardware_is_compared_where_both_sides_have_run() -> None:
    for model in ("a", "b"):
        s = three()
        s.finish(model, A)
        assert only(s).notes == ()


def test_the_order_in_which_hardware_was_used_does_not_matter() -> None:
    s = three()
    for model, first, second in (("a", "B GPU", "A GPU"), ("b", "A GPU", "B GPU")):
        s.finish(model, {0: 1.0 if model == "a" else 7.0, 1: 2.0}, device=first)
        s.finish(model, {2: 3.0}, device=second)
    assert only(s).notes == ()


def test_unknown_commits_are_noted() -> None:
    s = three()
    s.finish("a", A, commit=None, dirty=None)
    assert evaluation(s).notes[-1] == "the commit of the code is not known for 3 of 3 runs"


def test_the_same_mixture_of_hardware_on_both_sides_is_no_warning_about_the_difference() -> None:
    s = three()
    for model, errors in (("a", A), ("b", B)):
        s.finish(model, errors[:2])
        s.finish(model, {2: errors[2]}, device="A GPU")
    assert only(s).notes == ()


def test_missing_data_is_nothing_run() -> None:
    s = compared()
    s.runs = [dataclasses.replace(run, run_id=None) for run in s.runs]
    assert only(s).n == 0


# ------------------------------------------------------------------------------------------------------ properties

few = settings(max_examples=40, deadline=None)
error = st.integers(1, 359).map(lambda wrong: 100 * wrong / 360)
pairs = st.lists(st.tuples(error, error), min_size=3, max_size=6)


def outcome(a: Any, b: Any, **claim: Any) -> str:
    return only(compared(a, b, claims=(LESS | claim,))).outcome


@few
@given(pairs, st.randoms())
def test_the_order_of_seeds_does_not_matter(values: list[tuple[float, float]], random: Any) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)
    one, other = (only(compared([a for a, _ in v], [b for _, b in v])) for v in (values, shuffled))
    assert one.outcome == other.outcome
    assert one.p_support == pytest.approx(other.p_support)


@few
@given(pairs, st.floats(0.0, 50.0))
def test_only_differences_matter(values: list[tuple[float, float]], shift: float) -> None:
    a, b = [x for x, _ in values], [y for _, y in values]
    one = only(compared(a, b))
    other = only(compared([x + shift for x in a], [y + shift for y in b]))
    assert other.effect == pytest.approx(one.effect, abs=1e-9)
    assert other.p_support == pytest.approx(one.p_support, abs=1e-6)
    assume(one.p_support is not None and abs(one.p_support - 0.05) > 1e-6 and abs(one.p_support - 0.95) > 1e-6)
    assert other.outcome == one.outcome


@few
@given(pairs)
def test_exchanging_the_models_mirrors_the_verdict(values: list[tuple[float, float]]) -> None:
    mirror = {"supported": "contradicted", "contradicted": "supported", "inconclusive": "inconclusive"}
    a, b = [x for x, _ in values], [y for _, y in values]
    one, other = only(compared(a, b)), only(compared(b, a))
    assert other.outcome == mirror[one.outcome]
    assert other.p_contradict == pytest.approx(one.p_support)


@few
@given(pairs, st.floats(0, 3), st.floats(0, 3))
def test_a_larger_margin_never_helps(values: list[tuple[float, float]], x: float, y: float) -> None:
    a, b = [p for p, _ in values], [q for _, q in values]
    order = {"contradicted": 0, "inconclusive": 1, "supported": 2}
    assert order[outcome(a, b, margin=max(x, y))] <= order[outcome(a, b, margin=min(x, y))]


@few
@given(pairs, st.floats(0.001, 0.49), st.floats(0.001, 0.49))
def test_a_larger_alpha_never_undoes_a_verdict(values: list[tuple[float, float]], x: float, y: float) -> None:
    a, b = [p for p, _ in values], [q for _, q in values]
    strict, lenient = outcome(a, b, alpha=min(x, y)), outcome(a, b, alpha=max(x, y))
    assert strict in (lenient, "inconclusive")


@few
@given(pairs)
def test_undecided_verdicts_ask_for_more_seeds_than_there_are(values: list[tuple[float, float]]) -> None:
    v = only(compared([a for a, _ in values], [b for _, b in values]))
    assume(v.outcome == "inconclusive" and v.seeds_needed is not None)
    assert v.seeds_needed is not None
    assert v.seeds_needed.seeds is None or v.seeds_needed.seeds > v.n
