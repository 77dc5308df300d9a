"""``pkbench doctor``: what this machine has, what it lacks, and the command that cures it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from pkbench.cli.console import say, say_json
from pkbench.cli.options import Json, Results

if TYPE_CHECKING:
    from pkbench.doctor.symptom import Symptom

EXIT_MISSING: Final = 1
_SIGNS: Final = {"ok": "✓", "note": "–", "missing": "✗"}


def register(app: typer.Typer) -> None:
    """Add ``doctor`` to ``app``."""
    app.command("doctor")(doctor)


def doctor(results: Results = None, json_: Json = False) -> None:
    """Look at Python, torch, extensions, GPU, bf16, compiler, space, folders and the data of the specs here. Downloads nothing.

    Exit code 0: everything that is needed is here. 1: something is missing; its line says what to type.
    """
    found = []
    for symptom in _symptoms(results):
        found.append(symptom)
        if not json_:
            say(f"{_SIGNS[symptom.state]} {symptom.what}: {symptom.found}")
            if symptom.remedy:
                say(f"    {symptom.remedy}")
    missing = sum(symptom.state == "missing" for symptom in found)
    if json_:
        say_json([asdict(symptom) for symptom in found])
    else:
        say("everything that is needed is here" if not missing else f"{missing} needed things are missing")
    if missing:
        raise typer.Exit(EXIT_MISSING)


def _symptoms(results: Path | None) -> Iterator[Symptom]:
    from pkbench.doctor.extensions import extensions
    from pkbench.doctor.hardware import hardware
    from pkbench.doctor.places import data, folders
    from pkbench.doctor.software import software
    from pkbench.spec.find import nearest_folder
    from pkbench.store.places import project_folder, results_folder

    specs = nearest_folder()
    example = (specs or Path.cwd()) / "any.toml"
    yield from software()
    yield from extensions()
    yield from hardware()
    yield from folders(project_folder(example), results_folder(example, results))
    yield from data(sorted(specs.glob("*.toml")) if specs else [])
