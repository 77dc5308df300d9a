"""Golden cases of claims about crossings, from records to verdicts."""

import math
from collections.abc import Sequence

import pytest

from pkbench.claims.power import detectable, seeds_needed
from pkbench.claims.verdict import Verdict
from tests.claims.curves import (
    ABOVE,
    BELOW,
    CROSSES,
    MIDDLE,
    P12,
    SIZES,
    TEN,
    curves,
    judged,
    verdict,
)
from tests.claims.factory import failed, study, swept


def test_a_crossing_by_hand() -> None:
    s = curves(CROSSES, (ABOVE, MIDDLE, BELOW), (TEN, TEN, TEN))
    v = verdict(s)
    assert (v.outcome, v.n, v.margin, v.boundaries) == ("supported", 3, None, ())
    # Both ends have to be shown: the larger p value counts. Against: twice the smaller.
    assert v.p_support == pytest.approx(P12)
    assert v.p_contradict == 1.0
    assert (v.deciding, v.effect, v.sd) == (0, pytest.approx(2.0), pytest.approx(1.0))
    assert (v.low, v.high) == pytest.approx((-0.484138, 4.484138), abs=1e-5)
    assert v.spot is not None
    # a - b: 2, .5, -13/3 at log2 = 3, 4, 5: .5 / (.5 + 13/3) of the way from 4 to 5.
    assert v.spot.x == pytest.approx(2 ** (4 + 0.5 / (0.5 + 13 / 3)))
    # Of 3 members and 2 sides: .05 / 6 = .00833 is more than .0029 and less than .0371.
    assert (v.spot.what, v.spot.low, v.spot.high) == ("crossing", None, 32)
    assert [(m.x, m.a, m.b, m.effect) for m in v.members] == [
        (8, "a-c8", "b-c8", pytest.approx(2.0)),
        (16, "a-c16", "b-c16", pytest.approx(0.5)),
        (32, "a-c32", "b-c32", pytest.approx(-13 / 3)),
    ]
    assert v.members[0].low == pytest.approx(-0.484138, abs=1e-5)
    assert len(v.runs_a) == len(v.runs_b) == 9
    assert v.sentence == (
        "a − b: +2.00 points at C = 8, −4.33 points at C = 32 (n = 3 seeds; claimed: above +0.00 first, below +0.00 last); "
        "the means cross at C = 17.2, at 95 % between the smallest tried and 32. "
        "Supported: p = 0.0371 (one-sided, Holm over 1)."
    )


def test_the_end_that_is_harder_to_show_decides() -> None:
    # First by 5, 5, 5.1, last by 1, 2, 3 below.
    v = judged(CROSSES, ((15.0, 15.0, 15.1), TEN, (9.0, 8.0, 7.0)), (TEN, TEN, TEN))
    assert (v.deciding, v.effect, v.p_support) == (2, pytest.approx(-2.0), pytest.approx(P12))
    assert v.outcome == "supported"
    assert "at 95 % between 8 and the largest tried or beyond" in v.sentence


def test_one_end_alone_contradicts_a_crossing() -> None:
    # Above all along, at the end by 4, 4, 5: twice .00293.
    v = judged(CROSSES, (ABOVE, MIDDLE, (14.0, 14.0, 15.0)), (TEN, TEN, TEN))
    assert (v.outcome, v.deciding) == ("contradicted", 2)
    assert v.p_contradict == pytest.approx(2 * (0.5 - 13 / (2 * math.sqrt(171))))
    assert "below +0.00 last); the means do not cross. Contradicted: " in v.sentence
    # Below at first by 4, 4, 5.
    first = judged(CROSSES, (BELOW, MIDDLE, BELOW), (TEN, TEN, TEN))
    assert (first.outcome, first.deciding, first.p_contradict) == ("contradicted", 0, pytest.approx(v.p_contradict))


