"""The tables of a calibration, for the terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pkbench.claims.calibration.cases import ALPHA, Case
from pkbench.claims.calibration.coverage import Coverage
from pkbench.claims.calibration.planning import FACTOR
from pkbench.claims.calibration.rates import SEEDS, Rate, monte_carlo_error
from pkbench.claims.calibration.run import Calibration
from pkbench.claims.calibration.shapes import LOPSIDED, SHAPES
from pkbench.claims.calibration.sharing import SharedEstimate

_DOT = " · "


@dataclass(frozen=True, slots=True)
class Table:
    """A table by the name of its marks; ``note`` is the sentence below it, ``words`` the columns before the numbers."""

    name: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str
    words: int

    def narrow(self) -> list[tuple[str, ...]]:
        """Header and rows for a terminal: the words in one column, the numbers of one cell below each other."""
        return [
            (": ".join(row[: self.words]), *(_bare(cell).replace(_DOT, "\n") for cell in row[self.words :]))
            for row in (self.header, *self.rows)
        ]

    def markdown(self) -> str:
        """The table as Markdown."""
        lines = [_line(self.header), _line(["---"] * len(self.header)), *(_line(row) for row in self.rows)]
        return "\n".join([*lines, "", self.note])


def tables(found: Calibration) -> tuple[Table, ...]:
    """Every table of ``found``."""
    return (_rates(found), _limits(found), _coverage(found), _power(found), _seeds(found), _shared(found))


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _bare(cell: str) -> str:
    """``cell`` without parentheses around the whole of it."""
    return cell[1:-1] if cell.startswith("(") else cell


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _rates(found: Calibration) -> Table:
    by_cell = {(rate.case.name, rate.shape.name, rate.n): rate for rate in found.rates}
    every_case = {rate.case.name: rate.case for rate in found.rates}
    error = monte_carlo_error(ALPHA, found.studies)
    return Table(
        name="rates",
        words=3,
        title="Wrong verdicts in %",
        header=("claim", "what is true", "wrong verdict", *(shape.name for shape in SHAPES), "lopsided"),
        rows=tuple(_rate_row(case, by_cell) for case in every_case.values()),
        note=(
            f"Per cent of {found.studies:,} studies with n = {_DOT.join(map(str, SEEDS))} seeds; Monte-Carlo error of a rate of "
            f"5 %: {100 * error:.2f}. Rates in parentheses are stated, not promised; lopsided is the worse of both directions. "
            f"{found.rechecked:,} of the studies were decided by the code behind `pkbench report` as well, all alike."
        ),
    )


def _rate_row(case: Case, by_cell: Mapping[tuple[str, str, int], Rate]) -> tuple[str, ...]:
    cells = []
    for shape in SHAPES:
        rates = [by_cell[case.name, shape.name, n] for n in SEEDS]
        text = _DOT.join(_percent(rate.share) for rate in rates)
        cells.append(text if rates[0].promised else f"({text})")
    worst = [max(by_cell[case.name, shape.name, n].share for shape in LOPSIDED) for n in SEEDS]
    return (case.claim, case.truth, case.wrong, *cells, f"({_DOT.join(map(_percent, worst))})")


def _limits(found: Calibration) -> Table:
    names = dict.fromkeys((rate.case.claim, rate.shape.name) for rate in found.limits)
    return Table(
        name="limits",
        words=2,
        title="Where no test on seeds can keep its promise",
        header=("claim", "values", *(f"n = {n}" for n in SEEDS)),
        rows=tuple(
            (
                claim,
                shape,
                *(
                    _percent(rate.share)
                    for rate in found.limits
                    if (rate.case.claim, rate.shape.name) == (claim, shape)
                ),
            )
            for claim, shape in names
        ),
        note=f'Wrong "supported" in per cent of {found.studies:,} studies, the difference being at the margin.',
    )


def _coverage(found: Calibration) -> Table:
    names = dict.fromkeys((c.what, c.shape.name) for c in found.coverages)
    return Table(
        name="coverage",
        words=2,
        title="Intervals of 95 % that hold the truth, in %",
        header=("interval", "values", *(f"n = {n}" for n in SEEDS), "promised"),
        rows=tuple(_coverage_row([c for c in found.coverages if (c.what, c.shape.name) == key]) for key in names),
        note=(
            f"Of {found.studies:,} studies; of {max(c.studies for c in found.coverages if c.what == 'crossing'):,} for the lowest "
            f"member, the crossing and the best, and of {max(c.studies for c in found.coverages if c.what == 'bootstrap'):,} for "
            "the bootstrap, which is decided study by study."
        ),
    )


def _coverage_row(cells: Sequence[Coverage]) -> tuple[str, ...]:
    by_n = {c.n: c for c in cells}
    band = cells[0].band
    promised = "–" if band is None else f"{100 * band[0]:g} to {100 * band[1]:g}"
    return (
        cells[0].what,
        cells[0].shape.name,
        *(_percent(by_n[n].share) if n in by_n else "–" for n in SEEDS),
        promised,
    )


def _power(found: Calibration) -> Table:
    effects = dict.fromkeys(point.effect for point in found.powers)
    by_cell = {(point.effect, point.n): point for point in found.powers}
    return Table(
        name="power",
        words=1,
        title="Chance of showing a true effect, in %",
        header=("true distance from the margin, in deviations", *(f"n = {n}" for n in SEEDS)),
        rows=tuple(
            (
                f"{effect:g}",
                *(f"{_percent(by_cell[effect, n].share)} ({_percent(by_cell[effect, n].formula)})" for n in SEEDS),
            )
            for effect in effects
        ),
        note=f"Simulated in {found.studies:,} studies of normal differences (by formula), for a single claim at 5 %.",
    )


def _seeds(found: Calibration) -> Table:
    return Table(
        name="seeds",
        words=1,
        title="Required seeds",
        header=(
            "seeds at hand",
            "true distance, in deviations",
            "seeds needed",
            "number right, effect observed",
            "the same, spread known",
            "number right, effect named beforehand",
            "range holds it",
        ),
        rows=tuple(
            (
                str(s.n),
                f"{s.effect:g}",
                str(s.needed),
                *(_percent(share) for share in (s.right, s.right_spread_known, s.right_given, s.in_range)),
            )
            for s in found.seeds
        ),
        note=(
            f"Per cent of {found.studies:,} studies of normal differences; right is within a factor of {FACTOR:g}. For a single "
            "claim at 5 % and 80 % power."
        ),
    )


def _shared(found: Calibration) -> Table:
    rows = dict.fromkeys((s.scatter.name, s.comparisons) for s in found.shared)
    effects = _DOT.join(f"{effect:g}" for effect in dict.fromkeys(s.effect for s in found.shared))
    return Table(
        name="shared",
        words=1,
        title="Required seeds for a named effect",
        header=("comparisons scatter", "comparisons", *(f"right, n = {n}" for n in SEEDS), "range holds it, least"),
        rows=tuple(_shared_row([s for s in found.shared if (s.scatter.name, s.comparisons) == row]) for row in rows),
        note=(
            f"Per cent of {found.shared[0].studies:,} studies of normal differences; right is within a factor of {FACTOR:g}, for "
            f"named effects of {effects} deviations. Numbers in parentheses are stated, not promised; the range always is."
        ),
    )


def _shared_row(cells: Sequence[SharedEstimate]) -> tuple[str, ...]:
    shares = []
    for n in SEEDS:
        of_n = [cell for cell in cells if cell.n == n]
        text = _DOT.join(_percent(cell.right) for cell in of_n)
        shares.append(text if of_n[0].promised else f"({text})")
    least = min(cell.in_range for cell in cells)
    return (cells[0].scatter.name, str(cells[0].comparisons), *shares, _percent(least))
