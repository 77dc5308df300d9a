"""What stands in the way of a decision, in its own words."""

import dataclasses
from typing import Any

import pytest

from pkbench.claims.groups import group_runs
from pkbench.claims.metrics import value_of
from pkbench.claims.obstacles import connections_gap, count_obstacles, groups_of, sample_obstacles, seeds_of_all
from pkbench.claims.samples import Sample
from tests.claims.factory import Study, study


def sample(s: Study, model: str) -> Sample:
    group = group_runs(s.scaled, s.runs, s.records)[model, "digits"]
    values = {run.seed: value_of("test_error", s.records[run.run_id or ""]) or 0.0 for run in group.runs}
    run_ids = {run.seed: run.run_id or "" for run in group.runs}
    return Sample(model, values, group.planned, run_ids, group, (group,))


def made(errors: Any, seeds: int = 3) -> Sample:
    s = study(seeds=tuple(range(seeds)))
    s.finish("a", errors)
    return sample(s, "a")


def test_a_gap_is_of_the_smaller_count_from_either_side() -> None:
    assert connections_gap(100, 150) == connections_gap(150, 100) == 0.5
    assert connections_gap(7, 7) == 0.0


@pytest.mark.parametrize(
    ("n", "planned", "expected"),
    [
        (3, 3, []),
        (5, 5, []),
        (4, 5, ["1 of 5 pairs is missing"]),
        (3, 5, ["2 of 5 pairs are missing"]),
        (2, 2, ["2 pairs cannot decide: at least 1 more are needed"]),
        (1, 1, ["1 pair cannot decide: at least 2 more are needed"]),
        (0, 1, ["1 of 1 pair is missing", "0 pairs cannot decide: at least 3 more are needed"]),
        (0, 0, ["0 pairs cannot decide: at least 3 more are needed"]),
    ],
)
def test_counts(n: int, planned: int, expected: list[str]) -> None:
    assert count_obstacles(n, planned, "pair", "pairs") == expected


def test_one_samples_obstacles() -> None:
    assert sample_obstacles(made((1.0, 2.0, 3.0))) == ()
    assert sample_obstacles(made((2.0, 2.0, 2.0))) == (
        "the error is the same for every seed, so there is no spread to test against",
    )
    assert sample_obstacles(made((2.0, 2.0), seeds=2)) == ("2 runs cannot decide: at least 1 more are needed",)
    assert sample_obstacles(made((1.0, 2.0, 3.0), seeds=4)) == ("1 of 4 runs is missing",)


def test_seeds_are_those_that_all_have() -> None:
    one = made((1.0, 2.0, 3.0), seeds=4)
    other = dataclasses.replace(one, values={1: 1.0, 2: 2.0, 3: 3.0}, planned=(3, 2, 1))
    # In the order of the first; what is not planned for both is out, whoever has it.
    assert seeds_of_all([one, other]) == ((1, 2, 3), (1, 2))
    assert seeds_of_all([other, one]) == ((3, 2, 1), (2, 1))
    assert seeds_of_all([one]) == ((0, 1, 2, 3), (0, 1, 2))


def test_groups_are_named_once() -> None:
    s = study(seeds=(0, 1, 2))
    a, b = sample(s, "a"), sample(s, "b")
    assert [group.model.id for group in groups_of(a, b, a)] == ["a", "b"]
