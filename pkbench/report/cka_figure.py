"""The figure of the comparisons: a heat map of the mean CKA matrix of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkbench.report import style
from pkbench.report.comparisons import Compared, compared
from pkbench.report.study import Study
from pkbench.report.words import counted, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

_PANEL = 3.1
"""Inches of one heat map."""
_COLUMNS = 3
_NUMBERS_UP_TO = 8
"""Blocks up to which every cell shows its number."""


def cka_figure(study: Study) -> Figure | None:
    """Mean over pairs of seeds of every comparison's matrix; all share one scale from 0 to 1."""
    import matplotlib.pyplot as plt

    panels = [found for found in compared(study) if found.records]
    if not panels:
        return None
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(_PANEL * columns + 1.2, _PANEL * rows + 0.6), squeeze=False, layout="constrained"
    )
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    for axis, found in zip(axes.flat, panels, strict=False):
        image = _heat_map(axis, found)
    figure.colorbar(image, ax=axes, label="CKA", shrink=0.8)
    style.note(figure, f"{study.name}: mini-batch CKA of features before each skip, mean over pairs of seeds")
    return figure


def _heat_map(axis: Axes, found: Compared) -> AxesImage:
    """One matrix: blocks of b across, blocks of a down, the first at the bottom."""
    numbers = [[float("nan") if value is None else value for value in row] for row in found.matrix]
    image = axis.imshow(numbers, vmin=0, vmax=1, origin="lower", cmap="cividis", aspect="auto")
    pairs = counted(len(found.records), "pair")
    axis.set_title(plain(f"{found.compare.id} on {found.data_id} ({pairs})"), fontsize="small")
    axis.set_xlabel(plain(f"mixing block of {found.compare.b}"))
    axis.set_ylabel(plain(f"mixing block of {found.compare.a}"))
    axis.set_xticks(range(len(numbers[0])), [str(i + 1) for i in range(len(numbers[0]))])
    axis.set_yticks(range(len(numbers)), [str(i + 1) for i in range(len(numbers))])
    axis.grid(visible=False)
    if max(len(numbers), len(numbers[0])) <= _NUMBERS_UP_TO:
        for i, row in enumerate(numbers):
            for j, value in enumerate(row):
                colour = "black" if value > 0.5 else "white"
                axis.text(j, i, f"{value:.2f}", ha="center", va="center", color=colour, fontsize="x-small")
    return image
