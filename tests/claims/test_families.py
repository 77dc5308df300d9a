"""Golden cases of claims between families, member by member, and of claims about comparisons."""

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkbench.claims.assess_pair import matched_samples
from pkbench.claims.bootstrap import bca_interval
from pkbench.claims.evaluate import evaluate
from pkbench.claims.power import detectable, seeds_needed
from pkbench.claims.verdict import Verdict
from tests.claims.factory import COMPARE, LESS, Study, curve, failed, study, swept

P12 = 0.5 - math.sqrt(12) / (2 * math.sqrt(14))
"""p of three values -1, -2, -3: see test_statistics."""
P169 = 0.5 - 13 / (2 * math.sqrt(171))
"""p of -4, -4, -5: mean -13/3, sd 1/sqrt 3, t = -13."""
FAMILIES = LESS | {"x": "C"}
RANDOM = {"mixing": "random", "rp_placement": "layer"}
Table = Sequence[Sequence[float]]


def verdict(s: Study) -> Verdict:
    (found,) = evaluate(s.scaled, s.runs, s.records, s.comparisons).verdicts
    return found


def families(claim: dict[str, Any], a: Table, b: Table, *, images: int = 10_000, **changes: Any) -> Study:
    """Families of as many members as there are rows; a single model where there is one."""
    sizes = (8, 16, 32)[: max(len(a), len(b))]
    tables = {"a": a, "b": b}
    models = {name: {"C": 12} if len(rows) == 1 else swept(C=sizes) for name, rows in tables.items()}
    models["b"] |= RANDOM
    s = study(seeds=tuple(range(len(a[0]))), claims=(claim,), models=models, **changes)
    for name, rows in tables.items():
        for model, errors in zip(s.scaled.families[name], rows, strict=True):
            s.finish(model, errors, images=images)
    return s


def judged(claim: dict[str, Any], a: Table, b: Table, **more: Any) -> Verdict:
    return verdict(families(claim, a, b, **more))


TEN = (10.0, 10.0, 10.0)
# Below ten by 1, 2, 3 and by 4, 4, 5.
LOW, LOWER = (9.0, 8.0, 7.0), (6.0, 6.0, 5.0)


def test_every_member_by_hand() -> None:
    v = judged(FAMILIES, (LOWER, LOW), (TEN, TEN))
    # The larger p value counts; against, twice the smaller.
    assert (v.outcome, v.deciding, v.n) == ("supported", 1, 3)
    assert (v.p_support, v.p_contradict) == (pytest.approx(P12), 1.0)
    assert (v.effect, v.sd) == (pytest.approx(-2.0), pytest.approx(1.0))
    assert [(m.x, m.a, m.b, m.effect) for m in v.members] == [
        (8, "a-c8", "b-c8", pytest.approx(-13 / 3)),
        (16, "a-c16", "b-c16", pytest.approx(-2.0)),
    ]
    first = v.members[0]
    assert (first.of_a.mean, first.of_b and first.of_b.mean) == (pytest.approx(17 / 3), 10.0)
    assert (v.members[1].low, v.members[1].high) == pytest.approx((-4.484138, 0.484138), abs=1e-5)
    # Nothing that only two single models have.
    assert (v.mean_a, v.mean_b, v.unpaired_p_support, v.bootstrap_low, v.connections_a) == (None,) * 5
    assert (len(v.runs_a), len(v.runs_b), v.x, v.effect_size) == (6, 6, "C", None)
    assert v.sentence == (
        "a against b at 2 places: the mean difference is as claimed at 2. Furthest from shown at C = 16: −2.00 points "
        "(95 % interval −4.48 to +0.48, n = 3 seeds, claimed: below +0.00). Supported: p = 0.0371 (one-sided, Holm over 1)."
    )


def test_one_member_that_does_not_hold_is_enough_against() -> None:
    high = (14.0, 14.0, 15.0)
    v = judged(FAMILIES, (LOWER, high, LOW), (TEN, TEN, TEN))
    assert (v.outcome, v.deciding) == ("contradicted", 1)
    assert v.p_contradict == pytest.approx(3 * P169)
    assert "the mean difference is as claimed at 2. Furthest from shown at C = 16" in v.sentence
    # By 1, 2, 3 it is not: 3 * .0371.
    v = judged(FAMILIES, (LOWER, (11.0, 12.0, 13.0), LOW), (TEN, TEN, TEN))
    assert (v.outcome, v.p_contradict) == ("inconclusive", pytest.approx(3 * P12))
    assert v.detectable == pytest.approx(detectable(1.0, 3, alpha=0.05 / 3))


