"""Families of models as curves: what is drawn and tabled together, and the paper's points beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pkbench.claims.groups import ModelSummary
from pkbench.claims.paper_curves import plotted
from pkbench.claims.verdict import Estimate, Spot, Verdict
from pkbench.paper.points import PaperSeries
from pkbench.report.study import Study
from pkbench.spec.claim import AnyClaim, CurveClaim, PairClaim, PlaceClaim
from pkbench.spec.metric import MetricName, XName

T = TypeVar("T")

_PAPER_X: Final[dict[str, XName]] = {
    "m": "m",
    "gamma_m": "width",
    "C/S": "C/S",
    "blocks": "depth",
    "1/p": "1/p",
    "p": "p",
}
"""What the paper's axes are called here; none of its others is a size that a claim can be laid out along."""
_PAPER_METRICS: Final[dict[str, MetricName]] = {
    "test_error": "test_error",
    "largest_singular_value": "largest_singular_value",
    "cka_diagonal_mean": "cka",
}


ROWS: Final = 12
"""Members of families, all together, that a figure still has a row or a curve for."""


@dataclass(frozen=True, slots=True)
class Place:
    """One member of a family: its mean over the seeds that count at ``x``."""

    member: str
    x: float
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Line:
    """A family along x, in rising order; a single model held against a family has the same member at every x."""

    name: str
    places: tuple[Place, ...]

    @property
    def is_single(self) -> bool:
        """Whether it is one and the same model everywhere."""
        return len(self.places) > 1 and len({place.member for place in self.places}) == 1


@dataclass(frozen=True, slots=True)
class Claimed:
    """A range of x that a claim has an extremum of the family in."""

    family: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A curve of the paper and the family of ours that stands for it."""

    family: str
    series: PaperSeries


@dataclass(frozen=True, slots=True)
class Panel:
    """Everything that claims say of one metric along one size on one data set, at one level of their intervals."""

    data_id: str
    x: XName
    metric: MetricName
    alpha: float
    lines: tuple[Line, ...]
    claimed: tuple[Claimed, ...]
    """Ranges of x that claims have an extremum in."""
    crossings: tuple[Spot, ...]
    """Where means cross."""
    paper: tuple[PaperLine, ...]

    def measures_the_same(self, line: PaperLine, profile: str) -> bool:
        """Whether a curve of the paper is about the same: the published setting, data set, size and metric."""
        series = line.series
        return (
            profile == "paper"
            and series.dataset == self.data_id
            and self.is_along(series)
            and _PAPER_METRICS.get(series.y_name) == self.metric
        )

    def is_along(self, series: PaperSeries) -> bool:
        """Whether a curve of the paper is laid out along the same size."""
        return _PAPER_X.get(series.x_name) == self.x


def about_families(study: Study) -> list[Verdict]:
    """Verdicts about families that have anything to show."""
    return [
        verdict
        for verdict in study.evaluation.verdicts
        if verdict.x is not None and any(member.of_a.mean is not None for member in verdict.members)
    ]


def panels(study: Study) -> tuple[Panel, ...]:
    """A panel for each data set, size, metric and level that claims about families have, in the spec's order."""
    groups: dict[tuple[str, XName, MetricName, float], list[Verdict]] = {}
    for verdict in about_families(study):
        if verdict.x is not None:
            groups.setdefault((verdict.data_id, verdict.x, verdict.metric, verdict.alpha), []).append(verdict)
    claims = {claim.id: claim for claim in study.scaled.spec.claim}
    return tuple(
        Panel(
            data_id=data_id,
            x=x,
            metric=metric,
            alpha=alpha,
            lines=_lines(found),
            claimed=_unique(_range(claims[verdict.claim_id]) for verdict in found),
            crossings=_unique(_crossing(verdict) for verdict in found),
            paper=_unique(line for verdict in found for line in paper_lines(claims[verdict.claim_id], data_id)),
        )
        for (data_id, x, metric, alpha), found in groups.items()
    )


