"""Members of families in a plan: their runs can be named, and comparisons pair them one with one."""

from pathlib import Path

import pytest

from pkbench.errors import UsageError
from pkbench.plan.compare import comparisons
from pkbench.plan.select import select, with_seed_count
from tests.spec.families import at, at_quick, compare, model, runs

M = model("S = 4\nsweep = { C = [8, 16] }")
N = model("S = 4\nsweep = { C = [9, 17] }", "n")
ONE = model("S = 4\nC = 9", "n")


def test_members_are_selected_by_name_or_pattern(tmp_path: Path) -> None:
    every = runs(at(tmp_path, M, ONE))
    assert len(every) == 9
    assert {run.model.id for run in select(every, ["m-c8"])} == {"m-c8"}
    assert {run.model.id for run in select(every, ["m-*"])} == {"m-c8", "m-c16"}
    assert [run.label for run in select(every, ["m-c16/1"])] == ["m-c16 · digits · lr 0.01 · seed 1"]


def test_the_name_of_a_family_leads_to_its_members(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the members of a family are 'm-\*/0'"):
        select(runs(at(tmp_path, M, ONE)), ["m/0"])


def test_further_seeds_are_further_seeds_of_every_member(tmp_path: Path) -> None:
    scaled = with_seed_count(at(tmp_path, M), 5)
    assert {(run.model.id, run.seed) for run in runs(scaled)} == {(f"m-c{c}", s) for c in (8, 16) for s in range(5)}


def pairs(tmp_path: Path, *tables: str) -> list[tuple[str, str, str, int, int]]:
    scaled = at(tmp_path, *tables)
    found = comparisons(scaled.compares, runs(scaled))
    return [(pair.compare.id, pair.a.model.id, pair.b.model.id, pair.a.seed, pair.b.seed) for pair in found]


def test_families_are_compared_member_by_member(tmp_path: Path) -> None:
    assert pairs(tmp_path, M, N, compare()) == [
        (f"k-{place}", f"m-c{a}", f"n-c{b}", seed, seed)
        for place, a, b in ((1, 8, 9), (2, 16, 17))
        for seed in range(3)
    ]


@pytest.mark.parametrize("side", ["a", "b"])
def test_a_single_model_is_compared_with_every_member(tmp_path: Path, side: str) -> None:
    names = {"a": '"n"', "b": '"m"'} if side == "a" else {"a": '"m"', "b": '"n"'}
    found = pairs(tmp_path, M, ONE, compare(**names))
    assert len(found) == 6
    assert {(a, b) if side == "a" else (b, a) for _, a, b, _, _ in found} == {("n", "m-c8"), ("n", "m-c16")}


def test_members_are_compared_with_themselves_at_disjoint_seeds(tmp_path: Path) -> None:
    # Three seeds are one pair.
    assert pairs(tmp_path, M, compare(b='"m"')) == [("k-1", "m-c8", "m-c8", 0, 1), ("k-2", "m-c16", "m-c16", 0, 1)]


def test_names_of_families_are_not_in_the_id_of_a_comparison(tmp_path: Path) -> None:
    family = at(tmp_path, M, ONE, compare())
    single = at(tmp_path, model("S = 4\nC = 16", "p"), model("S = 4\nC = 9", "q"), compare(id='"z"', a='"p"', b='"q"'))
    ids = [[pair.run_id for pair in comparisons(scaled.compares, runs(scaled))] for scaled in (family, single)]
    assert ids[0][3:] == ids[1]


def test_comparisons_follow_the_profiles_members(tmp_path: Path) -> None:
    quick = (at_quick("sweep = { C = [1, 2, 3] }"), at_quick("sweep = { C = [4, 5, 6] }", "n"))
    scaled = at(tmp_path, M, N, compare(), *quick)
    assert scaled.compare_families == {"k": ("k-1", "k-2", "k-3")}
    assert [(c.a, c.b) for c in scaled.compares] == [("m-c1", "n-c4"), ("m-c2", "n-c5"), ("m-c3", "n-c6")]


def test_a_single_comparison_keeps_its_name(tmp_path: Path) -> None:
    scaled = at(tmp_path, ONE, model("S = 4\nC = 8"), compare())
    assert scaled.compare_families == {"k": ("k",)}
    assert scaled.compares[0] == scaled.spec.compare[0]