def test_the_first_member_can_be_the_one_that_decides() -> None:
    # Above ten by half a point, at ten, and below it: on the boundary the difference is not as claimed.
    v = judged(FAMILIES, ((10.4, 10.5, 10.6), (9.0, 10.0, 11.0), LOWER), (TEN, TEN, TEN))
    assert v.deciding == 0
    assert v.sentence.startswith(
        "a against b at 3 places: the mean difference is as claimed at 1. Furthest from shown at C = 8: +0.50 points ("
    )


@pytest.mark.parametrize("differences", [(-1.0, 0.0, 1.0), (-0.5, 0.5, 1.5)])
def test_seeds_for_a_claim_that_seems_not_to_hold_have_a_chance_at_every_member(differences: Sequence[float]) -> None:
    # On the boundary and half a point beyond it.
    v = judged(FAMILIES, (LOWER, [10.0 + difference for difference in differences]), (TEN, TEN))
    assert (v.deciding, v.sd) == (1, pytest.approx(1.0))
    assert v.detectable == pytest.approx(detectable(1.0, 3, alpha=0.025))


def test_seeds_for_a_claim_that_seems_to_hold_have_one_chance() -> None:
    # Below by 1, 2, 4 at one of the places: p = .054.
    v = judged(FAMILIES, (LOWER, (9.0, 8.0, 6.0)), (TEN, TEN))
    assert (v.outcome, v.p_support and v.p_support > 0.05) == ("inconclusive", True)
    assert v.detectable == pytest.approx(detectable(v.sd or 0, 3, alpha=0.05))


def test_families_within_a_margin() -> None:
    close = ((10.0, 10.1, 9.9), (10.0, 10.2, 10.1))
    same = FAMILIES | {"kind": "equivalent", "margin": 1.0}
    v = judged(same, close, (TEN, TEN))
    # Differences 0, .1, -.1 and 0, .2, .1 less 1: the second is harder: mean -.9, sd .1, t² = 243.
    assert v.p_support == pytest.approx(0.5 - math.sqrt(243) / (2 * math.sqrt(245)))
    assert (v.outcome, v.deciding) == ("supported", 1)
    assert "claimed: between −1.00 and +1.00" in v.sentence
    worse = FAMILIES | {"kind": "non-inferior", "margin": 1.0}
    assert judged(worse, close, (TEN, TEN)).outcome == "supported"
    assert judged(same, (close[0], LOWER), (TEN, TEN)).outcome == "contradicted"
    assert judged(worse, (close[0], LOWER), (TEN, TEN)).outcome == "supported"


@pytest.mark.parametrize("side", ["a", "b"])
def test_a_single_model_stands_beside_every_member(side: str) -> None:
    if side == "a":
        v = judged(FAMILIES, (LOW,), (TEN, (11.0, 11.1, 11.0)))
        assert ([m.a for m in v.members], [m.b for m in v.members]) == (["a", "a"], ["b-c8", "b-c16"])
    else:
        v = judged(FAMILIES, (LOWER, LOW), (TEN,))
        assert ([m.a for m in v.members], [m.b for m in v.members]) == (["a-c8", "a-c16"], ["b", "b"])
    # x is the family's: the single model has C = 12.
    assert [m.x for m in v.members] == [8, 16]
    assert v.outcome == "supported"


def test_matched_samples_are_one_with_one_or_all_with_one() -> None:
    one: Any = ["p"]
    two: Any = ["q", "r"]
    assert matched_samples(two, two) == [("q", "q"), ("r", "r")]
    assert matched_samples(one, two) == [("p", "q"), ("p", "r")]
    assert matched_samples(two, one) == [("q", "p"), ("r", "p")]
    assert matched_samples(one, one) == [("p", "p")]
    with pytest.raises(ValueError, match="zip"):
        matched_samples([*two, "s"], two)


