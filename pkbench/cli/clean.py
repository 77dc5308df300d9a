"""``pkbench clean``: delete what nobody needs any more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pkbench.cli import completion
from pkbench.cli.console import say, say_json
from pkbench.cli.options import Json, Results
from pkbench.cli.units import size

if TYPE_CHECKING:
    from pkbench.results.clean import Candidate


def register(app: typer.Typer) -> None:
    """Add ``clean`` to ``app``."""
    app.command("clean")(clean)


def clean(
    specs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SPEC]...",
            help="Spec files or ids [default: all of the project, and the caches].",
            autocompletion=completion.specs,
        ),
    ] = None,
    results: Results = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete; without it they are only listed.")] = False,
    json_: Json = False,
) -> None:
    """List what can go, with sizes: ended runs' checkpoints, damaged files, what no spec asks for, stale reports, old caches.

    What a running process works on is left alone, and so are further seeds of what a spec asks for.
    """
    from pkbench.results.clean import find, remove
    from pkbench.results.subject import subjects

    found = find(subjects(specs or [], results), caches=not specs)
    candidates = remove(found) if yes else list(found.candidates)
    if json_:
        rows = [{"path": str(one.path), "why": one.why, "bytes": one.bytes} for one in candidates]
        say_json({"deleted": yes, "files": rows, "notes": list(found.notes)})
        return
    for note in found.notes:
        say(f"note: {note}")
    by_reason: dict[str, list[Candidate]] = {}
    for one in candidates:
        by_reason.setdefault(one.why, []).append(one)
    for why, members in by_reason.items():
        say(f"{why}: {len(members)}, {size(sum(one.bytes for one in members))}")
        for one in members:
            say(f"    {_shown(one.path)}  {size(one.bytes)}")
    total = size(sum(one.bytes for one in candidates))
    if not candidates:
        say("nothing can go")
    elif yes:
        say(f"deleted {len(candidates)}, {total}")
    else:
        say(f"{len(candidates)} can go, {total}; nothing was deleted: `pkbench clean --yes` does it")


def _shown(path: Path) -> str:
    """``path`` as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
