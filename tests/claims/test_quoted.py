"""Claims against rows that are quoted, not trained."""

import pytest

from tests.claims.factory import QUOTED, reported, study
from tests.claims.pairs import A, against_quoted, only


def test_a_quoted_row_is_a_single_seed_like_ours() -> None:
    # 1, 2, 3 against 5: t = -3 / sqrt(1/3 + 1) = -2.598076, p = 1/2 - 2.598076 / (2 sqrt(2 + 6.75)) with 2 degrees.
    v = against_quoted()
    assert (v.outcome, v.effect, v.n, v.n_planned) == ("inconclusive", -3.0, 3, 3)
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
    assert [against_quoted(n=n).notes[0].split(" for ")[1].split(" of ")[0] for n in (1, 2, 4)] == [
        "a single seed",
        "2 seeds",
        "4 seeds",
    ]
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
