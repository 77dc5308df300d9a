"""Cases of curves: a family of three members, or two, with errors by member and seed."""

import math
from collections.abc import Sequence
from typing import Any

from pkbench.claims.evaluate import evaluate
from pkbench.claims.verdict import Verdict
from tests.claims.factory import Study, curve, study, swept

P12 = 0.5 - math.sqrt(12) / (2 * math.sqrt(14))
"""p of three values -1, -2, -3: see test_statistics."""
SIZES = (8, 16, 32)
FALLS = curve("trend", direction="falls", margin=0.0)
LOWEST = curve("minimum-near", target=16.0, within=1.0)
CROSSES = curve("crossing", b="b", margin_first=0.0, margin_last=0.0)
Table = Sequence[Sequence[float]]


def verdict(s: Study) -> Verdict:
    (found,) = evaluate(s.scaled, s.runs, s.records).verdicts
    return found


def curves(claim: dict[str, Any], a: Table, b: Table | None = None, *, images: int = 10_000, **changes: Any) -> Study:
    """A family of a, and one of b or a single model, with errors by member and seed."""
    sizes = SIZES[: len(a)]
    models = {"a": swept(C=sizes)}
    if b is not None:
        models["b"] = {"C": 9} if len(b) == 1 else {"mixing": "random", "rp_placement": "layer"} | swept(C=sizes)
    s = study(seeds=tuple(range(len(a[0]))), claims=(claim,), models=models, **changes)
    for side, table in (("a", a), ("b", b or ())):
        for size, errors in zip(sizes, table, strict=False):
            s.finish(side if len(table) == 1 else f"{side}-c{size}", errors, images=images)
    return s


def judged(claim: dict[str, Any], a: Table, b: Table | None = None, **more: Any) -> Verdict:
    return verdict(curves(claim, a, b, **more))


# For each doubling of C the seeds fall by 1, 2 and 3.
FALLING = ((10.0, 10.0, 10.0), (9.5, 8.0, 7.5), (8.0, 6.0, 4.0))
# The middle is lower than the first by 1, 2, 3 and than the last by 4, 4, 5.
VALLEY = ((2.0, 4.0, 6.0), (1.0, 2.0, 3.0), (5.0, 6.0, 8.0))
TEN = (10.0, 10.0, 10.0)
# a is above at 8 by 1, 2, 3; at 32 below by 4, 4, 5.
ABOVE, MIDDLE, BELOW = (11.0, 12.0, 13.0), (10.5, 10.0, 11.0), (6.0, 6.0, 5.0)
