from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkbench.claims.selection import Selection, choose, final_errors
from tests.claims.factory import Study, failed, finished, study

# Machines are shared: how long an example takes says nothing.
calm = settings(deadline=None)

RATES = (0.01, 0.02, 0.04)


def grid(**changes: object) -> Study:
    return study(models={"a": {}}, seeds=(0, 1), rates=RATES, **changes)


def fill(s: Study, validation: dict[float, tuple[float, float]], test: float = 10.0) -> None:
    for lr, values in validation.items():
        for seed, value in enumerate(values):
            s.put(finished(s.run("a", seed, lr), test, validation=value))


def choice(s: Study, criterion: Literal["validation-error", "test-error"] = "validation-error") -> Selection:
    return choose(s.runs, s.records, criterion)


def test_lowest_mean_validation_error_wins() -> None:
    s = grid()
    # Means 4, 3, 5: the best single seed (0.04, seed 0) does not win.
    fill(s, {0.01: (4.0, 4.0), 0.02: (3.0, 3.0), 0.04: (1.0, 9.0)})
    found = choice(s)
    assert (found.lr, found.criterion, found.missing, found.reason) == (0.02, "validation-error", 0, "")
    assert [(c.lr, c.mean, c.finished) for c in found.candidates] == [(0.01, 4.0, 2), (0.02, 3.0, 2), (0.04, 5.0, 2)]


def test_the_test_set_is_not_looked_at() -> None:
    s = grid()
    for lr, test in ((0.01, 1.0), (0.02, 50.0), (0.04, 2.0)):
        fill(s, {lr: (3.0, 3.0) if lr == 0.02 else (4.0, 4.0)}, test=test)
    assert choice(s).lr == 0.02
    by_test = choice(s, "test-error")
    assert (by_test.lr, by_test.criterion) == (0.01, "test-error")


def test_ties_go_to_the_smallest_even_if_they_are_ties_up_to_rounding() -> None:
    s = grid()
    # 0.1 + 0.2 is 0.30000000000000004: the same mean to the eye, a larger one to the machine.
    fill(s, {0.04: (0.15, 0.15), 0.02: (0.15, 0.15), 0.01: (0.1, 0.2)})
    assert choice(s).lr == 0.01


def test_a_difference_beyond_rounding_decides() -> None:
    s = grid()
    fill(s, {0.01: (3.0, 3.0), 0.02: (3.0, 3.0 - 1e-7), 0.04: (4.0, 4.0)})
    assert choice(s).lr == 0.02


@pytest.mark.parametrize("present", [0, 1, 5])
def test_no_choice_before_the_grid_is_whole(present: int) -> None:
    s = grid()
    for run in s.runs[:present]:
        s.put(finished(run, 10.0, validation=5.0))
    found = choice(s)
    assert found.lr is None
    assert (found.missing, found.criterion) == (6 - present, "validation-error")
    assert found.reason == f"{6 - present} of 6 runs that choose the learning rate are missing"


def test_a_diverged_learning_rate_is_out_and_does_not_hold_the_others_up() -> None:
    s = grid()
    fill(s, {0.01: (4.0, 4.0), 0.02: (5.0, 5.0)})
    # One seed diverged, the other was never run.
    s.put(failed(s.run("a", 0, 0.04)))
    found = choice(s)
    assert (found.lr, found.missing) == (0.01, 0)
    assert [c.diverged for c in found.candidates] == [(), (), (0,)]


def test_a_diverged_learning_rate_is_out_although_its_other_seed_is_best() -> None:
    s = grid()
    fill(s, {0.01: (4.0, 4.0), 0.02: (5.0, 5.0), 0.04: (1.0, 1.0)})
    s.put(failed(s.run("a", 1, 0.04)))
    assert choice(s).lr == 0.01


def test_another_failure_is_a_missing_run() -> None:
    s = grid()
    fill(s, {0.01: (4.0, 4.0), 0.02: (5.0, 5.0), 0.04: (6.0, 6.0)})
    s.put(failed(s.run("a", 1, 0.04), "out-of-memory"))
    found = choice(s)
    assert (found.lr, found.missing) == (None, 1)
    assert found.candidates[2].diverged == ()


def test_no_choice_where_everything_diverged() -> None:
    s = grid()
    for lr in RATES:
        s.put(failed(s.run("a", 0, lr)))
    found = choice(s)
    assert (found.lr, found.reason) == (None, "training diverged at every learning rate")


def test_no_choice_without_validation_images() -> None:
    s = grid()
    for run in s.runs:
        s.put(finished(run, 10.0, validation=None))
    found = choice(s)
    assert (found.lr, found.reason) == (None, "the runs have no validation error to choose the learning rate by")
    assert choice(s, "test-error").lr == 0.01
    # One that has it cannot win for want of others.
    fill(s, {0.04: (4.0, 4.0)})
    assert choice(s).lr is None


def test_a_single_rate_needs_no_choice() -> None:
    s = study(models={"a": {}}, seeds=(0, 1), rates=(0.01,))
    for criterion in ("validation-error", "test-error"):
        found = choose(s.runs, s.records, criterion)
        assert (found.lr, found.criterion, found.reason) == (0.01, None, "")
    s.put(failed(s.run("a", 0)))
    s.finish("a", {1: 9.0})
    found = choice(s)
    assert found.lr == 0.01
    assert (found.candidates[0].finished, found.candidates[0].diverged, found.candidates[0].mean) == (1, (0,), None)


@calm
@given(st.permutations(range(6)))
def test_the_order_of_the_runs_does_not_matter(order: list[int]) -> None:
    s = grid()
    fill(s, {0.01: (4.1, 4.2), 0.02: (3.3, 3.1), 0.04: (3.0, 3.4)})
    assert choose([s.runs[i] for i in order], s.records, "validation-error") == choice(s)


def test_final_errors_are_those_of_the_last_epoch() -> None:
    s = grid()
    run = s.runs[0]
    assert final_errors(run, s.records) is None
    s.put(finished(run, 12.5, validation=7.0, train=3.0))
    assert final_errors(run, s.records) == (12.5, 7.0, 3.0)


def test_a_record_that_stops_early_or_has_no_test_error_is_not_finished() -> None:
    s = grid()
    run = s.runs[0]
    s.put(finished(run, 12.5, epochs=1))
    assert final_errors(run, s.records) is None
    whole = finished(run, 12.5)
    last = whole.final.model_copy(update={"test_error": None})
    s.put(whole.model_copy(update={"history": (*whole.history[:-1], last)}))
    assert final_errors(run, s.records) is None
    s.put(whole.model_copy(update={"history": ()}))
    assert final_errors(run, s.records) is None
    s.put(whole.model_copy(update={"status": "failed"}))
    assert final_errors(run, s.records) is None


def test_a_run_without_data_has_no_record() -> None:
    s = grid()
    s.put(finished(s.runs[0], 12.5))
    import dataclasses

    assert final_errors(dataclasses.replace(s.runs[0], run_id=None), s.records) is None
