"""Options that several verbs share, declared once."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from pkbench.cli import completion
from pkbench.errors import UsageError

SpecNames = Annotated[
    list[str],
    typer.Argument(
        metavar="SPEC...",
        help="Spec files, or ids looked up in the nearest specs/ folder.",
        autocompletion=completion.specs,
    ),
]
Profile = Annotated[
    str, typer.Option("--profile", "-p", help="Scale: quick, fast or paper.", autocompletion=completion.profiles)
]
Results = Annotated[
    Path | None, typer.Option("--results", help="Results folder [default: results/ beside the spec's specs/ folder].")
]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        help="Only runs MODEL, MODEL/SEED, MODEL/DATA or MODEL/DATA/SEED ('*' for any); repeatable.",
        autocompletion=completion.models,
    ),
]
Seeds = Annotated[int | None, typer.Option("--seeds", min=1, max=1000, help="Number of seeds instead of the spec's.")]
Device = Annotated[
    str, typer.Option("--device", help="auto, cpu, cuda, cuda:N or mps.", autocompletion=completion.devices)
]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Runs at once [default: by cores; 1 on a GPU].")]
Engine = Annotated[
    str,
    typer.Option(
        "--engine",
        help="How steps are computed, for speed alone: auto, native (C, on a CPU), fused (Triton, on a GPU), batch-last or reference.",
        autocompletion=completion.engines,
    ),
]
Stack = Annotated[
    int | None,
    typer.Option(
        "--stack",
        min=1,
        help="Most runs of one shape to train as one stack; 1: none [default: none on a CPU, else as many as are measured to be fastest].",
    ),
]
CheckpointEvery = Annotated[
    list[str] | None,
    typer.Option(
        "--checkpoint-every",
        metavar="DURATION|EPOCHS",
        help="Save each run after so much time (60s, 5m) or so many epochs (2epochs); twice for both [default: 60s].",
    ),
]
Accumulate = Annotated[
    str,
    typer.Option(
        metavar="N|auto",
        help="Compute batches in N parts, the same up to rounding, where memory is short; auto: in as many as it demands. Not with BatchNorm.",
    ),
]
Executor = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Have runs computed by an installed extension; `pkbench doctor` lists them [default: pkbench].",
    ),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Compute again what is already done.")]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Try failed runs again.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output on standard output.")]

_EPOCHS = re.compile(r"(\d+) ?epochs?")
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


def interval_of(texts: Sequence[str]) -> tuple[float, int | None]:
    """``--checkpoint-every``, given once or more: the least seconds, infinite if none are given, and the least epochs.

    Raises:
        UsageError: a text is neither a duration nor a number of epochs above zero.
    """
    seconds, epochs = [math.inf], list[int]()
    for text in texts:
        match = _EPOCHS.fullmatch(text.strip())
        if match is None:
            seconds.append(_duration_or_epochs(text))
        elif int(match[1]) > 0:
            epochs.append(int(match[1]))
        else:
            raise UsageError(f"--checkpoint-every {text}", constraint="one epoch or more", remedy="write 1epoch")
    return min(seconds), min(epochs, default=None)


def _duration_or_epochs(text: str) -> float:
    try:
        return seconds_of(text)
    except UsageError as error:
        raise UsageError(
            f"--checkpoint-every {text}",
            constraint="a duration or a number of epochs",
            remedy="write 60s, 5m or 2epochs",
        ) from error


def parts_of(text: str) -> int | None:
    """Parts of a batch that ``--accumulate`` asks for; ``None`` for ``auto``.

    Raises:
        UsageError: the text is neither ``auto`` nor a whole number from 1.
    """
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(
            f"--accumulate {text}", constraint="a whole number of parts from 1, or auto", remedy="try --accumulate auto"
        )
    return int(text)
