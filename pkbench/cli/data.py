"""``pkbench data``: where the data of a spec is, getting it, and checking all of it before anything trains on it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pkbench.cli import completion
from pkbench.cli.console import end_with_reader, marked, print_error, say, say_json
from pkbench.cli.options import Json, Profile
from pkbench.cli.units import size
from pkbench.errors import DataError, UsageError

if TYPE_CHECKING:
    from pkbench.data.summary import Summary
    from pkbench.spec.load import LoadedSpec
    from pkbench.spec.scale import AnyData

EXIT_FAULT = 2

Specs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SPEC...]",
        help="Spec files or ids [default: all in the nearest specs/ folder].",
        autocompletion=completion.specs,
    ),
]
SpecName = Annotated[
    str,
    typer.Argument(
        metavar="SPEC",
        help="A spec file, or an id looked up in the nearest specs/ folder.",
        autocompletion=completion.specs,
    ),
]
Ids = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID...]", help="Data sets by id [default: all].", autocompletion=completion.data_sets),
]
Out = Annotated[Path | None, typer.Option("--out", help="Also write what was found to this JSON file.")]

group = typer.Typer(
    name="data",
    help="Where the data of a spec is; getting and checking it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    """Add ``data`` and its verbs to ``app``."""
    app.add_typer(group)


@group.command("list")
def list_(specs: Specs = None, json_: Json = False) -> None:
    """List every data set of the specs: its source, where it is looked for, and whether it is there."""
    from pkbench.spec.find import find_specs
    from pkbench.spec.load import LoadedSpec, load_any

    end_with_reader()
    found = [spec for spec in map(load_any, find_specs(specs or [])) if isinstance(spec, LoadedSpec)]
    rows = [_located(loaded, data) for loaded in found for data in loaded.spec.data]
    if json_:
        say_json(rows)
        return
    from rich.console import Console
    from rich.table import Table

    from pkbench.cli.fitting import Fitting

    table = Table("spec", "data", "source", "here", "size", "sha256", "place")
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        there = row["checksum"] is not None
        table.add_row(
            row["spec"],
            row["id"],
            row["source"],
            "yes" if there else "[yellow]no[/]",
            size(row["bytes"]) if there else "",
            row["checksum"][:12] if there else "",
            "\n".join(map(marked, row["places"])),
        )
    # Piped to a file or program there is no width to keep to: paths stay in one piece.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 10_000)
    console.print(Fitting(table))
    for row in rows:
        if row["problem"] is not None:
            console.print(f"[yellow]note:[/] {marked(row['problem'])}", soft_wrap=True)


@group.command("get")
def get(spec: SpecName, ids: Ids = None) -> None:
    """Download the data sets of a spec that torchvision brings; say where the others have to be.

    Exit code 0: all are here. 2: some are not.
    """
    from pkbench.data.fetch import fetch

    loaded = _load(spec)
    failed = False
    for data in _chosen(loaded, ids):
        try:
            fetched = fetch(data, loaded.path.parent)
        except DataError as error:
            print_error(error)
            failed = True
        else:
            say(f"{data.id}: {'downloaded' if fetched else 'already here'}")
    if failed:
        raise typer.Exit(EXIT_FAULT)


@group.command("check")
def check(spec: SpecName, profile: Profile = "quick", out: Out = None, json_: Json = False) -> None:
    """Read every data set of a spec's profile completely and say what is in it.

    Exit code 0: all are sound. 2: some are missing or faulty; each fault is named, and --out is not written.
    """
    from pkbench.atomic import write_bytes
    from pkbench.execute.prepare import at_profile

    end_with_reader()
    loaded = _load(spec)
    scaled = at_profile(loaded, profile)
    summaries = []
    for data in scaled.data:
        try:
            summary = _summary(data, loaded.path.parent)
        except DataError as error:
            print_error(error)
            continue
        summaries.append(summary)
        if not json_:
            _print_summary(summary)
    if len(summaries) < len(scaled.data):
        raise typer.Exit(EXIT_FAULT)
    manifest = {
        "spec": loaded.spec.experiment.id,
        "profile": scaled.profile_name,
        "data": [asdict(summary) for summary in summaries],
    }
    text = json.dumps(manifest, indent=1)
    if json_:
        say(text)
    if out is not None:
        write_bytes(out, text.encode() + b"\n")


def _load(name: str) -> LoadedSpec:
    """The spec called ``name``, or at that path."""
    from pkbench.spec.find import find_spec
    from pkbench.spec.load import load_spec

    return load_spec(find_spec(name))


def _chosen(loaded: LoadedSpec, ids: list[str] | None) -> list[AnyData]:
    """The data sets of a spec called ``ids``; all of them without.

    Raises:
        UsageError: the spec has no data set of such a name.
    """
    by_id = {data.id: data for data in loaded.spec.data}
    unknown = [name for name in ids or () if name not in by_id]
    if unknown:
        raise UsageError(
            f"{loaded.path} has no data set {', '.join(unknown)}", remedy=f"choose from: {', '.join(by_id)}"
        )
    return [by_id[name] for name in dict.fromkeys(ids or by_id)]


def _located(loaded: LoadedSpec, data: AnyData) -> dict[str, Any]:
    """Where ``data`` is, or would be looked for, as JSON values; ``checksum`` is None where it is not here."""
    from pkbench.data.identity import checksum, content_files, looked_at

    base = loaded.path.parent
    row: dict[str, Any] = {
        "spec": loaded.spec.experiment.id,
        "id": data.id,
        "source": data.source,
        "places": [],
        "bytes": None,
        "checksum": None,
        "problem": None,
    }
    try:
        row["places"] = [str(place) for place in looked_at(data, base)]
        row["checksum"] = checksum(data, base)
        row["bytes"] = sum(path.stat().st_size for _, path in content_files(data, base))
    except DataError as error:
        row["problem"] = error.message
    return row


def _summary(data: AnyData, base: Path) -> Summary:
    """Load ``data`` into memory and describe it."""
    from pkbench.data.assemble import assemble
    from pkbench.data.identity import checksum
    from pkbench.data.summary import summarise

    return summarise(data, checksum(data, base), assemble(data, base))


def _print_summary(summary: Summary) -> None:
    """``summary`` in a few lines."""
    from rich.console import Console

    few, many = summary.per_class
    lines = [
        f"[bold]{summary.id}[/] ({summary.source}): {' x '.join(map(str, summary.shape))}, {summary.classes} classes",
        f"  train {summary.train} ({few if few == many else f'{few} to {many}'} a class), "
        f"validation {summary.validation}, test {summary.test}",
        f"  {_statistics(summary)}",
        f"  sha256 {summary.checksum}",
    ]
    if summary.repeated_in_test:
        lines.append(f"  [yellow]note:[/] {summary.repeated_in_test} test images are also in the training part")
    Console(highlight=False).print("\n".join(lines), soft_wrap=True)


def _statistics(summary: Summary) -> str:
    """Mean and deviation of each colour, or of so many that they are no colours, their ranges."""
    if len(summary.mean) <= 4:
        colours = (f"{mean:.4f} ± {std:.4f}" for mean, std in zip(summary.mean, summary.std, strict=True))
        return f"mean ± deviation of each colour: {', '.join(colours)}"
    ranges = [f"{min(values):.4f} to {max(values):.4f}" for values in (summary.mean, summary.std)]
    return f"of {len(summary.mean)} colours: mean {ranges[0]}, deviation {ranges[1]}"
