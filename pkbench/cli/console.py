"""Printing: to whom, how an error looks, and what to do when nobody reads any more.

What is printed through here steers no terminal, wherever it comes from.
"""

from __future__ import annotations

import errno
import json
import os
import select
import shlex
import signal
import sys
from pathlib import Path
from typing import Any

from pkbench.errors import PkbenchError, SpecError
from pkbench.visible import in_json, printable


def say(text: str, *, err: bool = False) -> None:
    """Write the lines of ``text`` to standard output, or with ``err`` to standard error, at once: what comes next may take hours."""
    for line in text.split("\n"):
        print(printable(line), file=sys.stderr if err else sys.stdout, flush=True)


def say_json(value: Any) -> None:
    """Write ``value`` as JSON to standard output."""
    print(in_json(json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False)))  # noqa: T201


_REMEDIES = {
    errno.ENOSPC: "free space, and type the same command again",
    errno.EDQUOT: "free space, and type the same command again",
    errno.EROFS: "choose a folder that can be written",
    errno.EACCES: "check whose it is and its rights",
    errno.EPERM: "check whose it is and its rights",
    errno.EMFILE: "allow more open files: ulimit -n",
    errno.ENOMEM: "free memory, and type the same command again",
}


def print_error(error: PkbenchError) -> None:
    """Write ``error`` to standard error: a line for each fault, no traceback."""
    if isinstance(error, SpecError):
        for fault in error.faults:
            print(printable(str(fault)), file=sys.stderr)  # noqa: T201
        count = len(error.faults)
        print(f"{count} fault{'s' if count != 1 else ''}", file=sys.stderr)  # noqa: T201
    else:
        print(f"error: {printable(error.message)}", file=sys.stderr)  # noqa: T201


def refusal(error: OSError) -> PkbenchError:
    """What the system refused, as an error of ours: whatever it is, it is no fault of the code."""
    what = error.strerror or str(error) or type(error).__name__
    place = f"{error.filename}: " if error.filename is not None else ""
    return PkbenchError(f"{place}{what}", remedy=_REMEDIES.get(error.errno or 0, ""))


def end_with_reader() -> None:
    """Let the system end this process, as it ends others, when whoever reads its output has gone (``| head``).

    For verbs that print and do nothing else from there on: others talk through sockets and pipes of their own, whose end is
    not to be theirs.
    """
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def reader_gone() -> bool:
    """Whether standard output is a pipe that nobody reads any more."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(found & select.POLLERR for _, found in poll.poll(0))
    except (OSError, ValueError):
        return False


def forget_output() -> None:
    """Send what is still to be printed nowhere, so that the interpreter does not fail on it while it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def as_typed(path: Path) -> str:
    """``path`` as one would type it here: relative to the current folder where that is shorter, quoted where a shell needs it."""
    relative = os.path.relpath(path)
    return shlex.quote(relative if len(relative) < len(str(path)) else str(path))


def marked(text: str) -> str:
    """``text`` for Rich: without markup and control characters."""
    from rich.markup import escape

    return escape(printable(text))
