"""What the paper's own curves show, from the points read off its figures: no test, for their seeds are not known."""

from __future__ import annotations

from pkbench.claims.curve_tests import slope
from pkbench.claims.metrics import amount, difference, with_unit
from pkbench.paper.points import PaperSeries, series_of
from pkbench.spec.claim import AnyCurve, AnyPair, CrossingClaim, PaperCurve, PlaceClaim, TrendClaim


def paper_says(claim: AnyPair | AnyCurve, data_id: str) -> str:
    """What the plotted curves of ``claim`` do, on ``data_id`` or else on every data set they are plotted for; may be empty."""
    if claim.paper is None:
        return ""
    curves = plotted(claim.paper, data_id)
    said = "; ".join(f"{_where(a)}{_shape(claim, a, b)}" for a, b in curves)
    return f"The points of Fig. {claim.paper.figure}: {said}" if said else ""


def plotted(curve: PaperCurve, data_id: str) -> list[tuple[PaperSeries, PaperSeries | None]]:
    """The series of ``curve`` in pairs: those of ``data_id``, or else of every data set."""
    of_a = series_of(curve.figure, curve.a)
    of_b = {series.dataset: series for series in (series_of(curve.figure, curve.b) if curve.b else ())}
    same = [series for series in of_a if series.dataset == data_id]
    return [(series, of_b.get(series.dataset)) for series in same or of_a]


def _where(series: PaperSeries) -> str:
    return f"on {series.dataset} " if series.dataset else ""


def _shape(claim: AnyPair | AnyCurve, a: PaperSeries, b: PaperSeries | None) -> str:
    match claim:
        case TrendClaim():
            points = [point for point in a.points if claim.includes(point.x) and point.x > 0]
            if len({point.x for point in points}) < 2:
                return "too few points"
            found = slope([point.x for point in points], [point.y for point in points])
            return f"{with_unit(found, claim.metric)} for each doubling of {a.x_name}"
        case PlaceClaim():
            pick = min if claim.kind == "minimum-near" else max
            point = pick(a.points, key=lambda point: point.y)
            return f"{amount(point.y, claim.metric)} at {a.x_name} = {point.x:g}"
        case _:
            return _difference(claim, a, b)


def _difference(claim: AnyPair | CrossingClaim, a: PaperSeries, b: PaperSeries | None) -> str:
    other = {point.x: point.y for point in b.points} if b else {}
    both = sorted((point.x, point.y - other[point.x]) for point in a.points if point.x in other)
    if not both:
        return "no points to compare"
    if isinstance(claim, CrossingClaim):
        ends = (both[0], both[-1])
        return ", ".join(f"{with_unit(effect, claim.metric)} at {a.x_name} = {x:g}" for x, effect in ends)
    low, high = min(effect for _, effect in both), max(effect for _, effect in both)
    span = f"{difference(low, claim.metric)} to {with_unit(high, claim.metric)}"
    holds = sum(claim.distance(effect) < 0 for _, effect in both)
    return f"differences from {span}, as claimed at {holds} of {len(both)} points"