def test_where_both_vary_the_place_is_that_of_a() -> None:
    s = study(seeds=(0, 1, 2), claims=(FAMILIES,), models={"a": swept(C=(8, 16)), "b": swept(C=(9, 17))})
    assert [m.x for m in verdict(s).members] == [8, 16]


def test_members_without_a_place_are_named() -> None:
    # The checks of a spec ask for x; here nothing may break.
    v = judged(LESS, (LOWER, LOW), (TEN, TEN))
    assert [m.x for m in v.members] == [None, None]
    assert "Furthest from shown at a-c16: −2.00 points" in v.sentence


def test_a_family_of_one_is_a_single_model() -> None:
    models = {"a": swept(C=(8,)), "b": {"C": 9}}
    s = study(seeds=(0, 1, 2, 3, 4), claims=(FAMILIES | {"equal_connections_within": 0.01},), models=models)
    s.finish("a-c8", (9.0, 8.0, 7.0, 8.0, 8.5))
    s.finish("b", (10.0,) * 5)
    v = verdict(s)
    assert (v.members, v.deciding, v.mean_a) == ((), None, 8.1)
    assert "but a has 2,048 and b has 2,448" in v.sentence


def test_the_bootstrap_is_of_two_single_models() -> None:
    a, b = (9.0, 8.0, 7.0, 8.0, 8.5), (10.0, 10.5, 10.0, 11.0, 10.0)
    v = judged(LESS, (a,), (b,))
    found = bca_interval([x - y for x, y in zip(a, b, strict=True)], alpha=0.05)
    assert found is not None
    assert (v.bootstrap_low, v.bootstrap_high) == found
    assert (v.deciding, v.members) == (None, ())
    assert judged(LESS | {"alpha": 0.2}, (a,), (b,)).bootstrap_low != found[0]
    assert judged(FAMILIES, (a, a), (b, b)).bootstrap_low is None


@pytest.mark.parametrize("side", ["a", "b"])
def test_a_member_without_a_learning_rate_holds_all_back(side: str) -> None:
    models = {"a": swept(C=(8, 16)), "b": swept(C=(8, 16)) | RANDOM}
    s = study(seeds=(0, 1, 2), claims=(FAMILIES,), models=models, rates=(0.01, 0.02))
    for lr in (0.01, 0.02):
        for model, errors in (("a-c8", LOWER), ("a-c16", LOW), ("b-c8", TEN), ("b-c16", TEN)):
            s.finish(model, errors, lr=lr, validation=100 * lr)
    assert verdict(s).outcome == "supported"
    del s.records[s.run(f"{side}-c16", 2, 0.02).run_id or ""]
    assert verdict(s).sentence.startswith(
        f"No decision: {side}-c16: 1 of 6 runs that choose the learning rate are missing; 3 of 3 pairs of seeds are missing;"
    )


def test_a_member_without_spread_holds_all_back() -> None:
    v = judged(FAMILIES, (LOWER, (5.0, 5.0, 5.0)), (TEN, TEN))
    assert (v.outcome, v.deciding) == ("inconclusive", 1)
    assert v.sentence.endswith(
        "No decision: the difference is the same for every seed, so there is no spread to test against."
    )


def test_a_seed_missing_in_one_member_is_out_of_all() -> None:
    s = families(FAMILIES, (LOWER, LOW), (TEN, TEN))
    del s.records[s.run("b-c16", 2).run_id or ""]
    v = verdict(s)
    assert (v.n, v.n_planned, v.outcome) == (2, 3, "inconclusive")
    assert "1 of 3 pairs of seeds is missing; 2 pairs of seeds cannot decide" in v.sentence
    assert v.members[0].of_a.mean == pytest.approx(6.0)


def test_nothing_run_yet() -> None:
    s = study(seeds=(0, 1, 2), claims=(FAMILIES,), models={"a": swept(C=(8, 16)), "b": {"C": 9}})
    v = verdict(s)
    assert (v.outcome, v.effect, len(v.members), v.deciding) == ("inconclusive", None, 2, 0)
    assert v.members[0].effect is None
    assert v.sentence.startswith("No decision: 3 of 3 pairs of seeds are missing;")