def test_margins_of_a_crossing() -> None:
    # First: 4, 5, 6 above a margin of 3 is 1, 2, 3. Last: 0, 1, 2 is 1, 2, 3 below a margin of 3.
    claim = CROSSES | {"margin_first": 3.0, "margin_last": 3.0}
    v = judged(claim, ((14.0, 15.0, 16.0), TEN, (10.0, 11.0, 12.0)), (TEN, TEN, TEN))
    assert v.p_support == pytest.approx(P12)
    assert v.outcome == "supported"
    # Of two ends as hard as each other it is the first.
    assert (v.deciding, v.effect) == (0, pytest.approx(5.0))
    assert "claimed: above +3.00 first, below +3.00 last" in v.sentence
    assert judged(
        claim | {"margin_last": 0.0}, ((14.0, 15.0, 16.0), TEN, (10.0, 11.0, 12.0)), (TEN, TEN, TEN)
    ).outcome == ("inconclusive")


ROWS = ((10.0, 10.0, 10.0), (30.0, 30.0, 30.0), (50.0, 50.0, 50.0))


def against(*differences: Sequence[float], **claim: float) -> Verdict:
    """A crossing of curves with these differences, where b is another at each place."""
    a = [[y + d for y, d in zip(row, effect, strict=True)] for row, effect in zip(ROWS, differences, strict=True)]
    return judged(CROSSES | claim, a, ROWS)


def test_each_end_has_its_own_margin_and_its_own_members() -> None:
    # First: 4, 5, 6 above 3; last: far below.
    v = against((4.0, 5.0, 6.0), (0.0, 0.0, 0.0), (-9.0, -9.0, -9.1), margin_first=3.0, margin_last=1.0)
    assert (v.p_support, v.deciding, v.effect) == (pytest.approx(P12), 0, pytest.approx(5.0))
    # First: far above; last: -1, 0, 1 below 2 by 3, 2, 1.
    v = against((9.0, 9.0, 9.1), (0.0, 0.0, 0.0), (-1.0, 0.0, 1.0), margin_first=1.0, margin_last=2.0)
    assert (v.p_support, v.deciding, v.effect) == (pytest.approx(P12), 2, pytest.approx(0.0))


def test_seeds_for_a_crossing_are_those_of_the_end_that_decides() -> None:
    def planned(v: Verdict, distance: float, sd: float, chances: int) -> None:
        assert v.outcome == "inconclusive"
        assert v.sd == pytest.approx(sd)
        assert v.detectable == pytest.approx(detectable(sd, 3, alpha=0.05 / chances))
        assert v.seeds_needed == seeds_needed(distance, sd, 3, alpha=0.05 / chances)

    clear = (-9.0, -9.0, -9.1)
    # Above the margin of 3 by 0, 1, 2: a distance of 1 where the claim holds, and one chance.
    planned(against((3.0, 4.0, 5.0), ROWS[0], clear, margin_first=3.0, margin_last=1.0), -1.0, 1.0, 1)
    # Above it by -2, -1, 0.
    planned(against((1.0, 2.0, 3.0), ROWS[0], clear, margin_first=3.0, margin_last=1.0), 1.0, 1.0, 2)
    # At the other end below 2 by 0, 1, 2, and by -2, -1, 0.
    first = (9.0, 9.0, 9.1)
    planned(against(first, ROWS[0], (2.0, 1.0, 0.0), margin_first=1.0, margin_last=2.0), -1.0, 1.0, 1)
    planned(against(first, ROWS[0], (4.0, 3.0, 2.0), margin_first=1.0, margin_last=2.0), 1.0, 1.0, 2)


def test_failures_of_both_sides_of_a_crossing_are_told() -> None:
    s = curves(CROSSES, (ABOVE, MIDDLE, BELOW), (TEN, TEN, TEN))
    for model in ("a-c16", "b-c32"):
        s.put(failed(s.run(model, 1)))
    v = verdict(s)
    assert [note.split(" ")[0] for note in v.notes] == ["a-c16", "b-c32"]
    assert (v.n, v.n_planned) == (2, 3)


def test_a_single_model_stands_beside_every_member() -> None:
    s = curves(CROSSES, (ABOVE, MIDDLE, BELOW), (TEN,))
    v = verdict(s)
    assert (v.outcome, [m.b for m in v.members]) == ("supported", ["b"] * 3)
    assert (len(v.runs_a), len(v.runs_b)) == (9, 3)


