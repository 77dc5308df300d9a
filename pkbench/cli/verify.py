"""``pkbench verify-results``: every record, figure and page proven from the stored bytes."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pkbench.cli import completion
from pkbench.cli.console import say, say_json
from pkbench.cli.options import Json, Results
from pkbench.errors import UsageError

if TYPE_CHECKING:
    from pkbench.results.discrepancy import Proof

EXIT_FOUND = 1


def register(app: typer.Typer) -> None:
    """Add ``verify-results`` to ``app``."""
    app.command("verify-results")(verify_results)


def verify_results(
    specs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SPEC]...",
            help="Spec files or ids [default: all results and reports of the project].",
            autocompletion=completion.specs,
        ),
    ] = None,
    results: Results = None,
    report: Annotated[
        list[Path] | None,
        typer.Option(
            "--report", metavar="DIR", help="A report's folder; repeatable [default: reports/ of the project]."
        ),
    ] = None,
    damage_only: Annotated[
        bool,
        typer.Option("--damage-only", help="Exit with 1 for damage alone, not where something merely changed since."),
    ] = False,
    json_: Json = False,
) -> None:
    """Prove records, weights, figures and pages by their checksums, down to data, spec and code. Executes nothing.

    Exit code 0: all of it holds. 1: something is damaged, stale or changed; each is named with what to do. 2: bad input.
    """
    from pkbench.report.manifest import NAME
    from pkbench.results.prove import prove
    from pkbench.results.subject import subjects

    for folder in report or ():
        if not (folder / NAME).exists() and not (folder / "index.md").exists():
            raise UsageError(f"there is no report in {folder}", remedy="name the folder that `pkbench report` wrote to")
    found = subjects(specs or [], results)
    folders = [folder.resolve() for folder in report or ()] or [subject.reports for subject in found]
    proof = prove(found, folders, named=bool(specs))
    proof.discrepancies.sort()
    if json_:
        proven = {name: number for name, number in proof.proven.items() if number}
        rows = [asdict(discrepancy) for discrepancy in proof.discrepancies]
        say_json({"proven": proven, "discrepancies": rows, "notes": proof.notes})
    else:
        _print(proof)
    if any(found.kind == "damaged" or not damage_only for found in proof.discrepancies):
        raise typer.Exit(EXIT_FOUND)


def _print(proof: Proof) -> None:
    """What is wrong first, each with its meaning and remedy; then what is proven."""
    for found in proof.discrepancies:
        say(f"{found.kind}: {found.file}: {found.what}")
        say(f"    {found.means}")
        say(f"    {found.remedy}")
    for note in proof.notes:
        say(f"note: {note}")
    proven = [f"{number} {name}" for name, number in proof.proven.items() if number]
    say(f"proven: {', '.join(proven) or 'nothing is there'}")
    kinds = Counter(found.kind for found in proof.discrepancies)
    say(
        ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
        or "nothing is damaged, stale or changed"
    )