def test_connections_of_every_member_count() -> None:
    claim = FAMILIES | {"equal_connections_within": 0.5}
    assert judged(claim, (LOWER, LOW), (TEN, TEN)).outcome == "supported"
    # b has C = 12: 16 * 12 * 16 + 64 * 12 = 3840; a 2048 and 16 * 16 * 20 + 64 * 16 = 6144: 87.5 % and 60 % apart.
    v = judged(claim, (LOWER, LOW), (TEN,))
    assert (v.outcome, v.connections_gap) == ("inconclusive", 0.875)
    assert "but a-c8 has 2,048 and b has 3,840: 87.50 % apart" in v.sentence
    assert "but a-c16 has 6,144 and b has 3,840: 60.00 % apart" in v.sentence
    v = judged(claim | {"equal_connections_within": 0.6}, (LOWER, LOW), (TEN,))
    assert "a-c16 has" not in v.sentence


def test_a_member_within_an_image_holds_the_claim_back_though_another_decides() -> None:
    # At 8 by -.05, -.05, -.051, clear and half an image of 1000; at 16 by 1, 2, 3.
    near = (9.95, 9.95, 9.949)
    v = judged(FAMILIES, (near, LOW), (TEN, TEN), images=1000)
    assert v.p_support == pytest.approx(P12)
    assert (v.outcome, v.deciding) == ("inconclusive", 1)
    assert v.sentence.endswith(
        "No decision: the difference is smaller than one test image (1,000 images, 0.1 points each)."
    )
    assert judged(FAMILIES, (near, LOW), (TEN, TEN), images=10_000).outcome == "supported"
    exact = FAMILIES | {"alpha": v.p_support}
    assert judged(exact, (near, LOW), (TEN, TEN), images=10_000).outcome == "supported"
    assert judged(exact, (near, LOW), (TEN, TEN), images=1000).outcome == "inconclusive"
    # Against the claim the member that decides is far enough.
    assert judged(FAMILIES, (near, (14.0, 14.0, 15.0)), (TEN, TEN), images=1000).outcome == "contradicted"


def test_families_that_are_copies_of_each_other_decide_nothing() -> None:
    models = {"a": swept(C=(8, 16)), "b": swept(C=(8, 16))}
    s = study(seeds=(0, 1, 2), claims=(FAMILIES,), models=models)
    for model, errors in (("a-c8", LOW), ("a-c16", LOWER)):
        s.finish(model, errors)
    v = verdict(s)
    assert (v.outcome, v.n, v.runs_a) == ("inconclusive", 3, v.runs_b)
    assert (v.effect, v.low) == (0.0, None)


# ------------------------------------------------------------------------------------------------------ comparisons

CKA = LESS | {"metric": "cka", "a": "apart", "b": "same"}
APART, SAME = COMPARE | {"id": "apart"}, COMPARE | {"id": "same", "b": "a"}


def compared(claim: dict[str, Any], seeds: int, compares: tuple[dict[str, Any], ...] = (APART, SAME)) -> Study:
    s = study(seeds=tuple(range(seeds)), claims=(claim,), compares=compares)
    for model in ("a", "b"):
        s.finish(model, [5.0] * seeds)
    return s


def test_comparisons_are_samples_by_their_first_seed() -> None:
    s = compared(CKA, 6)
    # a with b at each seed; a with itself in disjoint pairs 0-1, 2-3, 4-5: differences -.1, -.2, -.3.
    s.compare("apart", {0: 0.6, 1: 0.0, 2: 0.5, 3: 0.0, 4: 0.4, 5: 0.0})
    s.compare("same", {0: 0.7, 2: 0.7, 4: 0.7})
    v = verdict(s)
    assert (v.outcome, v.n, v.n_planned, v.metric) == ("supported", 3, 3, "cka")
    assert (v.effect, v.p_support) == (pytest.approx(-0.2), pytest.approx(P12))
    assert (v.mean_a, v.mean_b) == (pytest.approx(0.5), pytest.approx(0.7))
    assert len(v.runs_a) == len(v.runs_b) == 3
    assert set(v.runs_a) | set(v.runs_b) <= set(s.comparisons)
    assert v.sentence.startswith(
        "CKA: apart 0.500, same 0.700: difference −0.200 (95 % interval −0.448 to +0.048, n = 3 pairs)"
    )


