"""Printing: to whom, and how an error looks. What is printed through here steers no terminal, wherever it comes from."""

from __future__ import annotations

import json
import sys
from typing import Any

from pkbench.errors import PkbenchError, SpecError
from pkbench.visible import in_json, printable


def say(text: str, *, err: bool = False) -> None:
    """Write the lines of ``text`` to standard output, or with ``err`` to standard error."""
    for line in text.split("\n"):
        print(printable(line), file=sys.stderr if err else sys.stdout)


def say_json(value: Any) -> None:
    """Write ``value`` as JSON to standard output."""
    print(in_json(json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False)))  # noqa: T201


def print_error(error: PkbenchError) -> None:
    """Write ``error`` to standard error: a line for each fault, no traceback."""
    if isinstance(error, SpecError):
        for fault in error.faults:
            print(printable(str(fault)), file=sys.stderr)  # noqa: T201
        count = len(error.faults)
        print(f"{count} fault{'s' if count != 1 else ''}", file=sys.stderr)  # noqa: T201
    else:
        print(f"error: {printable(error.message)}", file=sys.stderr)  # noqa: T201


def marked(text: str) -> str:
    """``text`` for Rich: without markup and control characters."""
    from rich.markup import escape

    return escape(printable(text))
