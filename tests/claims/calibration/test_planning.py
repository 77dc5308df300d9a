from dataclasses import replace

import numpy as np
import pytest

from pkbench.claims.calibration import coverage
from pkbench.claims.calibration.coverage import Coverage, coverages
from pkbench.claims.calibration.planning import Power, SeedsEstimate, powers, seeds_at, seeds_estimates
from pkbench.claims.calibration.shapes import NORMAL
from pkbench.claims.power import seeds_for


def test_seeds_of_many_distances_are_those_of_each() -> None:
    distances = np.array([0.01, 0.07, 0.079, 0.3, 0.5, 1.0, 1.37, 2.0, 5.0, 40.0])
    wanted = [1001 if (n := seeds_for(d, 1.0, alpha=0.05)) is None else n for d in distances.tolist()]
    assert seeds_at(distances).tolist() == wanted
    assert seeds_at(np.array([-1.0])).tolist() == [1001]


def test_power_is_as_by_formula() -> None:
    found = list(powers(2000))
    assert {(point.effect, point.n) for point in found} >= {(0.5, 3), (1.0, 5), (3.0, 10)}
    assert all(point.holds for point in found)
    assert min(point.share for point in found) < 0.2
    assert not Power(1.0, 5, 10_000, 6100, 0.58).holds


def test_required_seeds_hold_what_is_said() -> None:
    found = list(seeds_estimates(2000))
    assert all(estimate.holds for estimate in found)
    five = next(estimate for estimate in found if (estimate.n, estimate.effect) == (5, 1.0))
    # Eight pairs show one deviation with 80 % chance; five seeds do not know that.
    assert five.needed == 8
    assert five.right < 0.5 < five.right_given < 0.7
    assert five.in_range > 0.8


def test_what_seeds_promise() -> None:
    found = SeedsEstimate(1.0, 20, 10_000, 8, 0.1, 0.2, 0.8, 0.8)
    assert found.holds
    assert not replace(found, in_range=0.7).holds
    assert not replace(found, right_given=0.7).holds
    assert replace(found, right_given=0.7, n=10).holds


def test_what_coverage_promises() -> None:
    found = Coverage("slope", NORMAL, 3, 10_000, 9500, (0.93, 0.97))
    assert found.holds
    assert not replace(found, covered=9200).holds
    assert not replace(found, covered=9800).holds
    assert replace(found, covered=9200, band=None).holds


def test_intervals_hold_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "SEEDS", (3, 5))
    found = list(coverages(1000))
    assert all(cell.holds for cell in found)
    shares = {(cell.what, cell.shape.name, cell.n): cell.share for cell in found}
    assert shares["difference of pairs", "lopsided up", 5] < 0.92
    assert shares["bootstrap", "normal", 5] < 0.95
    assert ("bootstrap", "normal", 3) not in shares
    assert {cell.studies for cell in found if cell.what == "crossing"} == {100}
    assert {cell.studies for cell in found if cell.what == "bootstrap"} == {50}
