"""How often intervals hold what they are about: of means, slopes, predicted numbers, and of places along a curve."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from pkbench.claims.bootstrap import FEWEST_FOR_BOOTSTRAP, bca_interval
from pkbench.claims.calibration.cases import ALPHA
from pkbench.claims.calibration.rates import MONTE_CARLO, SEEDS, monte_carlo_error
from pkbench.claims.calibration.shapes import LOPSIDED, NORMAL, SHAPES, SHARED, Array, Shape, generator
from pkbench.claims.calibration.stage import XS
from pkbench.claims.curve_tests import crossing, lowest

PROMISED: Final = (NORMAL.name, SHARED.name)
BAND: Final = (0.93, 0.97)
"""Where the coverage of a 95 % interval has to be for normal values."""
SLOW: Final = 10
"""Scalar code decides one study for so many of the batch."""

_COMPARED = 2

Covered = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of ``studies`` had the truth in the interval ``what``; ``band`` is where the share has to be, if anywhere."""

    what: str
    shape: Shape
    n: int
    studies: int
    covered: int
    band: tuple[float, float] | None

    @property
    def share(self) -> float:
        """The coverage, from 0 to 1."""
        return self.covered / self.studies

    @property
    def holds(self) -> bool:
        """Whether it is in its band, as far as so many studies can tell."""
        if self.band is None:
            return True
        slack = MONTE_CARLO * monte_carlo_error(ALPHA, self.studies)
        return self.band[0] - slack <= self.share <= self.band[1] + slack


def coverages(studies: int) -> Iterator[Coverage]:
    """Every interval at every shape and number of seeds that is looked at."""
    for n in SEEDS:
        for shape in (*SHAPES, LOPSIDED[0]):
            band = BAND if shape.name in PROMISED else None
            for what, covered in (("difference of pairs", _difference), ("slope", _slope), ("prediction", _prediction)):
                if shape.lopsided and what != "difference of pairs":
                    continue
                random = generator("coverage", what, shape.name, n)
                yield Coverage(what, shape, n, studies, int(covered(random, shape, n, studies).sum()), band)
            if n >= FEWEST_FOR_BOOTSTRAP:
                yield _slowly("bootstrap", _bootstrap, shape, n, studies // (2 * SLOW), None)
        yield _slowly("lowest member", _lowest, NORMAL, n, studies // SLOW, (1 - ALPHA, 1.0))
        yield _slowly("crossing", _crossing, NORMAL, n, studies // SLOW, (1 - ALPHA, 1.0))
        yield _slowly("best near − best elsewhere", _chosen, NORMAL, n, studies // SLOW, None)


def _slowly(
    what: str, covers: Callable[[Array], bool], shape: Shape, n: int, studies: int, band: tuple[float, float] | None
) -> Coverage:
    """By the scalar code itself, study by study; ``covers`` gets ``(models, n)`` deviations from the true means."""
    drawn = shape.draw(generator("coverage", what, shape.name, n), max(studies, 1), 2 * len(XS), n)
    return Coverage(what, shape, n, len(drawn), sum(covers(study) for study in drawn), band)


def t_interval(values: Array) -> tuple[Array, Array]:
    """The two-sided 95 % t interval of the mean over the last axis."""
    n = values.shape[-1]
    half = -stdtrit(n - 1, ALPHA / 2) * values.std(axis=-1, ddof=1) / np.sqrt(n)
    return values.mean(axis=-1) - half, values.mean(axis=-1) + half


def _holds_zero(values: Array) -> Covered:
    low, high = t_interval(values)
    return (low <= 0) & (high >= 0)


def _differences(drawn: Array, shape: Shape) -> Array:
    return drawn[:, 0] if shape.lopsided else drawn[:, 0] - drawn[:, 1]


def _difference(random: np.random.Generator, shape: Shape, n: int, studies: int) -> Covered:
    return _holds_zero(_differences(shape.draw(random, studies, _COMPARED, n), shape))


def _slope(random: np.random.Generator, shape: Shape, n: int, studies: int) -> Covered:
    log_x = np.log2(XS) - np.log2(XS).mean()
    return _holds_zero(np.tensordot(shape.draw(random, studies, len(XS), n), log_x, axes=(1, 0)))


def _prediction(random: np.random.Generator, shape: Shape, n: int, studies: int) -> Covered:
    """Of the mean of three further seeds."""
    ours = shape.draw(random, studies, 1, n)[:, 0]
    theirs = shape.draw(random, studies, 1, 3)[:, 0].mean(axis=-1)
    half = -stdtrit(n - 1, ALPHA / 2) * ours.std(axis=-1, ddof=1) * np.sqrt(1 / n + 1 / 3)
    covered: Covered = np.abs(ours.mean(axis=-1) - theirs) <= half
    return covered


def _bootstrap(drawn: Array) -> bool:
    found = bca_interval((drawn[0] - drawn[1]).tolist(), alpha=ALPHA)
    return found is not None and found[0] <= 0 <= found[1]


def _lowest(drawn: Array) -> bool:
    """All members are equal: the third has to be among those that may be the lowest."""
    return 2 in lowest(drawn[: len(XS)].tolist(), (False, False, True, False, False), ALPHA).plausible


def _chosen(drawn: Array) -> bool:
    """All members are equal: the best of four elsewhere looks better than it is, and the interval does not know."""
    bounds = lowest(drawn[: len(XS)].tolist(), (False, False, True, False, False), ALPHA).test.bounds
    return bounds is not None and bounds[0] <= 0 <= bounds[1]


def _crossing(drawn: Array) -> bool:
    """The true difference falls by one deviation a member and is 0 at the third."""
    a, b = drawn[: len(XS)] + np.arange(2.0, -3.0, -1.0)[:, None], drawn[len(XS) :]
    found = crossing(XS, a.tolist(), b.tolist(), ALPHA)
    return (found.low is None or found.low < XS[2]) and (found.high is None or XS[2] < found.high)
