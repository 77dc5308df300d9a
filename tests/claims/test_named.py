"""Seeds that would decide if the effect were the one named before the runs: parity's none, or the paper's."""

import math

import numpy as np
import pytest

from pkbench.claims.assess import assess
from pkbench.claims.evaluate import evaluate
from pkbench.claims.groups import group_runs
from pkbench.claims.power import SeedsIf, seeds_for, seeds_if
from pkbench.claims.samples import Material
from pkbench.claims.spread import moderated_variances
from pkbench.claims.verdict import Verdict
from tests.claims.curves import judged as curve_judged
from tests.claims.factory import LESS, curve, reported, study, swept
from tests.claims.test_families import judged as judged_families

SAME = LESS | {"id": "same", "kind": "equivalent", "margin": 1.0}
NOT_WORSE = LESS | {"id": "not-worse", "kind": "non-inferior", "margin": 1.0}
DIFFERENCES = (0.6, -0.6, 1.2)
"""Mean 0.4, sd sqrt(0.84) = 0.9165."""
SD = math.sqrt(0.84)


def judged(
    *claims: dict[str, object], profile: str = "quick", numbers: tuple[dict[str, object], ...] = ()
) -> list[Verdict]:
    s = study(profile, seeds=(0, 1, 2), claims=claims, numbers=numbers)
    s.finish("a", [10.0 + difference for difference in DIFFERENCES])
    s.finish("b", [10.0] * 3)
    return list(evaluate(s.scaled, s.runs, s.records).verdicts)


def named(verdict: Verdict) -> SeedsIf:
    assert verdict.seeds_if is not None
    return verdict.seeds_if


def test_of_parity_it_is_that_there_is_no_difference() -> None:
    (v,) = judged(SAME)
    found = named(v)
    assert (found.effect, found.source, found.comparisons) == (0.0, "no difference", 1)
    # Both boundaries are one point away.
    assert found.needed == seeds_if([1 / SD, 1 / SD], 3, alpha=0.05)
    assert found.needed.seeds == seeds_for(1.0, SD, alpha=0.05, other=1.0)
    assert v.sentence.endswith(
        f" If there is no difference, {found.needed.seeds} would (roughly {found.needed.fewest} to {found.needed.most})."
    )


def test_non_inferiority_has_one_boundary() -> None:
    (v,) = judged(NOT_WORSE)
    assert named(v).needed == seeds_if([1 / SD], 3, alpha=0.05)
    assert (named(v).effect, named(v).source) == (0.0, "no difference")


def test_of_a_comparison_it_is_the_papers_difference() -> None:
    numbers = (reported("a", 8.0), reported("b", 9.25))
    (v,) = judged(LESS | {"margin": 0.5}, profile="paper", numbers=numbers)
    found = named(v)
    assert (found.effect, found.source) == (-1.25, "paper")
    assert found.needed == seeds_if([0.75 / SD], 3, alpha=0.05)
    assert f"If the difference is the paper's −1.25 points, {found.needed.seeds} would (roughly " in v.sentence


def test_the_papers_difference_may_be_against_its_claim() -> None:
    numbers = (reported("a", 9.0), reported("b", 8.0))
    (v,) = judged(LESS, profile="paper", numbers=numbers)
    assert named(v).needed == seeds_if([1 / SD], 3, alpha=0.05)


@pytest.mark.parametrize(
    ("profile", "numbers"),
    [
        ("quick", (reported("a", 8.0), reported("b", 9.0))),
        ("paper", (reported("a", 8.0),)),
        ("paper", (reported("b", 8.0),)),
        ("paper", (reported("a", 8.0), reported("b", 8.0))),
    ],
    ids=["other data", "one side", "the other", "at the boundary"],
)
def test_without_numbers_nothing_is_named(profile: str, numbers: tuple[dict[str, object], ...]) -> None:
    (v,) = judged(LESS, profile=profile, numbers=numbers)
    assert v.seeds_needed is not None
    assert v.seeds_if is None
    assert "If there is" not in v.sentence
    assert "the paper's" not in v.sentence


def test_numbers_of_errors_are_not_about_another_metric() -> None:
    s = study(
        "paper",
        seeds=(0, 1, 2),
        claims=(LESS | {"metric": "train_error"},),
        numbers=(reported("a", 8.0), reported("b", 9.0)),
    )
    for model in ("a", "b"):
        s.finish(model, (10.0, 11.0, 12.5))
    (v,) = evaluate(s.scaled, s.runs, s.records).verdicts
    assert v.seeds_if is None


def test_the_strictest_step_of_the_correction() -> None:
    v, _, _ = judged(SAME, NOT_WORSE, LESS | {"margin": 2.0})
    assert named(v).needed == seeds_if([1 / SD, 1 / SD], 3, alpha=0.05 / 3)
    # All are about one comparison, which counts once.
    assert named(v).comparisons == 1
    assert "scatter of" not in v.sentence


