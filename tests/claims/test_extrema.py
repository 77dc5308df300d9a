"""Golden cases of claims about the place of an extremum, from records to verdicts."""

import math

import pytest

from pkbench.claims.power import detectable, seeds_needed
from tests.claims.curves import (
    LOWEST,
    P12,
    SIZES,
    VALLEY,
    curves,
    judged,
    verdict,
)
from tests.claims.factory import study, swept


def test_a_minimum_by_hand() -> None:
    v = judged(LOWEST, VALLEY)
    assert (v.outcome, v.compared, v.effect, v.sd) == ("supported", ("a-c16", "a-c8"), -2.0, 1.0)
    assert v.p_support == pytest.approx(P12)
    # Against: two members could be below it: twice the smaller p value, which is near 1.
    assert v.p_contradict == 1.0
    assert v.spot is not None
    # Either of the first two may be the lowest: .0371 > .05 / 2.
    assert (v.spot.what, v.spot.x, v.spot.low, v.spot.high) == ("lowest", 16, 8, 16)
    assert v.sentence == (
        "a is lowest at C = 16; at 95 % it may be anywhere from 8 to 16. Best within a factor of 1 of C = 16 is a-c16, "
        "best elsewhere a-c8: difference −2.00 points (95 % interval −4.48 to +0.48, n = 3 seeds; both were chosen by "
        "these seeds, which the p values account for and the interval does not). "
        "Supported: p = 0.0371 (one-sided, Holm over 1)."
    )


def test_a_minimum_elsewhere_contradicts() -> None:
    # Near 32: the lowest of the two others is below it in 4, 4, 5 and 3, 2, 2. Against: 2 * .00293.
    v = judged(LOWEST | {"target": 32.0}, VALLEY)
    assert (v.outcome, v.compared, v.effect) == ("contradicted", ("a-c32", "a-c16"), pytest.approx(13 / 3))
    assert v.p_contradict == pytest.approx(2 * (0.5 - 13 / (2 * math.sqrt(171))))


def test_near_is_within_a_factor() -> None:
    assert judged(LOWEST | {"target": 12.0, "within": 4 / 3}, VALLEY).outcome == "supported"
    everything = judged(LOWEST | {"within": 2.0}, VALLEY)
    assert everything.sentence.endswith("No decision: every member of a has C near 16: there is nothing to compare.")
    nothing = judged(LOWEST | {"target": 1000.0}, VALLEY)
    assert nothing.sentence == "No decision: no member of a has C near 1000: there is nothing to compare."
    assert (nothing.outcome, nothing.p_support) == ("inconclusive", None)


def test_a_maximum_is_a_minimum_turned_around() -> None:
    hill = [[20.0 - value for value in errors] for errors in VALLEY]
    v, w = judged(LOWEST, VALLEY), judged(LOWEST | {"kind": "maximum-near"}, hill)
    assert (w.outcome, w.compared, w.p_support, w.p_contradict) == (v.outcome, v.compared, v.p_support, v.p_contradict)
    assert (w.effect, w.sd) == (2.0, v.sd)
    assert (w.low, w.high) == pytest.approx((-0.484138, 4.484138), abs=1e-5)
    assert w.spot is not None
    assert (w.spot.what, w.spot.x, w.spot.low, w.spot.high) == ("highest", 16, 8, 16)
    assert w.sentence.startswith("a is highest at C = 16; at 95 % it may be anywhere from 8 to 16. Best within")
    assert judged(LOWEST | {"kind": "maximum-near", "target": 32.0}, hill).outcome == "contradicted"


def test_the_only_member_left() -> None:
    # The middle lower by 5, 5, 5.1: t = 151.
    v = judged(LOWEST, ((9.0, 9.0, 9.1), (4.0, 4.0, 4.0), (9.0, 9.1, 9.0)))
    assert "a is lowest at C = 16, the only member left at 95 %. Best" in v.sentence
    assert v.spot is not None
    assert (v.spot.low, v.spot.high) == (16, 16)


def test_the_best_by_less_than_an_image_is_not_known() -> None:
    # The middle lower by .1, .2, .2 and much: an image of 400 is .25 points.
    close = ((4.1, 4.2, 4.2), (4.0, 4.0, 4.0), (9.0, 9.0, 9.1))
    v = judged(LOWEST, close, images=400)
    assert v.p_support is not None
    assert (v.outcome, v.p_support < 0.05) == ("inconclusive", True)
    assert v.sentence.endswith(
        "No decision: the difference lies within one test image of what decides the claim (400 images)."
    )
    assert judged(LOWEST, close, images=4000).outcome == "supported"
    # And so for the opposite.
    assert judged(LOWEST | {"target": 8.0, "within": 1.5}, close, images=400).outcome == "inconclusive"


def test_images_are_those_of_test_errors_alone() -> None:
    close = ((4.1, 4.2, 4.2), (4.0, 4.0, 4.0), (9.0, 9.0, 9.1))
    s = study(seeds=(0, 1, 2), claims=(LOWEST | {"metric": "train_error"},), models={"a": swept(C=SIZES)})
    for size, errors in zip(SIZES, close, strict=True):
        for seed, error in enumerate(errors):
            s.finish(f"a-c{size}", {seed: 50.0}, train=error, images=400)
    assert verdict(s).outcome == "supported"


def test_without_a_number_of_images_there_is_nothing_to_hold_back() -> None:
    close = ((4.1, 4.2, 4.2), (4.0, 4.0, 4.0), (9.0, 9.0, 9.1))
    s = curves(LOWEST, close, images=400)
    for run_id, record in s.records.items():
        s.records[run_id] = record.model_copy(update={"data": None})
    assert verdict(s).outcome == "supported"


def test_chances_of_an_extremum_are_counted_when_seeds_are_planned() -> None:
    # One member near and two far: a distance that speaks against the claim has two chances, one for it one.
    open_ = ((5.0, 5.0, 5.0), (4.0, 6.0, 5.5), (9.0, 9.0, 9.5))
    against = judged(LOWEST, open_)
    in_favour = judged(LOWEST, ((5.0, 5.0, 5.0), (4.0, 6.0, 4.5), (9.0, 9.0, 9.5)))
    assert (against.outcome, in_favour.outcome) == ("inconclusive", "inconclusive")
    # Differences -1, 1, 0.5 and -1, 1, -0.5: deviations from 1/6 are 7/6, 5/6, 1/3, squares 78/36, over 2.
    sd = math.sqrt(78 / 72)
    for v, sign, chances in ((against, 1, 2), (in_favour, -1, 1)):
        assert (v.effect, v.sd) == (pytest.approx(sign / 6), pytest.approx(sd))
        assert v.detectable == pytest.approx(detectable(sd, 3, alpha=0.05 / chances))
        assert v.seeds_needed == seeds_needed(1 / 6, sd, 3, alpha=0.05 / chances)
    # As good near as elsewhere: differences -1, 1, 0.
    tie = judged(LOWEST, ((5.0, 5.0, 5.0), (4.0, 6.0, 5.0), (9.0, 9.0, 9.5)))
    assert (tie.effect, tie.detectable) == (0.0, pytest.approx(detectable(1.0, 3, alpha=0.025)))