def test_ends_within_an_image_decide_nothing() -> None:
    # 1000 images of .1 points each; the easier end is -.05 at every seed but one, and clear.
    near = (9.95, 9.95, 9.951)
    v = judged(CROSSES, ((13.0, 14.0, 15.0), TEN, near), (TEN, TEN, TEN), images=1000)
    assert v.p_support is not None
    assert (v.outcome, v.deciding, v.p_support < 0.05) == ("inconclusive", 0, True)
    assert "within one test image" in v.sentence
    assert judged(CROSSES, ((13.0, 14.0, 15.0), TEN, near), (TEN, TEN, TEN), images=10_000).outcome == "supported"
    # Against: only the end that decides has to be further away.
    above = (10.05, 10.05, 10.051)
    v = judged(CROSSES, ((13.0, 14.0, 15.0), TEN, above), (TEN, TEN, TEN), images=1000)
    assert (v.outcome, v.deciding) == ("inconclusive", 2)
    assert "within one test image" in v.sentence
    v = judged(CROSSES, (above, TEN, (13.0, 13.1, 13.0)), (TEN, TEN, TEN), images=1000)
    assert (v.outcome, v.deciding) == ("contradicted", 2)
    v = judged(CROSSES, ((6.0, 6.0, 5.0), TEN, near), (TEN, TEN, TEN), images=1000)
    assert (v.outcome, v.deciding) == ("contradicted", 0)


def test_where_p_is_exactly_alpha_both_ends_have_to_be_visible() -> None:
    rows = ((13.0, 14.0, 16.0), TEN, (9.95, 9.95, 9.951))
    p = judged(CROSSES, rows, (TEN, TEN, TEN), images=10_000).p_support
    exact = CROSSES | {"alpha": p}
    assert judged(exact, rows, (TEN, TEN, TEN), images=10_000).outcome == "supported"
    assert judged(exact, rows, (TEN, TEN, TEN), images=1000).outcome == "inconclusive"


def test_a_crossing_without_spread_at_an_end() -> None:
    v = judged(CROSSES, ((12.0, 12.0, 12.0), MIDDLE, BELOW), (TEN, TEN, TEN))
    assert (v.outcome, v.low, v.deciding) == ("inconclusive", None, 0)
    assert "what is compared is the same for every seed" in v.sentence


def test_a_crossing_at_unequal_connections() -> None:
    claim = CROSSES | {"equal_connections_within": 0.01}
    assert judged(claim, (ABOVE, MIDDLE, BELOW), (TEN, TEN, TEN)).outcome == "supported"
    s = study(
        seeds=(0, 1, 2),
        claims=(claim | {"equal_connections_within": 0.1953125},),
        models={"a": swept(C=(9, 8)), "b": {"C": 9, "mixing": "random", "rp_placement": "layer"}},
    )
    # 2048 and 2448 are .1953125 apart: as far as they may be.
    for model, errors in (("a-c8", ABOVE), ("a-c9", BELOW), ("b", TEN)):
        s.finish(model, errors)
    assert verdict(s).outcome == "supported"
    # b has C = 9 throughout: at C = 8 they are 2048 and 2448; at C = 32: 16 * 32 * 36 + 64 * 32 = 20480.
    v = judged(claim, (ABOVE, MIDDLE, BELOW), (TEN,))
    assert v.outcome == "inconclusive"
    assert "equal within 0.01 of each other, but members are up to 736.60 % apart" in v.sentence


def test_nothing_of_a_crossing_run_yet() -> None:
    s = study(seeds=(0, 1, 2), claims=(CROSSES,), models={"a": swept(C=SIZES), "b": {"C": 9}})
    v = verdict(s)
    assert (v.outcome, v.spot, v.deciding, len(v.members)) == ("inconclusive", None, None, 3)
    assert v.sentence.startswith("No decision: 3 of 3 curves of seeds are missing;")


def test_a_crossing_needs_the_seeds_of_both_sides() -> None:
    s = curves(CROSSES, (ABOVE, MIDDLE, BELOW), (TEN, TEN, TEN))
    del s.records[s.run("b-c16", 0).run_id or ""]
    v = verdict(s)
    assert (v.n, v.outcome) == (2, "inconclusive")
    assert "1 of 3 curves of seeds is missing" in v.sentence
