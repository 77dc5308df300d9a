"""The figure of the comparisons: a heat map of each one's mean CKA matrix."""

from __future__ import annotations

from typing import Final

from pkbench.report.comparisons import Compared, compared
from pkbench.report.page.drawing import Cell, Drawn, HeatMap
from pkbench.report.sections import FIGURE_TEXTS
from pkbench.report.study import Study
from pkbench.report.words import counted

LEFT: Final = 30.0
TOP: Final = 26.0
_WIDTH: Final = 320.0
_HEIGHT: Final = 190.0
_NUMBERS_UP_TO: Final = 8
"""Blocks up to which every cell shows its number."""
LIGHT: Final = 0.465
"""CKA from which black is easier to read on the colour than white."""


def cka(study: Study) -> Drawn | None:
    """Mean over pairs of seeds of every comparison's matrix; all share one scale from 0 to 1."""
    maps = tuple(_heat_map(found) for found in compared(study) if found.records)
    if not maps:
        return None
    caption = f"{FIGURE_TEXTS['cka']}. Dark blue is 0, yellow is 1."
    return Drawn("Similarity of trained models", caption, maps=maps)


def _heat_map(found: Compared) -> HeatMap:
    """One matrix: blocks of b across, blocks of a down, the first at the bottom."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    matrix = found.matrix
    across, down = len(matrix[0]), len(matrix)
    side_x, side_y = _WIDTH / across, _HEIGHT / down
    written = max(across, down) <= _NUMBERS_UP_TO
    a, b = found.compare.a, found.compare.b
    cells = []
    for i, row in enumerate(matrix):
        for j, value in enumerate(row):
            shown = "no number" if value is None else f"{value:.3f}"
            text = f"{value:.2f}" if written and value is not None else ""
            fill = "none" if value is None else to_hex(colormaps["cividis"](value))
            look = "on-light" if value is not None and value > LIGHT else "on-dark"
            tip = f"block {i + 1} of {a}, block {j + 1} of {b}: CKA {shown}, mean of {counted(len(found.records), 'pair')}"
            cells.append(Cell(LEFT + j * side_x, TOP + (down - 1 - i) * side_y, fill, look, text, tip))
    every_x, every_y = -(-across // 12), -(-down // 12)
    return HeatMap(
        title=f"{found.compare.id} on {found.data_id} ({counted(len(found.records), 'pair')})",
        x_label=f"mixing block of {b}",
        y_label=f"mixing block of {a}",
        cells=tuple(cells),
        columns=tuple((LEFT + (j + 0.5) * side_x, str(j + 1)) for j in range(0, across, every_x)),
        rows=tuple((TOP + (down - i - 0.5) * side_y, str(i + 1)) for i in range(0, down, every_y)),
        side_x=side_x,
        side_y=side_y,
    )
