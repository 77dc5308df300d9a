"""The comparisons of trained models: mean similarity with its interval over pairs of seeds, and the mean matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pkbench.claims.statistics import interval, mean
from pkbench.plan.compare import comparisons
from pkbench.report.sections import table
from pkbench.report.study import Study
from pkbench.report.words import NOTHING, markdown
from pkbench.spec.compare import Compare
from pkbench.store.comparison_record import ComparisonRecord

ALPHA = 0.05
"""1 minus the coverage of the intervals."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison on one data set, over pairs of seeds no two of which share a trained model.

    ``low`` and ``high`` are the ends of the t interval of the mean over pairs; ``None`` with fewer than two.
    """

    compare: Compare
    data_id: str
    records: tuple[ComparisonRecord, ...]
    planned: int
    diagonal: float | None
    low: float | None
    high: float | None
    matrix: tuple[tuple[float | None, ...], ...]
    """Mean over pairs, blocks of a by blocks of b; ``None`` where a pair has no number."""


def compared(study: Study) -> tuple[Compared, ...]:
    """Every comparison of the spec that has a planned pair, in its order."""
    found: dict[tuple[str, str], list[str]] = {}
    for comparison in comparisons(study.scaled.compares, study.runs):
        found.setdefault((comparison.compare.id, comparison.a.data.id), []).append(comparison.run_id)
    by_id = {compare.id: compare for compare in study.scaled.compares}
    return tuple(_compared(study, by_id[name], data_id, ids) for (name, data_id), ids in found.items())


def _compared(study: Study, compare: Compare, data_id: str, ids: Sequence[str]) -> Compared:
    records = tuple(study.comparisons[run_id] for run_id in ids if run_id in study.comparisons)
    diagonals = [record.diagonal_mean for record in records]
    numbers = [value for value in diagonals if value is not None]
    whole = bool(numbers) and len(numbers) == len(diagonals)
    bounds = interval(numbers, alpha=ALPHA) if whole else None
    return Compared(
        compare=compare,
        data_id=data_id,
        records=records,
        planned=len(ids),
        diagonal=mean(numbers) if whole else None,
        low=bounds[0] if bounds else None,
        high=bounds[1] if bounds else None,
        matrix=_mean_matrix([record.matrix for record in records]),
    )


def _mean_matrix(matrices: Sequence[tuple[tuple[float | None, ...], ...]]) -> tuple[tuple[float | None, ...], ...]:
    rows = []
    for same_row in zip(*matrices, strict=True):
        row: list[float | None] = []
        for values in zip(*same_row, strict=True):
            numbers = [value for value in values if value is not None]
            row.append(mean(numbers) if len(numbers) == len(values) else None)
        rows.append(tuple(row))
    return tuple(rows)


def section(study: Study) -> list[str]:
    """A table of the comparisons, as lines of Markdown; empty where there are none."""
    rows = []
    for found in compared(study):
        value = NOTHING if found.diagonal is None else f"{found.diagonal:.3f}"
        ends = NOTHING if found.low is None else f"{found.low:.3f} to {found.high:.3f}"
        pair = f"`{found.compare.a}` with `{found.compare.b}`"
        pair += ", other seeds" if found.compare.a == found.compare.b else ", same seeds"
        count = f"{len(found.records)} of {found.planned}"
        rows.append(
            (f"`{found.compare.id}`", pair, f"`{found.data_id}`", value, ends, count, markdown(found.compare.statement))
        )
    if not rows:
        return []
    header = ("comparison", "models", "data", "mean CKA, same depth", "95 % interval", "pairs", "about")
    return [
        "### Comparisons",
        "",
        "Mini-batch CKA of the features just before each skip (Nguyen et al. 2021, eq. 2-3). The unit is a pair of trained "
        "models, and no model is in two pairs of one comparison.",
        "",
        *table(header, rows),
    ]