def test_other_comparisons_of_the_spec_help_with_the_spread() -> None:
    models = {"a": {"C": 8}, "b": {"C": 9}, "c": {"C": 10}}
    claims = (SAME, SAME | {"id": "other", "a": "c"})
    s = study(seeds=(0, 1, 2), claims=claims, models=models)
    s.finish("a", [10.0 + difference for difference in DIFFERENCES])
    s.finish("b", [10.0] * 3)
    s.finish("c", [10.0, 11.0, 9.5])
    v, other = evaluate(s.scaled, s.runs, s.records).verdicts
    assert other.sd is not None
    sds = np.sqrt(moderated_variances(np.array([SD**2, other.sd**2]), np.array([2.0, 2.0]))).tolist()
    for verdict, sd in ((v, sds[0]), (other, sds[1])):
        assert named(verdict).comparisons == 2
        assert named(verdict).needed == seeds_if([1 / sd, 1 / sd], 3, alpha=0.025)
        assert verdict.outcome != "inconclusive" or ", by the scatter of 2 comparisons)." in verdict.sentence


def test_more_than_can_be_run_is_said() -> None:
    s = study(seeds=(0, 1, 2), claims=(SAME | {"margin": 0.01},))
    s.finish("a", [10.6, 9.4, 11.2])
    s.finish("b", [10.0] * 3)
    (v,) = evaluate(s.scaled, s.runs, s.records).verdicts
    assert named(v).needed.seeds is None
    assert v.sentence.endswith("If there is no difference, more than 1000 would be needed.")


def test_nothing_is_said_where_nothing_scatters() -> None:
    s = study(seeds=(0, 1, 2), claims=(SAME,))
    for model in ("a", "b"):
        s.finish(model, [10.0] * 3)
    (v,) = evaluate(s.scaled, s.runs, s.records).verdicts
    assert (v.seeds_if, v.seeds_needed) == (None, None)


def test_of_families_every_member_has_to_be_shown_each_with_its_own_scatter() -> None:
    family = SAME | {"x": "C"}
    v = judged_families(family, ((10.6, 9.4, 11.2), (10.5, 10.0, 9.2)), ((10.0,) * 3, (10.0,) * 3))
    found = named(v)
    others = [float(np.std([0.6, -0.6, 1.2], ddof=1)), float(np.std([0.5, 0.0, -0.8], ddof=1))]
    sds = np.sqrt(moderated_variances(np.array(others) ** 2, np.array([2.0, 2.0]))).tolist()
    assert found.needed == seeds_if([1 / sds[0], 1 / sds[0], 1 / sds[1], 1 / sds[1]], 3, alpha=0.05)
    assert (found.comparisons, found.source) == (2, "no difference")


def test_a_member_without_scatter_leaves_nothing_to_reckon_by() -> None:
    v = judged_families(SAME | {"x": "C"}, ((10.6, 9.4, 11.2), (10.0,) * 3), ((10.0,) * 3, (10.0,) * 3))
    assert v.seeds_if is None


def test_a_family_has_no_single_difference_of_the_papers() -> None:
    v = judged_families(LESS | {"x": "C"}, ((10.6, 9.4, 11.2),) * 2, ((10.0,) * 3,) * 2)
    assert v.seeds_needed is not None
    assert v.seeds_if is None


FLAT = curve("trend", direction="flat", margin=0.5)
WAVING = ((5.0, 5.0, 5.0), (5.4, 5.1, 4.7), (5.6, 5.2, 4.5))


def test_of_a_flat_trend_it_is_that_there_is_no_slope() -> None:
    v = curve_judged(FLAT, WAVING)
    # Slopes for each doubling: 0.3, 0.1, -0.25.
    assert v.sd == pytest.approx(float(np.std([0.3, 0.1, -0.25], ddof=1)))
    found = named(v)
    assert (found.effect, found.source, found.comparisons) == (0.0, "no slope", 1)
    assert found.needed == seeds_if([0.5 / (v.sd or 0)] * 2, 3, alpha=0.05)
    assert v.sentence.endswith(
        f" If there is no slope, {found.needed.seeds} would (roughly {found.needed.fewest} to {found.needed.most})."
    )


@pytest.mark.parametrize(("direction", "margin"), [("falls", 0.5), ("rises", 0.5), ("flat", 0.0)])
def test_of_other_trends_nothing_is_named(direction: str, margin: float) -> None:
    v = curve_judged(curve("trend", direction=direction, margin=margin), WAVING)
    assert v.seeds_needed is not None
    assert v.seeds_if is None


def test_only_scatter_of_one_kind_is_shared() -> None:
    s = study(
        seeds=(0, 1, 2),
        claims=(SAME | {"x": "C"}, curve("trend", direction="flat", margin=0.5)),
        models={"a": swept(C=(8, 16)), "b": {"C": 9}},
    )
    for model, values in (("a-c8", WAVING[0]), ("a-c16", WAVING[1]), ("b", WAVING[2])):
        s.finish(model, values)
    groups = group_runs(s.scaled, s.runs, s.records)
    material = Material(s.scaled, groups, s.records, s.runs, {})
    pair, trend = (assess(claim, "digits", material) for claim in s.scaled.spec.claim)
    assert [spread.kind for spread in pair.spreads] == [("difference", "test_error", "digits")] * 2
    assert [spread.kind for spread in trend.spreads] == [("slope", "C", "test_error", "digits")]
    assert {spread.n for spread in (*pair.spreads, *trend.spreads)} == {3}
