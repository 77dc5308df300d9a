"""``pkbench export`` and ``pkbench import``: results as one archive, from one machine to another."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pkbench.cli import completion
from pkbench.cli.console import say, say_json
from pkbench.cli.options import Json, Results
from pkbench.cli.units import ranges, size


def register(app: typer.Typer) -> None:
    """Add ``export`` and ``import`` to ``app``."""
    app.command("export")(export)
    app.command("import")(import_)


def export(
    out: Annotated[Path, typer.Option("--out", "-o", help="The archive: a name that ends in .tar.gz or .zip.")],
    specs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SPEC]...",
            help="Spec files or ids [default: all that have results].",
            autocompletion=completion.specs,
        ),
    ] = None,
    results: Results = None,
    json_: Json = False,
) -> None:
    """Write all sound records and kept weights into one archive with a manifest of checksums."""
    from pkbench.results.archive import place_of, write_archive
    from pkbench.results.subject import subjects

    contents, problems = write_archive(subjects(specs or [], results), out)
    for problem in problems:
        say(f"warning: {problem}", err=True)
    places = [place_of(member.name) for member in contents.members]
    counts = Counter(f"{place.spec_id} {place.kind}" for place in places)
    if json_:
        say_json({"archive": str(out), "files": counts, "left_out": list(problems)})
        return
    for what, number in counts.items():
        say(f"{what}: {number}")
    say(
        f"{out}: {len(places)} files, {size(out.stat().st_size)}; on the other machine: pkbench import {shlex.quote(out.name)}"
    )


def import_(
    archive: Annotated[Path, typer.Argument(metavar="ARCHIVE", help="An archive that `pkbench export` wrote.")],
    results: Results = None,
    json_: Json = False,
) -> None:
    """Check an archive completely, then add the results that are not here yet. Nothing sound is overwritten, nothing executed."""
    from pkbench.results.take_in import take_in
    from pkbench.spec.find import nearest_folder
    from pkbench.store.places import results_folder

    folder = results_folder((nearest_folder() or Path.cwd()) / "any.toml", results)
    done = take_in(archive, folder)
    if json_:
        new = {spec: sorted(found) for spec, found in done.seeds.items()}
        say_json({**asdict(done), "seeds": new, "results": str(folder)})
        return
    for what, number in done.added.items():
        spec, _, kind = what.partition(" ")
        seeds = f" (seeds {ranges(sorted(done.seeds[spec]))})" if kind == "runs" else ""
        say(f"added: {what}: {number}{seeds}")
    for sentence in done.kept:
        say(f"note: {sentence}")
    alike = f", {done.alike} computed here too with the same result" if done.alike else ""
    notes = f"{len(done.kept)} note{'s' if len(done.kept) != 1 else ''}"
    say(f"{done.added.total()} added to {folder}, {done.same} there already{alike}, {notes}")
