"""Printing: to whom, and how an error looks."""

from __future__ import annotations

import sys

from pkbench.errors import PkbenchError, SpecError


def print_error(error: PkbenchError) -> None:
    """Write ``error`` to standard error: a line for each fault, no traceback."""
    if isinstance(error, SpecError):
        for fault in error.faults:
            print(fault, file=sys.stderr)  # noqa: T201
        count = len(error.faults)
        print(f"{count} fault{'s' if count != 1 else ''}", file=sys.stderr)  # noqa: T201
    else:
        print(f"error: {error.message}", file=sys.stderr)  # noqa: T201
