"""The figure of a benchmark: a step of every variant beside the floor of its precision, one panel a case."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pkbench.bench.results import CaseResult, Result
from pkbench.bench.tables import made, seconds, title
from pkbench.report.style import BLUE, GREY, INK, ORANGE, light_grid, note, panels, safe, save, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW: Final = 0.45
"""Height of a variant in the units of ``panels``: rows without labels of their own below them."""


_MARKS: Final = ((10, (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)), (100, (1.0, 2.0, 5.0)), (math.inf, (1.0,)))
"""Up to which ratio of its ends a panel has marks at which multiples of powers of ten: so many as there is room for."""


def draw(result: Result, stem: Path) -> tuple[Path, ...]:
    """Write the figure as ``stem.png`` and ``stem.svg``; nothing where no variant has numbers.

    Raises:
        StoreError: a file cannot be written.
    """
    cases = [case for case in result.cases if any(row.step is not None for row in case.rows)]
    if not cases:
        return ()
    with styled():
        heights = [max(2, round(_ROW * len(_timed(case)))) for case in cases]
        figure, axes = panels(heights, extra=0.9)
        for axis, case in zip(axes, cases, strict=True):
            _panel(axis, case)
        note(figure, safe(f"Median and quartiles; grey: the roofline's floor in a row's precision. {made(result)}."))
        return save(figure, stem)


def _timed(case: CaseResult) -> list[str]:
    """The variants with numbers, top to bottom."""
    return [row.variant for row in case.rows if row.step is not None]


def _panel(axis: Axes, case: CaseResult) -> None:
    """A bar from the lower to the upper quartile, a tick at the median and one at the floor for each variant."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    floors = {floor.precision: floor.seconds for floor in case.floors}
    names = _timed(case)
    for row in case.rows:
        if row.step is None:
            continue
        place = names.index(row.variant)
        colour = BLUE if row.owner == "ours" else ORANGE
        axis.plot([floors[row.precision]], [place], "|", color=GREY, markersize=17, markeredgewidth=1.2)
        axis.plot([row.step.lower, row.step.upper], [place, place], color=colour, linewidth=5, solid_capstyle="butt")
        axis.plot([row.step.median], [place], "|", color=INK, markersize=11, markeredgewidth=2)
    axis.set_xscale("log")
    low, high = axis.get_xlim()
    axis.xaxis.set_major_locator(LogLocator(subs=next(marks for ratio, marks in _MARKS if high / low <= ratio)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: seconds(value)))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_yticks(range(len(names)), [safe(name) for name in names])
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_xlabel("a training step; ours blue, peers orange")
    axis.set_title(safe(title(case)))
    light_grid(axis, axis="x")
