"""Options that several verbs share, declared once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from pkbench.errors import UsageError

SpecNames = Annotated[
    list[str], typer.Argument(metavar="SPEC...", help="Spec files, or ids looked up in the nearest specs/ folder.")
]
Profile = Annotated[str, typer.Option("--profile", "-p", help="Scale: quick, fast or paper.")]
Results = Annotated[
    Path | None, typer.Option("--results", help="Results folder [default: results/ beside the spec's specs/ folder].")
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only", help="Only runs MODEL, MODEL/SEED, MODEL/DATA or MODEL/DATA/SEED ('*' for any); repeatable."
    ),
]
Seeds = Annotated[int | None, typer.Option("--seeds", min=1, max=1000, help="Number of seeds instead of the spec's.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, cuda:N or mps.")]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Runs at once [default: by cores; 1 on a GPU].")]
Engine = Annotated[
    str,
    typer.Option(
        "--engine", help="How steps are computed, for speed alone: auto, native (C, on a CPU), batch-last or reference."
    ),
]
Stack = Annotated[
    int | None,
    typer.Option(
        "--stack",
        min=1,
        help="Most runs of one shape to train as one stack; 1: none [default: as many as are measured to be fastest].",
    ),
]
Accumulate = Annotated[
    str,
    typer.Option(
        metavar="N|auto",
        help="Compute batches in N parts, the same up to rounding, where memory is short; auto: in as many as it demands.",
    ),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Compute again what is already done.")]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Try failed runs again.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output on standard output.")]

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?")


def seconds_of(text: str) -> float:
    """Seconds of a duration such as ``90``, ``90s``, ``30m``, ``1h30m``.

    Raises:
        UsageError: the text is no duration above zero.
    """
    match = _DURATION.fullmatch(text.strip())
    hours, minutes, seconds = (float(part or 0) for part in match.groups()) if match else (0.0, 0.0, 0.0)
    total = hours * 3600 + minutes * 60 + seconds
    if total <= 0:
        raise UsageError(f"{text!r} is no duration", remedy="write it as 90s, 30m or 1h30m")
    return total


def parts_of(text: str) -> int | None:
    """Parts of a batch that ``--accumulate`` asks for; ``None`` for ``auto``.

    Raises:
        UsageError: the text is neither ``auto`` nor a whole number from 1.
    """
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"--accumulate {text}", constraint="a whole number of parts from 1, or auto")
    return int(text)
