"""Saying what is wrong with a user's data in one message: the file, the first few rows, how many in all."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from pkbench.errors import DataError, Place

ROWS_SHOWN = 5
LONGEST = 1000
"""Characters of a message that come out of a file."""
_SHOWN = 100
"""Characters that are shown of a single name or value."""


class RowFaults:
    """The faulty rows of one file: the first :data:`ROWS_SHOWN` in words, all of them by number.

    ``things`` is what its rows are.
    """

    def __init__(self, file: Path | str, things: str = "images") -> None:
        self.file = file
        self.things = things
        self.shown: list[str] = []
        self.count = 0

    def add(self, row: str | int, what: str) -> None:
        """Note that ``row`` (a number from 0, or an image's name) has the fault ``what``."""
        if self.count < ROWS_SHOWN:
            self.shown.append(f"{f'row {row}' if isinstance(row, int) else row[:_SHOWN]}: {what[:_SHOWN]}")
        self.count += 1

    def check(self, total: int, constraint: str, remedy: str = "correct or remove them") -> None:
        """Raise what was noted.

        Raises:
            DataError: anything was; it names the file, the first rows and the count out of ``total``.
        """
        if not self.count:
            return
        rest = self.count - len(self.shown)
        listed = ", ".join(self.shown) + (f", and {rest} more" if rest else "")
        numbered = " (the first row is row 0)" if "row " in listed else ""
        raise DataError(
            one_line(f"{self.count} of {total} {self.things} cannot be used{numbered}: {listed}"),
            constraint=constraint,
            remedy=remedy,
            place=Place(str(self.file)),
        )


def file_error(file: Path | str, what: str, constraint: str, remedy: str) -> DataError:
    """The error for a fault of a whole file, or of what is described in its place."""
    return DataError(one_line(what), constraint=constraint, remedy=remedy, place=Place(str(file)))


def choices(wanted: str, present: Iterable[str]) -> str:
    """A remedy that names what there is instead of ``wanted``, the most alike first."""
    names = sorted(name[:_SHOWN] for name in present)
    plain = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(wanted.casefold(), list(plain)[:_SHOWN], n=1)
    meant = f"did you mean '{plain[close[0]]}'? " if close else ""
    listed = ", ".join(f"'{name}'" for name in names[:10]) + (", …" if len(names) > 10 else "")
    return one_line(f"{meant}there {'is' if len(names) < 2 else 'are'} {listed or 'none at all'}")


def one_line(text: str) -> str:
    """``text`` on one line without control characters, and no longer than a line can be: files may hold anything."""
    line = "".join(letter if letter.isprintable() else "?" for letter in " ".join(text[: 2 * LONGEST].split()))
    return line if len(text) <= LONGEST else f"{line[:LONGEST]}…"


def check_colours(colours: int, policy: str) -> None:
    """Check that images of so many ``colours`` are ones that ``policy`` can change.

    Raises:
        DataError: they are neither grey nor RGB.
    """
    if colours not in (1, 3):
        raise DataError(
            f"images have {colours} colours",
            constraint=f"{policy} changes grey (1) or RGB (3) images",
            remedy='set train.augment.policy = "none" for this data',
        )
