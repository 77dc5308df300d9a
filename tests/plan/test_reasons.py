from dataclasses import replace
from typing import Any

from pkbench.plan.changes import Change, changes, flatten
from pkbench.plan.reasons import Decision, Known, decide
from pkbench.plan.run import Run, expand
from tests.small import small_runs, small_scaled


def known(run: Run, status: Any = "finished", **fields: Any) -> Known:
    assert run.run_id is not None
    entry = Known(run.run_id, status, 2, "test error 1.00 %", (run.model.id, run.data.id, run.seed), run.config)
    return replace(entry, **fields)


def one(run: Run, entries: list[Known], *, fresh: bool = False, retry_failed: bool = False) -> Decision:
    return decide([run], entries, fresh=fresh, retry_failed=retry_failed)[0]


RUN = small_runs()[0]


def test_never_run() -> None:
    decision = one(RUN, [])
    assert (decision.action, decision.state, decision.reason) == ("run", "new", "never run")


def test_done_is_skipped_unless_fresh() -> None:
    assert (one(RUN, [known(RUN)]).action, one(RUN, [known(RUN)], fresh=True).action) == ("skip", "run")
    assert one(RUN, [known(RUN)]).reason == "done (test error 1.00 %)"


def test_interrupted_goes_on_from_its_epoch() -> None:
    decision = one(RUN, [known(RUN, "interrupted")])
    assert (decision.action, decision.state) == ("run", "interrupted")
    assert decision.reason == "interrupted after epoch 2 of 3; goes on from there"
    assert one(RUN, [known(RUN, "interrupted")], fresh=True).reason.endswith("from the start")


def test_failed_is_tried_again_only_when_asked() -> None:
    failed = known(RUN, "failed", detail="diverged: loss is nan")
    assert one(RUN, [failed]).action == "skip"
    assert "--retry-failed" in one(RUN, [failed]).reason
    assert one(RUN, [failed], retry_failed=True).action == "run"
    assert one(RUN, [failed], fresh=True).action == "run"


def test_what_failed_by_something_outside_of_it_is_tried_again_unasked() -> None:
    failed = known(RUN, "failed", detail="worker-killed: killed by SIGKILL", transient=True)
    decision = one(RUN, [failed])
    assert (decision.action, decision.state) == ("run", "failed")
    assert decision.reason == "failed before (worker-killed: killed by SIGKILL); the cause may have gone: tried again"
    assert one(RUN, [failed], retry_failed=True).reason.endswith("; tried again")


def test_a_changed_field_is_named_with_both_values() -> None:
    old = next(run for run in small_runs(epochs=5))
    decision = one(RUN, [known(old)])
    assert (decision.action, decision.state) == ("run", "changed")
    assert decision.reason == "train.epochs changed from 5 to 3"
    assert decision.changed == (Change("train.epochs", 5, 3),)


def test_the_nearest_earlier_result_is_compared() -> None:
    near, far = small_runs(epochs=5)[0], small_runs(epochs=5, batch_size=8)[0]
    assert one(RUN, [known(far), known(near)]).reason == "train.epochs changed from 5 to 3"


def test_results_still_asked_for_or_of_other_seeds_are_no_ancestors() -> None:
    runs = small_runs()
    other_seed = next(run for run in small_runs(epochs=5) if run.seed == 1 and run.model.id == RUN.model.id)
    assert one(RUN, [known(other_seed)]).state == "new"
    first, second = runs[0], replace(runs[0], run_id="f" * 16, lr=0.5)
    decisions = decide([first, second], [known(first)], fresh=False, retry_failed=False)
    assert [d.state for d in decisions] == ["done", "new"]


def test_changed_data_is_said_in_words() -> None:
    old = next(iter(expand(small_scaled(), {"digits": "1" * 64})))
    assert one(RUN, [known(old)]).reason == "the data's bytes changed"


def test_without_data_nothing_can_be_decided() -> None:
    run = next(iter(expand(small_scaled(), {"digits": None})))
    decision = one(run, [])
    assert (decision.action, decision.state) == ("blocked", "no-data")
    assert "pkbench data get small digits" in decision.reason


def test_flatten_and_changes() -> None:
    assert flatten({"a": {"b": 1, "c": [2]}, "d": None}) == {"a.b": 1, "a.c": [2], "d": None}
    assert changes({"a": {"b": 1}, "c": 2}, {"a": {"b": 1.5}, "e": 3}) == (
        Change("a.b", 1, 1.5),
        Change("c", 2, None),
        Change("e", None, 3),
    )
    assert str(Change("lr", 0.01, 0.003)) == "lr changed from 0.01 to 0.003"
