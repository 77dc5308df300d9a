"""Learning curves: mean over the seeds of a model, with the lowest and highest seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pkbench.claims.statistics import mean
from pkbench.report.families import ROWS, ends_and_middle
from pkbench.report.study import Study

_FEW: Final = 8
"""Curves in one panel whose ranges can still be told apart."""


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


@dataclass(frozen=True, slots=True)
class CurvePanel:
    """Curves of one data set that are drawn together."""

    data_id: str
    curves: tuple[Curve, ...]
    thinned: bool
    """Whether of each family only the first, the middle and the last member are shown."""

    @property
    def with_range(self) -> bool:
        """Whether there are so few curves that their ranges can be told apart."""
        return len(self.curves) <= _FEW

    @property
    def n(self) -> str:
        """How many seeds the means are of."""
        sizes = {curve.points[-1].n for curve in self.curves}
        return f"{min(sizes)}" if len(sizes) == 1 else f"{min(sizes)} to {max(sizes)}"


def curve_panels(study: Study) -> tuple[CurvePanel, ...]:
    """A panel for each data set with curves; where there are many models a family has three of them."""
    found = curves(study)
    some = ends_and_middle(study)
    panels = []
    for data in study.scaled.data:
        members = [curve for curve in found if curve.data_id == data.id]
        thinned = len(members) > ROWS
        shown = tuple(curve for curve in members if not thinned or curve.model_id in some)
        if shown:
            panels.append(CurvePanel(data.id, shown, thinned))
    return tuple(panels)
