"""Printing: to whom, and how an error looks."""

from __future__ import annotations

import sys

from pkbench.errors import PkbenchError, SpecError


def print_error(error: PkbenchError) -> None:
    """Write ``error`` to standard error: a line for each fault, no traceback."""
    if isinstance(error, SpecError):
        for fault in error.faults:
            print(printable(str(fault)), file=sys.stderr)  # noqa: T201
        count = len(error.faults)
        print(f"{count} fault{'s' if count != 1 else ''}", file=sys.stderr)  # noqa: T201
    else:
        print(f"error: {printable(error.message)}", file=sys.stderr)  # noqa: T201


def printable(text: str) -> str:
    """``text`` in one line without control characters: names of files and columns may hold a terminal's commands."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
