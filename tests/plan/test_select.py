import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkbench.errors import UsageError
from pkbench.plan.select import further_seeds, select, with_seed_count
from tests.small import small_runs, small_scaled


@pytest.mark.parametrize(
    ("selectors", "count"),
    [
        ([], 6),
        (["narrow"], 3),
        (["*/1"], 2),
        (["narrow/2"], 1),
        (["*/digits/0"], 2),
        (["narrow/1", "random/0"], 2),
        (["*"], 6),
    ],
)
def test_selectors(selectors: list[str], count: int) -> None:
    assert len(select(small_runs(), selectors)) == count


@pytest.mark.parametrize(
    ("selector", "hint"),
    [
        ("narow", "did you mean narrow"),
        ("x", "models: narrow, random"),
        ("narrow/7", "MODEL"),
        ("narrow/7", "; data: digits; seeds: 0, 1, 2$"),
        ("narrow/digitz/0", r"; did you mean digits\? data: digits"),
        ("", "--only '' matches no run"),
    ],
)
def test_a_selector_that_matches_nothing_is_refused(selector: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint):
        select(small_runs(), ["random", selector])


def test_seed_counts() -> None:
    scaled = small_scaled(seeds=[4, 1])
    assert with_seed_count(scaled, 1).train.seeds == (4,)
    assert with_seed_count(scaled, 2).train.seeds == (4, 1)
    assert with_seed_count(scaled, 5).train.seeds == (4, 1, 0, 2, 3)


@given(used=st.lists(st.integers(0, 20), unique=True), n=st.integers(0, 10))
def test_further_seeds_are_new_and_smallest(used: list[int], n: int) -> None:
    fresh = further_seeds(used, n)
    assert len(fresh) == n
    assert not set(fresh) & set(used)
    assert fresh == sorted(fresh)
    assert all(seed in used or seed in fresh for seed in range(fresh[-1] if fresh else 0))
