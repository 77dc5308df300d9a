"""Verdicts where a recipe tries several learning rates."""

from typing import Any

from tests.claims.factory import Study, failed, study
from tests.claims.pairs import A, B, compared, only


def grid(**changes: Any) -> Study:
    s = study(seeds=(0, 1, 2), rates=(0.01, 0.02), **changes)
    for model, errors in (("a", A), ("b", B)):
        s.finish(model, errors, lr=0.01, validation=5.0)
        # Better on the test images, worse on the validation images.
        s.finish(model, [e / 2 for e in errors], lr=0.02, validation=6.0)
    return s


def test_errors_are_those_of_the_chosen_learning_rate() -> None:
    v = only(grid())
    assert (v.mean_a, v.mean_b, v.lr_a, v.lr_b, v.n) == (2.0, 4.0, 0.01, 0.01, 3)
    assert v.notes == ()


def test_choosing_on_the_test_set_is_marked() -> None:
    s = grid(select="test-error")
    v = only(s)
    assert (v.mean_a, v.lr_a) == (1.0, 0.02)
    assert v.notes == tuple(
        f"{m}: the learning rate was chosen on the test images, as the spec asks; its errors are optimistic"
        for m in "ab"
    )
    # Nothing was chosen from an unfinished grid, or from a single one.
    del s.records[s.run("b", 2, 0.02).run_id or ""]
    assert [note.split(":")[0] for note in only(s).notes] == ["a"]
    assert only(compared(select="test-error")).notes == ()


def test_no_verdict_from_half_a_grid() -> None:
    s = grid()
    del s.records[s.run("b", 2, 0.02).run_id or ""]
    v = only(s)
    assert (v.outcome, v.effect, v.lr_a, v.lr_b) == ("inconclusive", None, 0.01, None)
    assert v.sentence.startswith("No decision: b: 1 of 6 runs that choose the learning rate are missing;")


def test_a_diverged_learning_rate_is_noted() -> None:
    s = grid()
    s.put(failed(s.run("b", 1, 0.02)))
    v = only(s)
    assert v.outcome == "supported"
    assert v.notes == (
        "b · digits · lr 0.02 · seed 1 failed after epoch 1: diverged (loss is nan)",
        "b: learning rate 0.02 is out, training diverged for 1 of 3 seeds",
    )
