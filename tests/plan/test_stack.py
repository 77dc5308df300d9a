from dataclasses import replace
from typing import Any

import pytest

from pkbench.errors import UsageError
from pkbench.plan.estimate import training_bytes
from pkbench.plan.run import Run, expand
from pkbench.plan.stack import Stacking, check_stack, cut, groups, most_that_fit, stack_key
from pkbench.spec.document import Spec
from pkbench.spec.scale import scale
from tests.small import DATA, MODEL, TRAIN, small_runs

ADAMW = {"kind": "adamw", "lr": [0.01, 0.003], "weight_decay": 0.01, "betas": [0.9, 0.999], "eps": 1e-8}
HERE = Stacking("auto", "cuda", None, memory=10**12, jobs=1)


def runs_of(*models: dict[str, Any], **train: Any) -> list[Run]:
    """Runs of variants of the small model."""
    spec = {
        "experiment": {"id": "small", "title": "Small", "paper": "none", "kind": "train"},
        "data": [DATA],
        "model": [{"id": f"m{number}", **MODEL, **model} for number, model in enumerate(models)],
        "train": TRAIN | train,
        "profile": {"quick": {"scope": "a test", "data": ["digits"]}},
    }
    return list(expand(scale(Spec.model_validate(spec), "quick"), {"digits": "0" * 64}))


def sizes(runs: list[Run], stacking: Stacking) -> list[int]:
    return [len(group) for group in groups(runs, stacking)]


def test_rates_seeds_and_ways_of_mixing_share_a_stack() -> None:
    rp = {"mixing": "random", "rp_placement": "layer"}
    models = ({}, rp, rp | {"rp_placement": "block"}, rp | {"rp_sides": "tokens"}, rp | {"rp_blocks": [1]})
    runs = runs_of(*models, optimizer=ADAMW)
    (group,) = groups(runs, HERE)
    assert group == tuple(runs)
    assert len(runs) == 5 * 2 * 3


@pytest.mark.parametrize(
    "other",
    [{"C": 7}, {"depth": 2}, {"gamma": 3}, {"bias": False}, {"activation": "relu"}, {"first_skip": "layer"}],
    ids=str,
)
def test_other_shapes_do_not(other: dict[str, Any]) -> None:
    runs = runs_of({}, other)
    assert sizes(runs, HERE) == [3, 3]
    for group in groups(runs, HERE):
        assert len({run.model.id for run in group}) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"batch_size": 8},
        {"epochs": 4},
        {"label_smoothing": 0.1},
        {"drop_last": False},
        {"optimizer": ADAMW | {"eps": 1e-7}},
    ],
    ids=str,
)
def test_other_recipes_do_not(change: dict[str, Any]) -> None:
    (one, *_), (other, *_) = small_runs(), small_runs(**change)
    assert stack_key(one) != stack_key(other)
    assert sizes([one, other], HERE) == [1, 1]


def test_groups_keep_the_order_of_their_first_runs() -> None:
    runs = runs_of({}, {"C": 7})
    found = groups(runs, replace(HERE, wanted=2))
    assert [group[0] for group in found] == sorted((group[0] for group in found), key=runs.index)
    assert sorted((run for group in found for run in group), key=runs.index) == runs


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"wanted": 1}, [1] * 6),
        ({"wanted": 4}, [3, 3]),
        ({"engine": "reference"}, [1] * 6),
        ({"engine": "native", "device": "cpu"}, [1] * 6),
        ({"device": "cpu"}, [1] * 6),
        ({"device": "cpu", "wanted": 6}, [6]),
        ({"device": "cpu", "engine": "batch-last"}, [6]),
        ({"jobs": 2}, [3, 3]),
        ({"jobs": 2, "wanted": 6}, [6]),
    ],
    ids=str,
)
def test_when_there_are_stacks(change: dict[str, Any], expected: list[int]) -> None:
    assert sizes(small_runs(), replace(HERE, **change)) == expected


def test_models_that_the_engine_does_not_know_stay_alone() -> None:
    lasso = {"kind": "beta-lasso", "lr": [0.1], "l1_first": 0.0, "l1_rest": 0.0, "beta": 0.0, "applies_to": "all"}
    assert sizes(small_runs(optimizer=lasso), replace(HERE, wanted=8)) == [1] * 6


@pytest.mark.parametrize("wanted", [None, 6])
def test_half_of_the_memory_is_the_bound(wanted: int | None) -> None:
    run = small_runs()[0]
    each = training_bytes(run, 16)
    assert each == 4 * (4 * run.shape.parameters + 16 * (run.shape.activation_floats + 2 * 64))
    for memory, most in ((0, 1), (2 * 3 * each - 2, 2), (2 * 3 * each, 3)):
        assert most_that_fit(run, memory) == most
        assert max(sizes(small_runs(), replace(HERE, wanted=wanted, memory=memory))) == most
    # Workers share it.
    assert max(sizes(small_runs(), replace(HERE, wanted=wanted, memory=2 * 3 * each, jobs=3))) == 1


@pytest.mark.parametrize(("n", "most", "expected"), [(1, 4, [1]), (5, 5, [5]), (10, 8, [5, 5]), (7, 3, [2, 2, 3])])
def test_pieces_are_even(n: int, most: int, expected: list[int]) -> None:
    runs = (small_runs() * 2)[:n]
    pieces = cut(runs, most)
    assert [len(piece) for piece in pieces] == expected
    assert [run for piece in pieces for run in piece] == runs


def test_stacks_by_another_engine_are_refused() -> None:
    with pytest.raises(
        UsageError, match="--stack 4 with --engine native; only engines fused and batch-last train several"
    ):
        check_stack(4, "native")
    for wanted, engine in ((4, "auto"), (4, "batch-last"), (1, "native"), (None, "reference")):
        check_stack(wanted, engine)


def test_stacks_of_batches_in_parts_are_refused() -> None:
    with pytest.raises(UsageError, match="--stack 4 with --accumulate 2; a stack computes its batches whole"):
        check_stack(4, "auto", 2)
    for wanted, parts in ((4, None), (4, 1), (1, 2), (None, 2)):
        check_stack(wanted, "auto", parts)
