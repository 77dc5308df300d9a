"""The whole calibration: every rate, interval, power and estimate, and what of the promises does not hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from pkbench.claims.calibration.cases import Case, cases, limits
from pkbench.claims.calibration.coverage import Coverage, coverages
from pkbench.claims.calibration.planning import Power, SeedsEstimate, powers, seeds_estimates
from pkbench.claims.calibration.rates import SEEDS, Rate, rate
from pkbench.claims.calibration.shapes import LOPSIDED, SHAPES, Shape
from pkbench.claims.calibration.sharing import SharedEstimate, shared_estimates


@dataclass(frozen=True, slots=True)
class Calibration:
    """Everything that was simulated, ``studies`` for each number."""

    studies: int
    rates: tuple[Rate, ...]
    """By case, then shape, then number of seeds."""
    limits: tuple[Rate, ...]
    coverages: tuple[Coverage, ...]
    powers: tuple[Power, ...]
    seeds: tuple[SeedsEstimate, ...]
    shared: tuple[SharedEstimate, ...]

    @property
    def rechecked(self) -> int:
        """Studies that the real path decided as well."""
        return sum(found.rechecked for found in (*self.rates, *self.limits))

    def problems(self) -> list[str]:
        """A sentence for each promise that does not hold; none where all is well."""
        return [
            *(_rate_problem(found) for found in self.rates if found.promised and not found.holds),
            *(
                f"{_cell(found)}: {found.disagreeing} of {found.rechecked} studies are decided otherwise by assess and conclude"
                for found in (*self.rates, *self.limits)
                if found.disagreeing
            ),
            *(
                f"{found.what}, {found.shape.name}, n = {found.n}: the interval holds the truth in {found.share:.1%}"
                for found in self.coverages
                if not found.holds
            ),
            *(
                f"power of {found.effect:g} deviations at n = {found.n}: {found.share:.1%} simulated, {found.formula:.1%} by formula"
                for found in self.powers
                if not found.holds
            ),
            *(
                f"required seeds from n = {found.n} at {found.effect:g} deviations: right in {found.right_given:.1%} for a "
                f"named effect, in the range in {found.in_range:.1%}"
                for found in self.seeds
                if not found.holds
            ),
            *(
                f"required seeds for a named effect of {found.effect:g} deviations, {found.comparisons} comparisons of n = "
                f"{found.n} that scatter {found.scatter.name}: right in {found.right:.1%}, in the range in {found.in_range:.1%}"
                for found in self.shared
                if not found.holds
            ),
        ]

    def as_data(self) -> dict[str, Any]:
        """Plain values for JSON; shares from 0 to 1."""
        return {
            "studies": self.studies,
            "rechecked": self.rechecked,
            "rates": [_rate_data(found) for found in self.rates],
            "limits": [_rate_data(found) for found in self.limits],
            "coverage": [
                {
                    "what": c.what,
                    "shape": c.shape.name,
                    "n": c.n,
                    "studies": c.studies,
                    "share": c.share,
                    "band": c.band,
                }
                for c in self.coverages
            ],
            "power": [
                {"effect": p.effect, "n": p.n, "studies": p.studies, "share": p.share, "formula": p.formula}
                for p in self.powers
            ],
            "seeds": [
                {
                    name: getattr(s, name)
                    for name in ("effect", "n", "needed", "right", "right_spread_known", "right_given", "in_range")
                }
                for s in self.seeds
            ],
            "shared": [
                {"scatter": s.scatter.name}
                | {
                    name: getattr(s, name)
                    for name in ("comparisons", "effect", "n", "needed", "right", "in_range", "promised")
                }
                for s in self.shared
            ],
            "problems": self.problems(),
        }


def calibrate(studies: int, *, jobs: int = 1, report: Callable[[str], None] = lambda _: None) -> Calibration:
    """Simulate everything, in ``jobs`` processes; the numbers depend on ``studies`` alone. ``report`` is told what is done."""
    if jobs == 1:
        return _calibrate(studies, map, report)
    with ProcessPoolExecutor(jobs) as pool:
        return _calibrate(studies, pool.map, report)


def _calibrate(
    studies: int, spread: Callable[..., Iterator[tuple[Rate, ...]]], report: Callable[[str], None]
) -> Calibration:
    rates: list[Rate] = []
    all_cases = cases()
    for case, found in zip(all_cases, spread(partial(_rates, studies), all_cases), strict=True):
        rates += found
        report(case.name)
    report("limits, intervals, power and seeds")
    return Calibration(
        studies=studies,
        rates=tuple(rates),
        limits=tuple(rate(case, shape, n, studies) for case, shape in limits() for n in SEEDS),
        coverages=tuple(coverages(studies)),
        powers=tuple(powers(studies)),
        seeds=tuple(seeds_estimates(studies)),
        shared=tuple(shared_estimates(studies)),
    )


def _rates(studies: int, case: Case) -> tuple[Rate, ...]:
    shapes: tuple[Shape, ...] = (*SHAPES, *LOPSIDED)
    return tuple(rate(case, shape, n, studies) for shape in shapes for n in SEEDS)


def _cell(found: Rate) -> str:
    return f"{found.case.name}, {found.shape.name}, n = {found.n}"


def _rate_problem(found: Rate) -> str:
    return f"{_cell(found)}: wrong in {found.share:.2%} of {found.studies:,} studies"


def _rate_data(found: Rate) -> dict[str, Any]:
    return {
        "claim": found.case.claim,
        "truth": found.case.truth,
        "wrong": found.case.wrong,
        "shape": found.shape.name,
        "n": found.n,
        "studies": found.studies,
        "share": found.share,
        "promised": found.promised,
    }
