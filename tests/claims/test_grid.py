"""Verdicts that hang on one learning rate say so."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pkbench.claims import grid
from pkbench.claims.assess import assess
from pkbench.claims.evaluate import evaluate
from pkbench.claims.samples import Material
from pkbench.claims.verdict import Evidence, Verdict
from pkbench.spec.claim import AnyClaim
from tests.claims.factory import LESS, Study, failed, study

FEW, MANY = (1.0, 2.0, 3.1), (21.0, 22.0, 23.0)
BETWEEN = (11.0, 12.0, 13.2)


def filled(errors: Mapping[str, Mapping[float, Sequence[float]]], **changes: Any) -> Study:
    """Seeds' test errors by model and learning rate; the validation error rises with the learning rate."""
    rates = tuple(next(iter(errors.values())))
    made = study(rates=rates, seeds=(0, 1, 2), **changes)
    for model, by_rate in errors.items():
        for rate, values in by_rate.items():
            made.finish(model, values, lr=rate, validation=100 * rate)
    return made


def verdicts(made: Study) -> tuple[Verdict, ...]:
    return evaluate(made.scaled, made.runs, made.records).verdicts


def test_a_verdict_that_hangs_on_one_rate_says_so() -> None:
    errors = {"a": {0.003: FEW, 0.01: MANY, 0.03: MANY}, "b": dict.fromkeys((0.003, 0.01, 0.03), BETWEEN)}
    (found,) = verdicts(filled(errors))
    assert (found.outcome, found.lr_a) == ("supported", 0.003)
    # Without 0.003 a gets 0.01, where it is far worse; without any other rate it keeps 0.003.
    assert found.notes == ("without learning rate 0.003 this would be contradicted",)


def test_a_rate_of_either_side_is_enough() -> None:
    # a gets 0.003 and b 0.01. Without 0.003 a is far worse; without 0.01 b is at 1.1, 1.9 and 3.1, as good as a.
    made = study(rates=(0.003, 0.01), seeds=(0, 1, 2))
    for model, rate, values, validation in (
        ("a", 0.003, FEW, 1.0),
        ("a", 0.01, MANY, 2.0),
        ("b", 0.003, (1.1, 1.9, 3.1), 2.0),
        ("b", 0.01, BETWEEN, 1.0),
    ):
        made.finish(model, values, lr=rate, validation=validation)
    (found,) = verdicts(made)
    assert (found.outcome, found.lr_a, found.lr_b) == ("supported", 0.003, 0.01)
    assert found.notes == (
        "without learning rate 0.003 this would be contradicted",
        "without learning rate 0.01 this would be inconclusive",
    )


def test_a_verdict_that_does_not_says_nothing() -> None:
    errors = {"a": {0.003: FEW, 0.01: FEW}, "b": {0.003: BETWEEN, 0.01: MANY}}
    (found,) = verdicts(filled(errors))
    assert (found.outcome, found.notes) == ("supported", ())


def test_a_tie_would_be_inconclusive() -> None:
    errors = {"a": {0.003: FEW, 0.01: (11.5, 12.5, 12.0)}, "b": dict.fromkeys((0.003, 0.01), BETWEEN)}
    (found,) = verdicts(filled(errors))
    assert found.notes == ("without learning rate 0.003 this would be inconclusive",)


def test_a_rate_is_not_left_out_where_training_diverged_at_all_others() -> None:
    made = study(rates=(0.003, 0.01), seeds=(0, 1, 2))
    for model, values in (("a", FEW), ("b", BETWEEN)):
        made.finish(model, values, lr=0.003, validation=1.0)
        made.put(failed(made.run(model, 0, 0.01)))
        made.finish(model, {1: values[1], 2: values[2]}, lr=0.01, validation=2.0)
    (found,) = verdicts(made)
    assert found.outcome == "supported"
    assert not [note for note in found.notes if "without" in note]


def test_nothing_is_said_while_runs_are_missing() -> None:
    made = filled({"a": {0.003: FEW, 0.01: MANY}, "b": dict.fromkeys((0.003, 0.01), BETWEEN)})
    del made.records[str(made.run("a", 2, 0.01).run_id)]
    (found,) = verdicts(made)
    assert (found.outcome, found.notes) == ("inconclusive", ())


def test_holms_correction_is_applied_anew() -> None:
    # p = 0.0371 alone: supported only as long as the other claim is clear (Holm then asks this one for 0.05).
    other = LESS | {"id": "other", "a": "c", "b": "d"}
    steady = dict.fromkeys((0.003, 0.01), (1.0, 2.0, 3.0))
    errors = {
        "a": steady,
        "b": dict.fromkeys((0.003, 0.01), (2.0, 4.0, 6.0)),
        "c": {0.003: FEW, 0.01: MANY},
        "d": dict.fromkeys((0.003, 0.01), BETWEEN),
    }
    sizes = {name: {"C": 8 + i} for i, name in enumerate(errors)}
    less, changed = verdicts(filled(errors, claims=(LESS, other), models=sizes))
    assert [less.outcome, changed.outcome] == ["supported", "supported"]
    assert less.notes == ("without learning rate 0.003 this would be inconclusive",)
    assert changed.notes == ("without learning rate 0.003 this would be contradicted",)


def test_only_claims_about_changed_models_are_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    other = LESS | {"id": "other", "a": "c", "b": "d"}
    errors = {
        "a": {0.003: FEW, 0.01: MANY},
        "b": dict.fromkeys((0.003, 0.01), BETWEEN),
        "c": dict.fromkeys((0.003, 0.01), FEW),
        "d": dict.fromkeys((0.003, 0.01), BETWEEN),
    }
    made = filled(errors, claims=(LESS, other), models={name: {"C": 8 + i} for i, name in enumerate(errors)})
    # c and d do better with the larger rate: leaving out 0.003 is nothing to them.
    for name in ("c", "d"):
        made.finish(name, errors[name][0.01], lr=0.01, validation=0.1)
    asked = []

    def counted(claim: AnyClaim, data_id: str, material: Material) -> Evidence:
        asked.append(claim.id)
        return assess(claim, data_id, material)

    monkeypatch.setattr(grid, "assess", counted)
    verdicts(made)
    assert asked == ["less", "other"]  # 0.003 is a's and b's, 0.01 is c's and d's


def test_one_rate_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    made = study(seeds=(0, 1, 2))
    made.finish("a", FEW)
    made.finish("b", BETWEEN)
    monkeypatch.setattr(grid, "assess", lambda *_: pytest.fail("there is no grid"))
    (found,) = verdicts(made)
    assert (found.outcome, found.notes) == ("supported", ())
