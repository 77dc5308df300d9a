"""A kind of claim from another package."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from pkbench.extend.base import O, WithOptions

Values = Mapping[str, Mapping[int, float]]
"""By the name of a single model (of a family: of each member) and by seed; every model has the same seeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What an extension finds. It is evidence and no verdict: that is made of it as of any other claim's."""

    effect: float
    """What the claim is about, in the metric's unit."""
    interval: tuple[float, float] | None
    """Two-sided ``1 - alpha`` interval of the effect; ``None`` where the method has none."""
    p_for: float
    """p value of a test whose rejection shows the claim."""
    p_against: float
    """p value of a test whose rejection shows that the claim is false; 1 where nothing could."""
    sentence: str
    """What was found, with its numbers, for people: one line of at most 1,000 characters. The verdict is added to it."""


class ClaimExtension(WithOptions[O]):
    """``[[claim]] kind = "extension"``.

    pkbench asks it only where a decision is possible at all: at least three seeds that nothing is missing of, with spread, and
    connections as equal as the claim wants them. Its p values are corrected together with all others of the spec (Holm).
    """

    @abstractmethod
    def assess(self, options: O, a: Values, b: Values, margin: float, alpha: float) -> Assessment:
        """What the values of ``a`` and ``b`` (empty where the claim names no other) say about the claim.

        Args:
            options: what the spec says.
            a: the metric at the end of training.
            b: the same of the other side.
            margin: the claim's, in the metric's unit.
            alpha: its error rate, before the correction.

        Raises:
            ValueError: nothing can be said; the message becomes the reason why nothing is decided.
        """
