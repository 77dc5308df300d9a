"""Golden cases of claims about trends, from records to verdicts."""

import math

import pytest

from tests.claims.curves import (
    ABOVE,
    BELOW,
    CROSSES,
    FALLING,
    FALLS,
    LOWEST,
    MIDDLE,
    P12,
    SIZES,
    TEN,
    curves,
    judged,
    verdict,
)
from tests.claims.factory import failed, study, swept


def test_a_trend_by_hand() -> None:
    v = judged(FALLS, FALLING)
    assert (v.outcome, v.kind, v.n, v.n_planned, v.x, v.margin) == ("supported", "trend", 3, 3, "C", 0.0)
    assert (v.effect, v.sd) == (pytest.approx(-2.0), pytest.approx(1.0))
    assert (v.p_support, v.p_contradict) == (pytest.approx(P12), pytest.approx(1 - P12))
    assert (v.low, v.high) == pytest.approx((-4.484138, 0.484138), abs=1e-5)
    assert (v.a, v.b, v.boundaries, v.spot, v.compared, v.deciding) == ("a", None, (-0.0,), None, None, None)
    # Of a family no single model's numbers are the verdict's.
    assert (v.mean_a, v.mean_b, v.lr_a, v.connections_a, v.effect_size) == (None, None, None, None, None)
    assert (v.unpaired_p_support, v.bootstrap_low, v.published_a, v.connections_gap) == (None, None, None, None)
    assert v.notes == ()
    assert v.sentence == (
        "a: 10.00 % at C = 8, 6.00 % at C = 32; a straight line has a slope of −2.00 points for each doubling of C over "
        "3 members (95 % interval −4.48 to +0.48, n = 3 seeds, claimed: below +0.00). "
        "Supported: p = 0.0371 (one-sided, Holm over 1)."
    )


def test_members_and_runs_behind_a_trend() -> None:
    s = curves(FALLS, FALLING)
    v = verdict(s)
    assert [(m.a, m.b, m.x, m.of_a.mean, m.of_a.n, m.of_b, m.effect) for m in v.members] == [
        ("a-c8", None, 8.0, 10.0, 3, None, None),
        ("a-c16", None, 16.0, pytest.approx(25 / 3), 3, None, None),
        ("a-c32", None, 32.0, 6.0, 3, None, None),
    ]
    assert v.runs_a == tuple(s.run(f"a-c{size}", seed).run_id for size in SIZES for seed in range(3))
    assert v.runs_b == ()
    # 8, 6, 4 have mean 6 and sd 2: 6 ± 4.302653 * 2 / sqrt 3.
    assert v.members[2].of_a.low == pytest.approx(6 - 4.968275, abs=1e-5)
    assert v.members[0].of_a.low is None


def test_members_in_falling_order_are_put_right() -> None:
    s = study(seeds=(0, 1, 2), claims=(FALLS,), models={"a": swept(C=(32, 8, 16))})
    for size, errors in zip(SIZES, FALLING, strict=True):
        s.finish(f"a-c{size}", errors)
    v = verdict(s)
    assert [m.x for m in v.members] == [8, 16, 32]
    assert v.p_support == pytest.approx(P12)
    assert v.runs_a[0] == s.run("a-c8", 0).run_id


def test_trends_in_the_other_directions() -> None:
    assert judged(FALLS, FALLING[::-1]).outcome == "contradicted"
    rises = judged(FALLS | {"direction": "rises"}, FALLING[::-1])
    assert (rises.outcome, rises.effect, rises.p_support) == ("supported", pytest.approx(2.0), pytest.approx(P12))
    assert "claimed: above +0.00" in rises.sentence
    flat = judged(FALLS | {"direction": "flat", "margin": 0.5}, ((5.0, 5.0, 5.0), (5.0, 5.1, 4.9), (5.0, 5.2, 5.1)))
    # Slopes 0, .1, .05 less .5: mean -.45, sd .05, t² = 243.
    assert flat.p_support == pytest.approx(0.5 - math.sqrt(243) / (2 * math.sqrt(245)))
    assert flat.outcome == "supported"
    assert "claimed: between −0.50 and +0.50" in flat.sentence
    assert judged(FALLS | {"direction": "flat", "margin": 0.5}, FALLING).outcome == "inconclusive"


def test_a_trend_less_steep_than_claimed() -> None:
    # Slopes -1, -2, -3 against -9: t = 7 sqrt 3, p for the opposite 1/2 - 12.124 / (2 sqrt 149).
    v = judged(FALLS | {"margin": 9.0}, FALLING)
    assert v.p_contradict == pytest.approx(0.5 - math.sqrt(147) / (2 * math.sqrt(149)))
    assert v.outcome == "contradicted"


def test_a_trend_over_part_of_the_range() -> None:
    # From 16 on: slopes -1.5, -2, -3.5.
    part = FALLS | {"x_from": 16.0}
    v = judged(part, FALLING)
    assert (v.effect, len(v.members), len(v.runs_a)) == (pytest.approx(-7 / 3), 2, 6)
    assert judged(FALLS | {"x_to": 16.0}, FALLING).effect == pytest.approx((-0.5 - 2.0 - 2.5) / 3)
    assert judged(FALLS | {"x_from": 8.0, "x_to": 32.0}, FALLING).effect == pytest.approx(-2.0)


def test_members_outside_the_range_need_not_have_run() -> None:
    s = curves(FALLS | {"x_from": 16.0}, FALLING)
    for seed in range(3):
        del s.records[s.run("a-c8", seed).run_id or ""]
    v = verdict(s)
    assert (v.outcome, v.n, len(v.runs_a)) == ("supported", 3, 6)
    assert v.effect == pytest.approx(-7 / 3)