def test_a_comparison_with_itself_needs_two_seeds_for_each_pair() -> None:
    found = []
    for names in (("apart", "same"), ("apart", "other")):
        other = COMPARE | {"id": "other", "passes": 2}
        s = compared(CKA | {"a": names[0], "b": names[1]}, 6, (APART, SAME, other))
        s.compare("apart", {0: 0.6, 1: 0.7, 2: 0.6, 3: 0.7, 4: 0.8, 5: 0.9})
        s.compare("same", {0: 0.7, 2: 0.6, 4: 0.85})
        s.compare("other", {0: 0.7, 1: 0.7, 2: 0.6, 3: 0.7, 4: 0.85, 5: 0.9})
        v = verdict(s)
        assert (v.outcome, v.seeds_needed is None) == ("inconclusive", False)
        found.append((v, v.seeds_needed))
    (of_pairs, doubled), (_, single) = found
    assert doubled is not None
    assert single is not None
    # Three differences -0.1, 0, -0.05: the seeds for as many pairs, doubled.
    by_hand = seeds_needed(-0.05, 0.05, 3, alpha=0.05)
    assert by_hand.seeds is not None
    assert doubled == by_hand.times(2)
    assert doubled.seeds == 2 * by_hand.seeds
    assert f"{doubled.seeds} seeds in all" in of_pairs.sentence
    # Six differences of two models at one seed each: mean -0.025, and no doubling.
    deviation = (sum((d + 0.025) ** 2 for d in (-0.1, 0, 0, 0, -0.05, 0)) / 5) ** 0.5
    assert single == seeds_needed(-0.025, deviation, 6, alpha=0.05)


def test_a_best_comparison_is_named_with_its_place() -> None:
    family = CKA | {"id": "near", "kind": "maximum-near", "a": "k", "x": "C", "target": 8.0, "within": 1.5}
    del family["b"], family["margin"]
    s = study(
        seeds=(0, 1, 2),
        claims=(family,),
        models={"a": {"C": 9}, "b": swept(C=(8, 16))},
        compares=(COMPARE | {"id": "k"},),
    )
    for model in ("a", "b-c8", "b-c16"):
        s.finish(model, [5.0] * 3)
    s.compare("k-1", {0: 0.6, 1: 0.5, 2: 0.6})
    s.compare("k-2", {0: 0.3, 1: 0.3, 2: 0.3})
    assert "is k-1 (C = 8), best elsewhere k-2 (C = 16): difference" in verdict(s).sentence


def test_seeds_of_a_comparison_with_itself_are_used_once() -> None:
    # Five seeds are two pairs.
    s = compared(CKA, 5)
    s.compare("apart", [0.6, 0.6, 0.5, 0.5, 0.4])
    s.compare("same", {0: 0.7, 2: 0.7})
    v = verdict(s)
    assert (v.n, v.n_planned, v.outcome) == (2, 2, "inconclusive")
    assert "2 pairs of seeds cannot decide" in v.sentence
    assert "missing" not in v.sentence


def test_comparisons_that_are_missing_or_say_nothing() -> None:
    s = compared(CKA, 6)
    s.compare("apart", [0.6, 0.0, 0.5, 0.0, 0.4, 0.0])
    s.compare("same", {0: 0.7, 2: None})
    v = verdict(s)
    assert (v.n, v.n_planned) == (1, 3)
    assert "2 of 3 pairs of seeds are missing" in v.sentence


def test_a_comparison_that_is_none_is_a_quoted_row() -> None:
    v = verdict(compared(CKA | {"b": "nobody"}, 6))
    assert (v.outcome, v.runs_b) == ("not assessed", ())
    assert v.sentence.startswith("Not assessed: nobody is a quoted row")


def test_images_are_no_matter_of_comparisons() -> None:
    s = compared(CKA, 6)
    s.compare("apart", {0: 0.69, 2: 0.68, 4: 0.67})
    s.compare("same", {0: 0.7, 2: 0.7, 4: 0.7})
    assert verdict(s).outcome == "supported"


