"""How often a verdict is wrong: many studies of a case, decided at once, some of them by the real path as well."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from pkbench.claims.calibration.batch import CONTRADICTED, SUPPORTED, Draws, Outcomes, outcomes
from pkbench.claims.calibration.cases import ALPHA, LEVEL, Case
from pkbench.claims.calibration.shapes import Array, Shape, generator
from pkbench.claims.calibration.stage import DATA, QUOTED, verdicts
from pkbench.claims.statistics import deviation, mean
from pkbench.spec.claim import LessClaim, Reported

SEEDS: Final = (3, 5, 10)
"""Seeds a study."""
RECHECKED: Final = 3
"""Studies of each kind, wrongly decided and not, that the real path decides as well."""
MONTE_CARLO: Final = 4.0
"""Monte-Carlo errors by which a rate that is just alpha may lie above it: of some hundred rates none should by chance."""

_CODES: Final = {"inconclusive": 0, "supported": SUPPORTED, "contradicted": CONTRADICTED}


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of ``studies`` with ``n`` seeds each ended in the wrong verdict."""

    case: Case
    shape: Shape
    n: int
    studies: int
    wrong: int
    rechecked: int
    disagreeing: int
    """Of the ``rechecked`` studies, those that the real path decides otherwise."""

    @property
    def share(self) -> float:
        """The rate, from 0 to 1."""
        return self.wrong / self.studies

    @property
    def promised(self) -> bool:
        """Whether it has to be within alpha."""
        return self.shape.name in self.case.held

    @property
    def holds(self) -> bool:
        """Whether it is within alpha, as far as so many studies can tell."""
        return self.share <= ALPHA + MONTE_CARLO * monte_carlo_error(ALPHA, self.studies)


def monte_carlo_error(share: float, studies: int) -> float:
    """Standard error of a simulated rate."""
    return math.sqrt(share * (1 - share) / studies)


def draw(case: Case, shape: Shape, n: int, studies: int) -> Draws:
    """Values of ``studies`` studies of ``case`` with ``n`` seeds each; per cent."""
    random = generator(case.name, shape.name, n)
    names = list(case.means)
    sizes = [len(case.means[name]) for name in names]
    scatter = shape.draw(random, studies, sum(sizes), n)
    if shape.lopsided:
        # What stands still is left a hundred-millionth of the scatter, as equal values are no test.
        still = np.concatenate([case.scatters[name] for name in names])
        scatter = scatter * np.maximum(still, 1e-8)[:, None]
    means = LEVEL + np.concatenate([case.means[name] for name in names])
    parts = np.split(means[:, None] + scatter, np.cumsum(sizes)[:-1], axis=1)
    published = LEVEL + shape.draw(random, studies, 1, case.published)[:, 0] if case.published else None
    return Draws(dict(zip(names, parts, strict=True)), published)


def rate(case: Case, shape: Shape, n: int, studies: int) -> Rate:
    """Simulate ``case``; the first wrongly decided studies and the first others are decided by the real path too."""
    draws = draw(case, shape, n, studies)
    found = outcomes(case.claims, draws)
    wrong = (found[:, list(case.judged)] == _CODES[case.wrong]).any(axis=1)
    chosen = [*np.flatnonzero(wrong)[:RECHECKED], *np.flatnonzero(~wrong)[:RECHECKED]]
    disagreeing = sum(not np.array_equal(found[k], really_decided(case, draws, int(k))) for k in chosen)
    return Rate(case, shape, n, studies, int(wrong.sum()), len(chosen), disagreeing)


def really_decided(case: Case, draws: Draws, study: int) -> Outcomes:
    """What ``assess`` and ``conclude`` make of one study, coded as :func:`~.batch.outcomes` does."""
    values = {name: array[study].tolist() for name, array in draws.values.items()}
    reported = () if draws.published is None else (_reported(case, draws.published[study]),)
    found = verdicts(case.claims, values, reported)
    return np.array([_CODES[verdict.outcome] for verdict in found], dtype=np.int8)


def _reported(case: Case, seeds: Array) -> Reported:
    """The published number that those ``seeds`` give: of a value claim's model, or of the quoted row."""
    values = seeds.tolist()
    quoted = isinstance(case.claims[0], LessClaim)
    return Reported(
        row=QUOTED if quoted else case.claims[0].a,
        data=DATA,
        metric="test_error",
        mean=mean(values),
        sd=deviation(values) if quoted and len(values) > 1 else None,
        n=len(values),
        place="Nowhere",
    )