def _lines(verdicts: Iterable[Verdict]) -> tuple[Line, ...]:
    """Every family once; a member that several claims are about with its mean over most seeds."""
    found: dict[str, dict[tuple[str, float], Place]] = {}
    for verdict in verdicts:
        for member in verdict.members:
            for name, label, estimate in ((verdict.a, member.a, member.of_a), (verdict.b, member.b, member.of_b)):
                if name is None or label is None or estimate is None or estimate.mean is None or member.x is None:
                    continue
                places = found.setdefault(name, {})
                known = places.get((label, member.x))
                if known is None or estimate.n > known.estimate.n:
                    places[label, member.x] = Place(label, member.x, estimate)
    return tuple(
        Line(name, tuple(sorted(places.values(), key=lambda place: place.x))) for name, places in found.items()
    )


def _range(claim: AnyClaim) -> Claimed | None:
    """Where a claim about a place has the extremum."""
    if not isinstance(claim, PlaceClaim):
        return None
    return Claimed(claim.a, claim.target / claim.within, claim.target * claim.within)


def _crossing(verdict: Verdict) -> Spot | None:
    spot = verdict.spot
    return spot if spot is not None and spot.what == "crossing" and spot.x is not None else None


def paper_lines(claim: AnyClaim, data_id: str) -> tuple[PaperLine, ...]:
    """The paper's curves of ``claim``: those of ``data_id``, or else of every data set they are plotted for."""
    if not isinstance(claim, PairClaim | CurveClaim) or claim.paper is None:
        return ()
    found = [
        (name, series)
        for of_a, of_b in plotted(claim.paper, data_id)
        for name, series in ((claim.a, of_a), (getattr(claim, "b", None), of_b))
    ]
    return tuple(PaperLine(name, series) for name, series in found if name is not None and series is not None)


def members_of(study: Study) -> dict[str, str]:
    """The family of each model that is one of several members."""
    return {member: name for name, members in study.scaled.families.items() if len(members) > 1 for member in members}


def role_of(verdict: Verdict, place: int) -> str:
    """What the member at ``place`` is to ``verdict``: decides, best near, best elsewhere; empty where it is nothing."""
    member = verdict.members[place]
    if verdict.deciding == place:
        return "decides"
    if verdict.compared is not None and member.a in verdict.compared:
        return "best near" if member.a == verdict.compared[0] else "best elsewhere"
    return ""


def fits_in_rows(study: Study, data_id: str) -> list[ModelSummary]:
    """Models with a row in the figure of errors: all, or where families are long those whose errors no curve shows."""
    summaries = [summary for summary in study.evaluation.models if summary.data_id == data_id]
    families = members_of(study)
    if sum(summary.model_id in families for summary in summaries) <= ROWS:
        return summaries
    drawn = {
        place.member
        for panel in panels(study)
        if (panel.data_id, panel.metric) == (data_id, "test_error")
        for line in panel.lines
        for place in line.places
    }
    return [summary for summary in summaries if summary.model_id not in families or summary.model_id not in drawn]


def ends_and_middle(study: Study) -> set[str]:
    """Of each family the first, the middle and the last member; single models."""
    return {
        members[place]
        for members in study.scaled.families.values()
        for place in (0, len(members) // 2, len(members) - 1)
    }


def paper_points_data(study: Study) -> list[dict[str, Any]]:
    """Every curve of the paper that a verdict of ``study`` is shown beside, as plain values."""
    claims = {claim.id: claim for claim in study.scaled.spec.claim}
    return [
        {
            "claim": verdict.claim_id,
            "data": verdict.data_id,
            "stands_for": line.family,
            **dataclasses.asdict(line.series),
        }
        for verdict in study.evaluation.verdicts
        for line in paper_lines(claims[verdict.claim_id], verdict.data_id)
    ]


def _unique(items: Iterable[T | None]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(item for item in items if item is not None))