def test_a_range_without_a_lower_end_begins_at_nothing() -> None:
    # C / S = 1/2 and 2.
    sizes = swept(S=(16, 4), C=(8, 8)) | {"first_skip": "layer"}
    s = study(seeds=(0, 1, 2), claims=(FALLS | {"x": "C/S", "x_to": 2.0},), models={"a": sizes})
    for model, errors in zip(s.scaled.families["a"], ((10.0, 10.0, 10.0), (9.0, 8.0, 7.0)), strict=True):
        s.finish(model, errors)
    v = verdict(s)
    assert [m.x for m in v.members] == [0.5, 2.0]
    assert v.effect == pytest.approx(-1.0)


def test_members_at_one_place_outside_the_range_do_no_harm() -> None:
    sizes = swept(S=(4, 4, 8, 16), C=(8, 9, 8, 8)) | {"first_skip": "layer"}
    s = study(seeds=(0, 1, 2), claims=(FALLS | {"x": "S", "x_from": 8.0},), models={"a": sizes})
    for model, errors in zip(s.scaled.families["a"], (TEN, TEN, TEN, (9.0, 8.0, 7.0)), strict=True):
        s.finish(model, errors)
    v = verdict(s)
    assert [m.x for m in v.members] == [8, 16]
    assert (v.effect, v.sd, v.n) == (pytest.approx(-2.0), pytest.approx(1.0), 3)


def test_a_curve_lies_along_what_the_model_alone_says() -> None:
    s = study(
        seeds=(0, 1, 2), claims=(FALLS | {"x": "patch"},), models={"a": swept(patch=(2, 4)) | {"first_skip": "layer"}}
    )
    for model, errors in zip(s.scaled.families["a"], ((10.0, 10.0, 10.0), (9.0, 8.0, 7.0)), strict=True):
        s.finish(model, errors)
    assert [m.x for m in verdict(s).members] == [2, 4]


def test_members_at_one_place_are_no_curve() -> None:
    # The checks of a spec refuse it; here nothing may break.
    v = judged(FALLS | {"x": "S"}, FALLING)
    assert "3 members of a are in the range of S asked for" in v.sentence
    assert judged(CROSSES | {"x": "S"}, (ABOVE, MIDDLE, BELOW), (TEN, TEN, TEN)).n == 3


@pytest.mark.parametrize(("bounds", "count"), [({"x_from": 20.0}, 1), ({"x_from": 64.0}, 0), ({"x_to": 4.0}, 0)])
def test_a_range_with_less_than_two_members(bounds: dict[str, float], count: int) -> None:
    v = judged(FALLS | bounds, FALLING)
    assert (v.outcome, v.effect, v.p_support) == ("inconclusive", None, None)
    assert f"{count} members of a are in the range of C asked for" in v.sentence
    assert len(v.runs_a) == 3 * count


def test_a_seed_missing_in_one_member_is_out_of_all() -> None:
    s = curves(FALLS, FALLING)
    s.put(failed(s.run("a-c16", 1)))
    v = verdict(s)
    assert (v.outcome, v.n, v.n_planned, v.effect) == ("inconclusive", 2, 3, pytest.approx(-2.0))
    assert v.sentence.endswith(
        "No decision: 1 of 3 curves of seeds is missing; 2 curves of seeds cannot decide: at least 1 more are needed."
    )
    assert v.notes == ("a-c16 · digits · lr 0.01 · seed 1 failed after epoch 1: diverged (loss is nan)",)
    assert len(v.runs_a) == 6


def test_nothing_run_yet() -> None:
    for claim in (FALLS, LOWEST):
        s = study(seeds=(0, 1, 2), claims=(claim,), models={"a": swept(C=SIZES)})
        v = verdict(s)
        assert (v.outcome, v.n, v.effect, v.spot) == ("inconclusive", 0, None, None)
        assert v.sentence == (
            "No decision: 3 of 3 curves of seeds are missing; 0 curves of seeds cannot decide: at least 3 more are needed."
        )


def test_two_seeds_never_decide_and_one_is_no_test() -> None:
    two = judged(FALLS, ((50.0, 50.0), (10.0, 10.1), (1.0, 1.1)))
    assert two.outcome == "inconclusive"
    assert "2 curves of seeds cannot decide" in two.sentence
    one = judged(FALLS, ((50.0,), (10.0,), (1.0,)))
    assert (one.outcome, one.low, one.effect) == ("inconclusive", None, pytest.approx(-24.5))
    assert "(n = 1 seed, claimed" in one.sentence
    assert "1 curve of a seed cannot decide" in one.sentence
    none = study(seeds=(0,), claims=(FALLS,), models={"a": swept(C=SIZES)})
    assert "1 of 1 curve of a seed is missing" in verdict(none).sentence
    assert "no spread" not in one.sentence


def test_slopes_without_spread_decide_nothing() -> None:
    v = judged(FALLS, ((10.0, 11.0, 12.0), (9.0, 10.0, 11.0), (8.0, 9.0, 10.0)))
    assert (v.outcome, v.effect, v.low) == ("inconclusive", pytest.approx(-1.0), None)
    assert v.sentence.endswith(
        "No decision: what is compared is the same for every seed, so there is no spread to test against."
    )


def test_what_a_trend_could_have_shown() -> None:
    v = judged(FALLS, ((10.0, 10.0, 10.0), (9.0, 11.0, 9.5)))
    assert v.outcome == "inconclusive"
    assert v.seeds_needed is not None
    assert v.detectable is not None
    assert "seeds in all would decide it with 80 % chance" in v.sentence
