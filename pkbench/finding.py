"""What comes out of checking one claim by computation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """The numbers behind a verdict: the claim holds where ``residual <= claim.tolerance``, which is decided elsewhere."""

    residual: float
    """How far the claim is from being true; the claim's kind says what it measures."""
    values: tuple[tuple[str, float], ...]
    """Named numbers worth a table."""
    sentence: str
    """What was compared, on what, and what came out."""
