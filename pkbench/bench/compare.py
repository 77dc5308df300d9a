"""An old benchmark and a new one: which rows are faster or slower by more than noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pkbench.bench.ceilings import is_reference
from pkbench.bench.results import Result, Row
from pkbench.bench.spread import Ratio, ratio_of_medians

Verdict = Literal["faster", "slower", "within noise", "too few rounds", "only old", "only new", "no numbers"]


@dataclass(frozen=True, slots=True)
class Compared:
    """One row of both benchmarks. ``ratio`` is old over new seconds of a step: above 1, the new one is faster."""

    case: str
    variant: str
    ratio: Ratio | None
    verdict: Verdict
    fails: bool
    """Slower beyond noise, and by more than the tolerance."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """All rows, and what else differs between the two benchmarks.

    ``machine`` has the ratio of new over old for each rate both measured, in the case where it was: near 1 where the machine
    was as fast as before, and a row's ratio is to be read beside it.
    """

    rows: tuple[Compared, ...]
    machine: tuple[tuple[str, str, float], ...]
    differences: tuple[str, ...]
    tolerance: float

    @property
    def fails(self) -> bool:
        """Whether a row is slower beyond noise and tolerance."""
        return any(row.fails for row in self.rows)


def compare(old: Result, new: Result, tolerance: float) -> Comparison:
    """Every row that either benchmark has, in the order of the new one.

    Args:
        old: made before.
        new: made after.
        tolerance: a row may be slower by this fraction of the old speed before it fails.
    """
    before, after = _rows(old), _rows(new)
    keys = [*after, *(key for key in before if key not in after)]
    return Comparison(
        rows=tuple(_compared(key, before.get(key), after.get(key), tolerance) for key in keys),
        machine=tuple(_machine(old, new)),
        differences=tuple(_differences(old, new)),
        tolerance=tolerance,
    )


def verdict_of(ratio: Ratio) -> Verdict:
    """What the interval of a ratio old/new says: nothing where it holds 1."""
    if ratio.low is None or ratio.high is None:
        return "too few rounds"
    if ratio.low > 1:
        return "faster"
    return "slower" if ratio.high < 1 else "within noise"


def _compared(key: tuple[str, str], old: Row | None, new: Row | None, tolerance: float) -> Compared:
    if old is None or new is None:
        return Compared(*key, None, "only new" if old is None else "only old", fails=False)
    if not old.samples or not new.samples:
        return Compared(*key, None, "no numbers", fails=False)
    ratio = ratio_of_medians(old.samples, new.samples)
    verdict = verdict_of(ratio)
    return Compared(*key, ratio, verdict, fails=verdict == "slower" and ratio.value < 1 - tolerance)


def _rows(result: Result) -> dict[tuple[str, str], Row]:
    return {(case.case, row.variant): row for case in result.cases for row in case.rows}


def _machine(old: Result, new: Result) -> Iterator[tuple[str, str, float]]:
    """``(case, rate, new over old)`` for the reference GEMMs and the copy: those are the same in every case."""
    before = {
        (case.case, rate.what, rate.precision): rate.per_second.median for case in old.cases for rate in case.rates
    }
    for case in new.cases:
        for rate in case.rates:
            key = (case.case, rate.what, rate.precision)
            if key in before and (is_reference(rate) or rate.unit == "B/s"):
                name = rate.what if rate.unit == "B/s" else f"{rate.what} {rate.precision}"
                yield case.case, name, rate.per_second.median / before[key]


def _differences(old: Result, new: Result) -> Iterator[str]:
    """What of the circumstances is not the same."""
    before, after = old.made.model_dump(), new.made.model_dump()
    for name, value in after.items():
        if before[name] != value:
            yield f"{name}: {before[name]} before, {value} now"
    batches = {case.case: case.batch for case in old.cases}
    for case in new.cases:
        if batches.get(case.case, case.batch) != case.batch:
            yield f"batch of {case.case}: {batches[case.case]} before, {case.batch} now"
