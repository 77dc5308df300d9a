"""The figure of a benchmark: seconds of a step of every variant beside the floor, one panel a case."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from pkbench.bench.results import CaseResult, Result
from pkbench.bench.tables import made, title
from pkbench.report.style import BLUE, GREY, INK, ORANGE, light_grid, note, panels, safe, save, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW: Final = 0.45
"""Height of a variant in the units of ``panels``: rows without labels of their own below them."""


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
        note(figure, safe(f"Median and quartiles; the dashed line is the roofline's floor in fp32. {made(result)}."))
        return save(figure, stem)


def _timed(case: CaseResult) -> list[str]:
    """The variants with numbers, top to bottom."""
    return [row.variant for row in case.rows if row.step is not None]


def _panel(axis: Axes, case: CaseResult) -> None:
    """A bar from the lower to the upper quartile and a tick at the median for each variant."""
    names = _timed(case)
    for row in case.rows:
        if row.step is None:
            continue
        place = names.index(row.variant)
        colour = BLUE if row.owner == "ours" else ORANGE
        axis.plot([row.step.lower, row.step.upper], [place, place], color=colour, linewidth=5, solid_capstyle="butt")
        axis.plot([row.step.median], [place], "|", color=INK, markersize=11, markeredgewidth=2)
    floor = next(floor for floor in case.floors if floor.precision == "fp32")
    axis.axvline(floor.seconds, color=GREY, linestyle="--", linewidth=1.2)
    axis.set_xscale("log")
    axis.set_yticks(range(len(names)), [safe(name) for name in names])
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_xlabel("seconds of a training step; ours blue, peers orange")
    axis.set_title(safe(title(case)))
    light_grid(axis, axis="x")