def test_a_curve_of_comparisons_lies_along_the_family() -> None:
    rises = curve("trend", direction="rises", margin=0.0, metric="cka", a="apart")
    for a, b in (("one", "many"), ("many", "one")):
        s = study(
            seeds=(0, 1, 2),
            claims=(rises,),
            models={"one": {"C": 12}, "many": swept(C=(8, 16))},
            compares=(APART | {"a": a, "b": b},),
        )
        assert s.scaled.compare_families == {"apart": ("apart-1", "apart-2")}
        s.finish("one", (5.0, 5.0, 5.0))
        s.compare("apart-1", [0.5, 0.5, 0.5])
        s.compare("apart-2", [0.6, 0.7, 0.8])
        v = verdict(s)
        assert [(m.a, m.x) for m in v.members] == [("apart-1", 8), ("apart-2", 16)]
        assert (v.effect, v.p_support, v.outcome) == (pytest.approx(0.2), pytest.approx(P12), "supported")


def test_runs_of_both_models_stand_behind_a_comparison() -> None:
    s = compared(CKA, 6)
    s.put(failed(s.run("b", 1)))
    assert verdict(s).notes == ("b · digits · lr 0.01 · seed 1 failed after epoch 1: diverged (loss is nan)",)
    assert verdict(s).sentence.startswith("No decision: 3 of 3 pairs of seeds are missing;")


# ------------------------------------------------------------------------------------------------------- properties

few = settings(max_examples=25, deadline=None)
number = st.integers(1, 9999).map(lambda value: value / 100)
row = st.lists(number, min_size=4, max_size=4)
rows = st.lists(row, min_size=2, max_size=3)
ORDER = {"contradicted": 0, "inconclusive": 1, "supported": 2}


@few
@given(rows, row)
def test_every_supports_nothing_that_a_member_alone_does_not(a: list[list[float]], b: list[float]) -> None:
    found = judged(FAMILIES, a, (b,))
    alone = [judged(LESS, (errors,), (b,)) for errors in a]
    if found.outcome == "supported":
        assert {v.outcome for v in alone} == {"supported"}
    assert (found.p_support or 0) >= max(v.p_support or 0 for v in alone) - 1e-12
    assert (found.p_contradict or 0) <= len(a) * min(v.p_contradict or 0 for v in alone) + 1e-12


@few
@given(rows, row, st.data())
def test_the_order_of_seeds_and_members_does_not_matter(
    a: list[list[float]], b: list[float], data: st.DataObject
) -> None:
    seeds = data.draw(st.permutations(range(4)))
    places = data.draw(st.permutations(range(len(a))))
    one = judged(FAMILIES, a, (b,))
    other = judged(FAMILIES, [[a[i][k] for k in seeds] for i in places], ([b[k] for k in seeds],))
    assert other.p_support == pytest.approx(one.p_support, rel=1e-6, abs=1e-12)
    assert other.p_contradict == pytest.approx(one.p_contradict, rel=1e-6, abs=1e-12)
    assert other.outcome == one.outcome


@few
@given(rows, row)
def test_exchanging_a_single_pair_of_families_exchanges_the_verdict(a: list[list[float]], b: list[float]) -> None:
    # At every member alone: swapped and without a margin what was against is for.
    for errors in a:
        one, other = judged(LESS, (errors,), (b,)), judged(LESS, (b,), (errors,))
        assert (one.p_support, one.p_contradict) == pytest.approx((other.p_contradict, other.p_support))


@few
@given(rows, row, st.floats(0, 20), st.floats(0, 20))
def test_a_larger_margin_never_helps(a: list[list[float]], b: list[float], x: float, y: float) -> None:
    small, large = (judged(FAMILIES | {"margin": margin}, a, (b,)).outcome for margin in sorted((x, y)))
    assert ORDER[large] <= ORDER[small]


@few
@given(rows, row, st.floats(0.001, 0.49), st.floats(0.001, 0.49))
def test_a_larger_alpha_never_undoes_a_verdict(a: list[list[float]], b: list[float], x: float, y: float) -> None:
    strict, lenient = (judged(FAMILIES | {"alpha": alpha}, a, (b,)).outcome for alpha in sorted((x, y)))
    assert strict in (lenient, "inconclusive")
