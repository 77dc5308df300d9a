"""What was measured while training, of the runs that count: layers together, seeds apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean, stdev

from pkbench.report.sections import folded, table
from pkbench.report.study import Study
from pkbench.report.words import NOTHING, markdown
from pkbench.store.record import Record


@dataclass(frozen=True, slots=True)
class Series:
    """One measured quantity of one model on one data set.

    ``values`` has, by epoch (0 is the initialisation), a number for each seed: the mean over the parts of the model
    it was measured of.
    """

    model_id: str
    data_id: str
    name: str
    parts: int
    values: dict[int, list[float]]


def counted_records(study: Study) -> Iterator[tuple[str, str, Record]]:
    """Model, data set and record of every run that a verdict can be about."""
    for summary in study.evaluation.models:
        for run_id in summary.run_ids:
            yield summary.model_id, summary.data_id, study.records[run_id]


def series(study: Study) -> tuple[Series, ...]:
    """Everything that was measured besides losses and errors, in the order in which it was."""
    groups: dict[tuple[str, str, str], list[dict[int, list[float]]]] = {}
    parts: dict[tuple[str, str, str], set[str]] = {}
    for model_id, data_id, record in counted_records(study):
        of_run: dict[str, dict[int, list[float]]] = {}
        for found in record.measured:
            of_run.setdefault(found.name, {}).setdefault(found.epoch, []).append(found.value)
            parts.setdefault((model_id, data_id, found.name), set()).add(found.where)
        for name, by_epoch in of_run.items():
            groups.setdefault((model_id, data_id, name), []).append(by_epoch)
    result = []
    for (model_id, data_id, name), runs in groups.items():
        values: dict[int, list[float]] = {}
        for by_epoch in runs:
            for epoch, numbers in by_epoch.items():
                values.setdefault(epoch, []).append(fmean(numbers))
        key = (model_id, data_id, name)
        result.append(Series(model_id, data_id, name, len(parts[key]), dict(sorted(values.items()))))
    return tuple(result)


def section(study: Study) -> list[str]:
    """A table of the first and the last measurement, as lines of Markdown; empty where nothing was measured."""
    rows = []
    for found in series(study):
        first, last = min(found.values), max(found.values)
        end = mean_sd(found.values[last]) if last != first else NOTHING
        cells = (f"`{found.model_id}`", f"`{found.data_id}`", markdown(found.name), str(found.parts))
        rows.append((*cells, mean_sd(found.values[first]), end, str(last), str(len(found.values[last]))))
    if not rows:
        return []
    header = ("model", "data", "quantity", "parts", "at initialisation", "at the end", "epoch", "n")
    text = "Mean over the parts of a model, then mean ± standard deviation over seeds. Every single number is in the records."
    lines = folded(rows, table(header, rows), "Every model and quantity")
    return ["#### Measured while training", "", text, "", *lines]


def mean_sd(values: list[float]) -> str:
    """Mean ± standard deviation of ``values``; the mean alone of a single one."""
    return f"{fmean(values):.4g}" + (f" ± {stdev(values):.2g}" if len(values) > 1 else "")
