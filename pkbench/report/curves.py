"""Learning curves: mean over the seeds of a model, with the lowest and highest seed."""

from __future__ import annotations

from dataclasses import dataclass

from pkbench.claims.statistics import mean
from pkbench.report.study import Study


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Test error in per cent after ``epoch``: mean, lowest and highest of ``n`` seeds."""

    epoch: int
    n: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """One model on one data set at the learning rate that counts."""

    model_id: str
    data_id: str
    points: tuple[CurvePoint, ...]


def curves(study: Study) -> tuple[Curve, ...]:
    """A curve for every model and data set with a finished run; only epochs every seed was evaluated at."""
    found = []
    for summary in study.evaluation.models:
        by_epoch: dict[int, list[float]] = {}
        for run_id in summary.run_ids:
            for epoch in study.records[run_id].history:
                if epoch.test_error is not None:
                    by_epoch.setdefault(epoch.epoch, []).append(epoch.test_error)
        points = tuple(
            CurvePoint(epoch, len(errors), mean(errors), min(errors), max(errors))
            for epoch, errors in sorted(by_epoch.items())
            if len(errors) == summary.n
        )
        if points:
            found.append(Curve(summary.model_id, summary.data_id, points))
    return tuple(found)
