"""Whole evaluations: every claim on every data set, how much is done, which records count."""

from typing import Any

import pytest

from pkbench.claims.evaluate import evaluate
from pkbench.plan.run import expand
from pkbench.plan.select import with_seed_count
from tests.claims.factory import CHECKSUM, LESS, Study, failed, study
from tests.claims.pairs import A, P, compared, evaluation, only, three, verdicts


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
    runs = list(expand(scaled, {"digits": CHECKSUM}))
    e = evaluate(scaled, runs, s.records)
    assert e.notes[-1] == (
        "5 seeds were asked for, the spec has 3: if that was decided after seeing results, the p values are too small"
    )
    assert e.verdicts[0].n_planned == 5
    assert e.verdicts[0].outcome == "inconclusive"
