"""What is wrong with a file that a result rests on: what was found, what it means, what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["damaged", "stale", "changed"]
"""damaged: not the bytes that were written. stale: sound, but made from what is no longer so. changed: the data, the spec or
the code is another than at the time, which damages nothing."""


@dataclass(frozen=True, slots=True, order=True)
class Discrepancy:
    """One file that is not as it was, or not of what there is now."""

    kind: Kind
    file: str
    what: str
    means: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.file}: {self.what}; {self.means}; {self.remedy}"


@dataclass(slots=True)
class Proof:
    """What was proven, and what could not be."""

    proven: Counter[str] = field(default_factory=Counter)
    """How many files of each kind are as they were written, and whose chain holds."""
    unproven_code: Counter[str] = field(default_factory=Counter)
    """How many records' code cannot be proven, by the reason."""
    discrepancies: list[Discrepancy] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What could not be looked at, and why: no discrepancy, but no proof either."""

    def extend(self, found: Iterable[Discrepancy]) -> bool:
        """Add what was ``found``; whether it is nothing."""
        before = len(self.discrepancies)
        self.discrepancies += found
        return len(self.discrepancies) == before
