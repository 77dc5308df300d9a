"""What can go wrong, as values: every error says what was found, what is required, what to do, and where.

The command line turns a :class:`PkbenchError` into one short message and its ``exit_code``; nothing
else is allowed to end in a message without a traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a text file. ``line`` and ``column`` count from 1; 0 means the whole file."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong with an input: where, what was found, what is required, and the way out."""

    place: Place
    what: str
    constraint: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        parts = [part for part in (self.what, self.constraint, self.remedy) if part]
        return f"{self.place}: {'; '.join(parts)}"


class PkbenchError(Exception):
    """Base of every error a user can cause or cure.

    Attributes:
        what: what was found, with its value.
        constraint: what is required instead.
        remedy: what to do about it.
        place: where it is, when there is such a place.
    """

    exit_code = 1

    def __init__(self, what: str, *, constraint: str = "", remedy: str = "", place: Place | None = None) -> None:
        self.what = what
        self.constraint = constraint
        self.remedy = remedy
        self.place = place
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The error in one line."""
        text = "; ".join(part for part in (self.what, self.constraint, self.remedy) if part)
        return f"{self.place}: {text}" if self.place else text


class UsageError(PkbenchError):
    """A command was called with something it cannot use."""

    exit_code = 2


class SpecError(PkbenchError):
    """A spec file has faults; ``faults`` holds all of them, in file order."""

    exit_code = 2

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class DataError(PkbenchError):
    """A data set is missing, damaged or not what its spec says."""

    exit_code = 2


class DataMemoryError(DataError):
    """A data set does not fit into the memory that is free."""


class ExtensionError(PkbenchError):
    """An installed extension is missing, broken or not what it has to be."""

    exit_code = 2


class StoreError(PkbenchError):
    """A result folder cannot be read or written."""


class TrainingError(PkbenchError):
    """A run cannot go on (for instance: its loss is not a number)."""
