"""One thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "missing"]
"""note: pkbench works without it, less well. missing: something that is needed is not there."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """What was found, and the command or change that cures it where it is not as it should be."""

    what: str
    state: State
    found: str
    remedy: str = ""
