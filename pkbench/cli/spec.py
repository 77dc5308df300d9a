"""``pkbench validate`` and ``schema``: specs before anything is run."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pkbench.cli import completion
from pkbench.cli.console import end_with_reader, say, say_json
from pkbench.cli.options import Json
from pkbench.errors import Fault, Place, SpecError, StoreError, UsageError

if TYPE_CHECKING:
    from pkbench.spec.document import Spec
    from pkbench.spec.load import AnyLoaded


Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SPEC",
        help="Spec files, or ids [default: every spec in the nearest specs/ folder].",
        autocompletion=completion.specs,
    ),
]


def register(app: typer.Typer) -> None:
    """Add this group's commands to ``app``."""
    app.command("validate")(validate)
    app.command("schema")(schema)


def validate(specs: Names = None, json_: Json = False) -> None:
    """Check specs and print every fault with its place. Runs nothing, opens no data."""
    from pkbench.spec.find import find_spec, find_specs
    from pkbench.spec.load import load_any

    end_with_reader()
    faults: list[Fault] = []
    loaded: list[AnyLoaded] = []
    for name in specs or [str(path) for path in find_specs([])]:
        try:
            loaded.append(load_any(find_spec(name)))
        except SpecError as error:
            faults += error.faults
        except UsageError as error:
            faults.append(Fault(Place(name), error.what, error.constraint, error.remedy))
    if json_:
        say_json(_as_data(loaded, faults))
    else:
        for spec in loaded:
            _print(spec)
    if faults:
        raise SpecError(faults)


def _print(loaded: AnyLoaded) -> None:
    from pkbench.spec.load import LoadedSpec

    for warning in loaded.warnings:
        say(f"warning: {warning}", err=True)
    if not isinstance(loaded, LoadedSpec):
        say(f"ok {_shown(loaded.path)}  {_count(len(loaded.spec.claim), 'claim')}, nothing to train")
        return
    spec = loaded.spec
    parts = [_count(len(spec.model), "model"), _count(len(spec.data), "data set"), _count(len(spec.claim), "claim")]
    (first, runs), *others = _runs(spec).items()
    scales = [f"{first} {_count(runs, 'run')}", *(f"{name} {count:,}" for name, count in others)]
    say(f"ok {_shown(loaded.path)}  {', '.join(parts)}; {', '.join(scales)}")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _shown(path: Path) -> str:
    """``path`` as one would type it here."""
    shown = str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
    return shown.encode(errors="replace").decode()


def _runs(spec: Spec) -> dict[str, int]:
    """Runs at each profile, the smallest scale first."""
    from pkbench.spec.scale import scale

    counts: dict[str, int] = {}
    for name in ("quick", "fast", "paper"):
        if name in spec.profile:
            scaled = scale(spec, name)
            rates = sum(len(scaled.train_of(model).optimizer.lr) for model in scaled.models)
            counts[name] = rates * len(scaled.data) * len(scaled.train.seeds)
    return counts


def _as_data(loaded: list[AnyLoaded], faults: list[Fault]) -> dict[str, Any]:
    return {
        "ok": not faults,
        "specs": [
            {
                "file": str(spec.path),
                "id": spec.spec.experiment.id,
                "sha256": spec.sha256,
                "kind": spec.spec.experiment.kind,
                "claims": len(spec.spec.claim),
                **_training(spec),
                "warnings": [_fault_as_data(warning) for warning in spec.warnings],
            }
            for spec in loaded
        ],
        "faults": [_fault_as_data(fault) for fault in sorted(set(faults))],
    }


def _training(loaded: AnyLoaded) -> dict[str, Any]:
    """What is to be trained."""
    from pkbench.spec.load import LoadedSpec

    if not isinstance(loaded, LoadedSpec):
        return {"models": 0, "data": 0, "runs": {}}
    return {"models": len(loaded.spec.model), "data": len(loaded.spec.data), "runs": _runs(loaded.spec)}


def _fault_as_data(fault: Fault) -> dict[str, Any]:
    data = asdict(fault)
    return {**data.pop("place"), **data}


def schema(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write [default: standard output].")] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Every table and key in Markdown instead, for people.")
    ] = False,
) -> None:
    """Print the JSON Schema of a spec, for completion and checks in an editor."""
    from pkbench.spec.reference import reference
    from pkbench.spec.schema import schema_text

    text = f"{reference()}\n" if markdown else schema_text()
    if out is None:
        end_with_reader()
        typer.echo(text, nl=False)
    else:
        write_text(out, text)
        say(f"wrote {out}")


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path``, whole or not at all.

    Raises:
        UsageError: it cannot be written.
    """
    from pkbench.atomic import write_bytes

    try:
        write_bytes(path, text.encode())
    except StoreError as error:
        raise UsageError(error.what, remedy="choose another place") from error
