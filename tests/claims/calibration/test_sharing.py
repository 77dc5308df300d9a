"""Required seeds for a named effect: what is promised of them, and what sharing the spread is worth."""

from dataclasses import replace

import pytest

from pkbench.claims.calibration import sharing
from pkbench.claims.calibration.sharing import SCATTERS, SharedEstimate, shared_estimates

ALIKE, BASELINE, THIRD, _ = SCATTERS


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, int, int, float], SharedEstimate]:
    return {(s.scatter.name, s.comparisons, s.n, s.effect): s for s in shared_estimates(2000)}


def test_what_is_said_holds(found: dict[tuple[str, int, int, float], SharedEstimate]) -> None:
    assert all(cell.holds for cell in found.values())
    assert sum(cell.promised for cell in found.values()) == 15


def test_other_comparisons_make_the_number_better(found: dict[tuple[str, int, int, float], SharedEstimate]) -> None:
    alone, four, eight = (found["alike", comparisons, 5, 1.0] for comparisons in (1, 4, 8))
    assert alone.needed == 8
    assert alone.right < 0.62
    assert 0.75 < four.right < eight.right
    assert eight.right > 0.85
    # Those that are all against one model say less, and those that differ less still.
    assert found["alike, all against one model", 8, 5, 1.0].right < eight.right
    assert alone.right < found["differing by a third", 8, 5, 1.0].right < eight.right


def test_what_is_promised() -> None:
    cell = SharedEstimate(ALIKE, 5, 8, 1.0, 10_000, 8, 0.8, 0.8)
    assert cell.promised
    assert cell.holds
    assert not replace(cell, right=0.7).holds
    assert not replace(cell, in_range=0.7).holds
    for unpromised in (
        replace(cell, scatter=THIRD),
        replace(cell, scatter=BASELINE),
        replace(cell, n=3, comparisons=16),
        replace(cell, comparisons=7),
    ):
        assert not unpromised.promised
        assert replace(unpromised, right=0.1).holds
        assert not replace(unpromised, in_range=0.7).holds


def test_scatter_is_what_it_is_called() -> None:
    true, observed = THIRD.variances(10, 4, 1.0, 5000)
    assert true.shape == observed.shape == (5000, 4)
    import numpy as np

    assert np.log(true).std() / 2 == pytest.approx(0.3, abs=0.01)
    assert (observed / true).mean() == pytest.approx(1.0, abs=0.02)
    _, of_one = BASELINE.variances(10, 2, 1.0, 5000)
    assert of_one.mean() == pytest.approx(1.0, abs=0.02)
    # Differences that share one model correlate by a half, their variances by a quarter.
    assert np.corrcoef(of_one.T)[0, 1] == pytest.approx(0.25, abs=0.05)
    assert sharing.COMPARISONS[0] == 1
