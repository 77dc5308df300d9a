"""How figures look and how they are saved: the same bytes from the same numbers."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pkbench.atomic import write_bytes
from pkbench.claims.verdict import Outcome
from pkbench.report.words import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito's palette (2008), told apart with any common colour vision; yellow is left out, too pale on white.
BLUE: Final = "#0072B2"
ORANGE: Final = "#D55E00"
GREEN: Final = "#009E73"
CYCLE: Final = (BLUE, ORANGE, GREEN, "#CC79A7", "#56B4E9", "#E69F00", "#000000")
DASHES: Final = ("-", "--", "-.", ":")
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "*")
"""One more than there are colours, so that the two together repeat only after 56."""
INK: Final = "#222222"
GREY: Final = "#8A8A8A"
FAINT: Final = "#DDDDDD"
SHADE: Final = "#F0EBD8"

OUTCOME_COLOURS: Final[dict[Outcome, str]] = {
    "supported": GREEN,
    "contradicted": ORANGE,
    "inconclusive": GREY,
    "not assessed": GREY,
}
OUTCOME_MARKERS: Final[dict[Outcome, str]] = {
    "supported": "o",
    "contradicted": "X",
    "inconclusive": "D",
    "not assessed": "D",
}

# Looks shared by a figure's marks and its legend.
DOT: Final[dict[str, Any]] = {"alpha": 0.6, "markersize": 6, "markeredgewidth": 0}
HOLLOW: Final[dict[str, Any]] = {"marker": "s", "markersize": 7, "markerfacecolor": "white", "markeredgewidth": 1.6}

WIDTH: Final = 8.0
"""Inches of a figure: its text is readable at the width of a page."""
_ROW = 0.62
"""Height of one model or verdict in inches."""
TALLEST: Final = 100.0
"""Inches for the rows of a figure, however many there are: images have a largest size."""

_SETTINGS: Final[dict[Any, Any]] = {
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    # The layout is computed at the resolution it is saved in.
    "figure.dpi": 150,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "pdf.fonttype": 42,  # TrueType: publishers refuse matplotlib's Type 3
    "legend.fontsize": 9,
    "legend.frameon": False,
    "savefig.dpi": 150,
    "svg.fonttype": "path",
    # Without a fixed salt the ids inside an SVG differ from one writing to the next.
    "svg.hashsalt": "pkbench",
    "text.color": INK,
    "text.usetex": False,
    "xtick.color": INK,
    "ytick.color": INK,
}


@contextmanager
def styled() -> Iterator[None]:
    """Our settings over matplotlib's own defaults, whatever the user's matplotlibrc says; undone afterwards."""
    log = logging.getLogger("matplotlib")
    level = log.level
    # Where its cache cannot be written it says so at length, and draws all the same.
    log.setLevel(logging.ERROR)
    import matplotlib as mpl

    try:
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(_SETTINGS)
            yield
    finally:
        log.setLevel(level)


_METADATA: Final[dict[str, dict[str, str | None]]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
}
"""What each format would say of when and by what it was written, taken out."""


def save(figure: Figure, stem: Path, formats: Sequence[str] = ("png", "svg")) -> tuple[Path, ...]:
    """Write ``figure`` as ``stem.png`` and so on for ``formats``, without dates or versions inside.

    It is laid out once for all, because that takes longer than drawing it; afterwards its layout is fixed.
    """
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)
    paths = []
    for name in formats:
        content = io.BytesIO()
        figure.savefig(content, format=name, metadata=_METADATA[name])
        paths.append(stem.with_name(f"{stem.name}.{name}"))
        write_bytes(paths[-1], content.getvalue())
    return tuple(paths)


def light_grid(axes: Axes, *, axis: str) -> None:
    """A faint grid along one axis, behind everything."""
    axes.grid(visible=True, axis="x" if axis == "x" else "y", color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)


def note(figure: Figure, text: str) -> None:
    """A line below the figure: its scope travels with the image."""
    import textwrap

    width = int(figure.get_figwidth() * 15)
    figure.supxlabel("\n".join(textwrap.wrap(text, width)), x=0.01, ha="left", fontsize=8, color="#555555")


def caption(profile: str, scope: str) -> str:
    """The line below a figure, which says what it speaks about."""
    return safe(f"Profile {profile}. {scope}")


def safe(text: str) -> str:
    """``text`` as a figure shows it as it is: in one line, and a dollar sign starts no formula."""
    return plain(text).replace("$", r"\$")


def panels(heights: Sequence[int], *, extra: float) -> tuple[Figure, list[Axes]]:
    """A figure with one panel below the other, ``heights`` rows each and ``extra`` inches around each."""
    from matplotlib.figure import Figure

    row = min(_ROW, TALLEST / sum(heights))
    total = sum(row * height + extra for height in heights)
    figure = Figure(figsize=(WIDTH, total + 0.5), layout="constrained")
    ratios = [row * height + extra / 2 for height in heights]
    grid = figure.subplots(len(heights), 1, squeeze=False, height_ratios=ratios)
    return figure, list(grid[:, 0])


def seed_dots(axis: Axes, rows: Sequence[Mapping[int, float]], joined: Sequence[bool]) -> None:
    """A dot for each seed's value, a row a model, equal values stacked.

    A thin line joins a seed's dots with those of the row above, where the row is ``joined`` with it.
    """
    above: dict[int, tuple[float, float]] = {}
    for row, values in enumerate(rows):
        places: dict[int, tuple[float, float]] = {}
        for seed, value in values.items():
            stacked = sum(round(value, 6) == round(x, 6) for x, _ in places.values())
            places[seed] = (value, row - 0.08 - 0.13 * stacked)
            if joined[row] and seed in above:
                x, y = above[seed]
                axis.plot([x, value], [y, places[seed][1]], color=FAINT, linewidth=1, zorder=1)
        dots = list(places.values())
        axis.plot([x for x, _ in dots], [y for _, y in dots], "o", color=BLUE, **DOT, zorder=3)
        above = places


def mean_tick(axis: Axes, mean: float, bounds: tuple[float, float] | None, row: float) -> None:
    """A mean as a tall tick with its interval, where there is one."""
    if bounds is not None:
        axis.plot(list(bounds), [row, row], color=INK, linewidth=1.6, zorder=4, solid_capstyle="butt")
    axis.plot([mean], [row], "|", color=INK, markersize=13, markeredgewidth=2.4, zorder=5)


def paper_mark(axis: Axes, mean: float, sd: float | None, row: float) -> None:
    """A published number: hollow, with its deviation where one is given."""
    axis.errorbar(
        [mean],
        [row],
        xerr=None if sd is None else [sd],
        color=ORANGE,
        linestyle="",
        **HOLLOW,
        elinewidth=1.2,
        capsize=3,
        zorder=4,
    )
