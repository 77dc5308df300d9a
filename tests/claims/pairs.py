"""Cases of two models, or of one and a published number, from errors by seed to verdicts.

With three pairs -1, -2, -3 (a = 1, 2, 3; b = 2, 4, 6) the one-sided p value is 0.037090, see test_statistics.
"""

import math
from typing import Any

from pkbench.claims.evaluate import Evaluation, evaluate
from pkbench.claims.verdict import Verdict
from tests.claims.factory import LESS, QUOTED, Study, reported, study

A = (1.0, 2.0, 3.0)
B = (2.0, 4.0, 6.0)
P = 0.5 - math.sqrt(12) / (2 * math.sqrt(14))
MARGIN = LESS | {"margin": 1.0}


def evaluation(s: Study) -> Evaluation:
    return evaluate(s.scaled, s.runs, s.records)


def verdicts(s: Study) -> list[Verdict]:
    return list(evaluation(s).verdicts)


def only(s: Study) -> Verdict:
    (verdict,) = verdicts(s)
    return verdict


def three(**changes: Any) -> Study:
    return study(seeds=(0, 1, 2), **changes)


def compared(a: Any = A, b: Any = B, *, images: int = 10_000, **changes: Any) -> Study:
    s = study(seeds=tuple(range(len(a))), **changes)
    s.finish("a", a, images=images)
    s.finish("b", b, images=images)
    return s


def against_quoted(
    errors: Any = A, profile: Any = "paper", mean: float = 5.0, *, images: int = 10_000, **number: Any
) -> Verdict:
    s = study(profile, seeds=tuple(range(len(errors))), claims=(QUOTED,), numbers=(reported("lasso", mean, **number),))
    s.finish("a", errors, images=images)
    return only(s)
