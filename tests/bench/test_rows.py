from dataclasses import replace

import pytest

from pkbench.bench.measure import Measured, compile_seconds
from pkbench.bench.rows import case_result, row
from pkbench.bench.variant import Label
from tests.bench.small import MIXER, RATES, flat, rate

NORMAL = Measured(
    Label("ours", "ours", "normal"),
    steps=[0.1, 0.3, 0.2],
    data=[0.02, 0.02, 0.05],
    evaluations=[0.16, 0.32, 0.16],
    startup=2.0,
    peak=1000,
    rss=500,
    graphs=3,
    warm_graphs=2,
)
RANDOM = replace(NORMAL, label=Label("ours RP", "ours", "random", normal="ours"), steps=[0.2, 0.3, 0.8])
RATES_OF_A_SLOW_MACHINE = (rate("gemm 1024x1024x1024", 1e6), rate("copy", 1e12))


def found(measured: Measured, *others: Measured):  # type: ignore[no-untyped-def]
    result = case_result(MIXER, RATES_OF_A_SLOW_MACHINE, [measured, *others])
    return result.rows[0], result.floors[0]


def test_what_follows_from_the_times() -> None:
    r, floor = found(NORMAL)
    assert r.samples == (0.1, 0.3, 0.2)
    assert r.step is not None
    assert (r.step.median, r.step.lower, r.step.upper) == pytest.approx((0.2, 0.15, 0.25))
    assert r.data_seconds == 0.02
    assert r.data_share == pytest.approx(0.1)
    assert r.evaluation_seconds == pytest.approx(0.16 / 16)
    # One image: a step's eighth, and a fifth of an image's evaluation.
    assert r.images_per_second == pytest.approx(1 / (0.2 / 8 + 0.01 / 5))
    assert r.flops_per_second == pytest.approx(floor.flops / 0.2)
    assert r.gemm_share == pytest.approx(floor.flops / 0.2 / 1e6)
    assert r.floor_ratio == pytest.approx(0.2 / floor.compute_seconds)
    assert (r.peak_bytes, r.rss_bytes, r.startup_seconds) == (1000, 500, 2.0)
    assert (r.graphs, r.recompiles) == (3, 1)


def test_rp_is_against_normal_of_the_same_round() -> None:
    r, _ = found(RANDOM, NORMAL)
    assert r.rp_ratio is not None
    assert r.rp_ratio.median == pytest.approx(2.0)
    assert (r.rp_ratio.lower, r.rp_ratio.upper) == pytest.approx((1.5, 3.0))
    assert found(NORMAL, RANDOM)[0].rp_ratio is None


def test_no_ratio_against_a_variant_that_failed() -> None:
    assert found(RANDOM, replace(NORMAL, reason="no compiler"))[0].rp_ratio is None
    assert found(RANDOM)[0].rp_ratio is None


def test_runs_that_advance_together_are_counted_one_by_one() -> None:
    four = replace(NORMAL, label=replace(NORMAL.label, runs=4))
    alone, stacked = found(NORMAL)[0], found(four)[0]
    assert alone.step is not None
    assert stacked.step is not None
    assert stacked.step.median == pytest.approx(alone.step.median / 4)
    assert stacked.samples == pytest.approx([value / 4 for value in alone.samples])
    assert stacked.images_per_second == pytest.approx(4 * alone.images_per_second)
    assert stacked.data_share == pytest.approx(alone.data_share)
    assert (stacked.peak_bytes, stacked.rss_bytes, stacked.startup_seconds) == (250, 125, 0.5)
    ratio = found(
        replace(four, label=replace(four.label, normal="other")),
        replace(NORMAL, label=Label("other", "ours", "normal")),
    )
    assert ratio[0].rp_ratio == flat(0.25)


def test_data_never_takes_more_than_all_of_a_step() -> None:
    assert found(replace(NORMAL, data=[0.5, 0.5, 0.5]))[0].data_share == 1.0


def test_a_failed_variant_is_its_reason() -> None:
    r, _ = found(replace(NORMAL, reason="RuntimeError: no"))
    assert (r.reason, r.step, r.samples, r.images_per_second) == ("RuntimeError: no", None, (), None)


def test_a_precision_has_a_floor_where_something_ran_in_it() -> None:
    bf16 = replace(NORMAL, label=Label("ours, bf16", "ours", "normal", "bf16"))
    assert [floor.precision for floor in case_result(MIXER, RATES, [NORMAL]).floors] == ["fp32"]
    result = case_result(MIXER, RATES, [NORMAL, bf16])
    assert [floor.precision for floor in result.floors] == ["fp32", "bf16"]
    assert result.rows[1].gemm_share == pytest.approx(result.floors[1].flops / 0.2 / 5e8)
    refused = replace(bf16, reason="no faster", steps=[])
    assert [floor.precision for floor in case_result(MIXER, RATES, [NORMAL, refused]).floors] == ["fp32"]


def test_tf32_moves_what_fp32_does_at_its_own_rate() -> None:
    tf32 = replace(NORMAL, label=Label("ours, tf32", "ours", "normal", "tf32"))
    exact, rounded = case_result(MIXER, (*RATES, rate("gemm 1024x1024x1024", 4e9, "tf32")), [NORMAL, tf32]).floors
    assert (exact.precision, rounded.precision) == ("fp32", "tf32")
    assert rounded.bytes == exact.bytes
    assert rounded.compute_seconds == pytest.approx(exact.compute_seconds / 4)


def test_compiling_is_what_first_times_are_longer() -> None:
    compiled = replace(NORMAL, label=replace(NORMAL.label, compiled=True), first_step=5.0, first_evaluation=3.0)
    assert compile_seconds(compiled) == pytest.approx(8 - 0.2 - 0.16)
    assert compile_seconds(replace(compiled, first_step=0.0, first_evaluation=0.0)) == 0.0
    assert compile_seconds(NORMAL) is None
    assert row(MIXER, compiled, {}, {"fp32": found(NORMAL)[1]}).compile_seconds == pytest.approx(7.64)
    two = replace(compiled, label=replace(compiled.label, runs=2))
    assert row(MIXER, two, {}, {"fp32": found(NORMAL)[1]}).compile_seconds == pytest.approx(3.82)
