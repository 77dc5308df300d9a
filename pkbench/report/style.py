"""How figures look and how they are saved: the same bytes from the same numbers."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pkbench.atomic import write_bytes
from pkbench.claims.verdict import Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito's palette (2008), told apart with any common colour vision; yellow is left out, too pale on white.
BLUE: Final = "#0072B2"
ORANGE: Final = "#D55E00"
GREEN: Final = "#009E73"
CYCLE: Final = (BLUE, ORANGE, GREEN, "#CC79A7", "#56B4E9", "#E69F00", "#000000")
DASHES: Final = ("-", "--", "-.", ":")
INK: Final = "#222222"
GREY: Final = "#8A8A8A"
FAINT: Final = "#DDDDDD"

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
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 10,
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
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


def save(figure: Figure, stem: Path) -> tuple[Path, Path]:
    """Write ``figure`` as ``stem.png`` and ``stem.svg``, without dates or versions inside."""
    paths = (stem.with_name(f"{stem.name}.png"), stem.with_name(f"{stem.name}.svg"))
    for path, metadata in zip(paths, ({"Software": None}, {"Date": None, "Creator": None}), strict=True):
        content = io.BytesIO()
        figure.savefig(content, format=path.suffix[1:], metadata=metadata)
        write_bytes(path, content.getvalue())
    return paths


def light_grid(axes: Axes, *, axis: str) -> None:
    """A faint grid along one axis, behind everything."""
    axes.grid(visible=True, axis="x" if axis == "x" else "y", color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)


def note(figure: Figure, text: str) -> None:
    """A line below the figure: its scope travels with the image."""
    import textwrap

    width = int(figure.get_figwidth() * 15)
    figure.supxlabel("\n".join(textwrap.wrap(text, width)), x=0.01, ha="left", fontsize=8, color="#555555")
