"""The sign test: of how many seeds is ``a`` better than ``b`` by more than the margin? It assumes nothing about the spread."""

from __future__ import annotations

from math import comb
from statistics import median
from typing import Literal

from pkbench.extend.base import Options
from pkbench.extend.claim import Assessment, ClaimExtension, Values


class SignTestOptions(Options):
    """What a spec says of a sign test."""

    better: Literal["lower", "higher"]
    """Which values of the metric are the better ones."""


class SignTestExtension(ClaimExtension[SignTestOptions]):
    """``name = "sign-test"``: one model against another, paired by seed."""

    api = 1
    options = SignTestOptions

    def assess(self, options: SignTestOptions, a: Values, b: Values, margin: float, alpha: float) -> Assessment:
        """The effect is the median of ``a - b``; differences that equal the margin count on neither side (Dixon & Mood 1946)."""
        del alpha
        if len(a) != 1 or len(b) != 1:
            raise ValueError("a sign test is of two single models")
        ((name, of_a),), ((other, of_b),) = a.items(), b.items()
        differences = [of_a[seed] - of_b[seed] for seed in of_a]
        gains = [-d if options.better == "lower" else d for d in differences]
        wins, losses = sum(gain > margin for gain in gains), sum(gain < margin for gain in gains)
        return Assessment(
            effect=median(differences),
            interval=None,
            p_for=_tail(wins, wins + losses),
            p_against=_tail(losses, wins + losses),
            sentence=f"{name} is better than {other} by more than {margin:g} with {wins} of {len(gains)} seeds.",
        )


def _tail(k: int, n: int) -> float:
    """Chance of at least ``k`` heads in ``n`` throws of a fair coin."""
    return float(sum(comb(n, i) for i in range(k, n + 1)) / 2**n)
