"""What a panel of families is drawn of: our curves, the paper's, and where claims have something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pkbench.report import style
from pkbench.report.families import Claimed, Line, Panel, PaperLine

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Transform

HOLLOW: Final[dict[str, Any]] = style.HOLLOW | {"markersize": 5, "markeredgewidth": 1.2}
"""The paper's points; their marker is that of the family."""


class Look(NamedTuple):
    """How a family is drawn, wherever it is."""

    colour: str
    marker: str


def our_curve(axis: Axes, line: Line, look: Look, *, shift: float) -> None:
    """Means joined, with their intervals, ``shift`` points beside their x; a single model has a line across and a band."""
    first = line.places[0].estimate
    if line.is_single and first.mean is not None:
        axis.axhline(first.mean, color=look.colour, linewidth=1.6, label=line.name, zorder=2)
        if first.low is not None and first.high is not None:
            axis.axhspan(first.low, first.high, color=look.colour, alpha=0.12, linewidth=0, zorder=1)
        return
    known = [(place.x, place.estimate) for place in line.places if place.estimate.mean is not None]
    means = [float(found.mean or 0.0) for _, found in known]
    lows = [mean - (mean if found.low is None else found.low) for mean, (_, found) in zip(means, known, strict=True)]
    highs = [(mean if found.high is None else found.high) - mean for mean, (_, found) in zip(means, known, strict=True)]
    axis.errorbar(
        [x for x, _ in known],
        means,
        yerr=[lows, highs] if any(lows) or any(highs) else None,
        color=look.colour,
        marker=look.marker,
        markersize=6,
        linewidth=1.6,
        elinewidth=1.4,
        capsize=3,
        transform=_shifted(axis, shift),
        label=line.name,
        zorder=4,
    )
    # What is drawn beside its place does not count for the limits by itself.
    ends = [
        (x, mean + end)
        for (x, _), mean, low, high in zip(known, means, lows, highs, strict=True)
        for end in (-low, high)
    ]
    axis.update_datalim(ends)
    axis.autoscale_view()


def _shifted(axis: Axes, points: float) -> Transform:
    """The data's place with ``points`` of room to its left."""
    from matplotlib.transforms import ScaledTranslation

    return axis.transData + ScaledTranslation(points / 72, 0, axis.figure.dpi_scale_trans)


def paper_curve(axis: Axes, paper: PaperLine, looks: dict[str, Look]) -> None:
    """The points of a curve of the paper: hollow, dotted together, with half their bars on each side where drawn."""
    look = looks.get(paper.family, Look(style.INK, "o"))
    points = sorted(paper.series.points, key=lambda point: point.x)
    bars = [float("nan") if point.half_bar is None else point.half_bar for point in points]
    axis.errorbar(
        [point.x for point in points],
        [point.y for point in points],
        yerr=None if all(point.half_bar is None for point in points) else bars,
        color=look.colour,
        linestyle=":",
        linewidth=1.2,
        elinewidth=1.0,
        capsize=2,
        **HOLLOW | {"marker": look.marker},
        zorder=3,
    )


def marks(axis: Axes, panel: Panel, looks: dict[str, Look]) -> None:
    """Where claims have an extremum, and where means cross."""
    claimed_places(axis, panel.claimed, looks)
    for spot in panel.crossings:
        if spot.x is None:
            continue
        axis.axvline(spot.x, color=style.INK, linestyle="-.", linewidth=1.2, zorder=1)
        left, right = axis.get_xlim()
        ends = [left if spot.low is None else spot.low, right if spot.high is None else spot.high]
        axis.plot(ends, [0.02, 0.02], color=style.INK, linewidth=3, transform=axis.get_xaxis_transform(), zorder=1)
        axis.set_xlim(left, right)


def are_one(claimed: Sequence[Claimed]) -> bool:
    """Whether claims have their extremum in one and the same range."""
    return len({(place.low, place.high) for place in claimed}) == 1


def claimed_places(axis: Axes, claimed: Sequence[Claimed], looks: dict[str, Look]) -> None:
    """Where claims have the extremum: one range is shaded, several are bars along the top in their families' colours."""
    if claimed and are_one(claimed):
        axis.axvspan(claimed[0].low, claimed[0].high, color=style.SHADE, linewidth=0, zorder=0)
        return
    for number, place in enumerate(claimed):
        axis.plot(
            [place.low, place.high],
            [0.985 - 0.03 * number] * 2,
            color=looks[place.family].colour if place.family in looks else style.INK,
            linewidth=4,
            alpha=0.6,
            solid_capstyle="butt",
            transform=axis.get_xaxis_transform(),
            zorder=1,
        )
