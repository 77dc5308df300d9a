"""``pkbench report`` and ``pkbench claims``: verdicts from what is recorded. Nothing is trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pkbench.cli.options import Json, Profile, Results, Seeds

if TYPE_CHECKING:
    from pkbench.report.study import Study
    from pkbench.spec.load import LoadedSpec

EXIT_CONTRADICTED = 1

_WIDTH = 140
"""Columns of a table that goes to a file or a pipe."""


def register(app: typer.Typer) -> None:
    """Add ``report`` and ``claims`` to ``app``."""
    app.command("report")(report)
    app.command("claims")(claims)


def report(
    specs: Annotated[
        list[str] | None, typer.Argument(metavar="[SPEC]...", help="Spec files or ids [default: all of the project].")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile", "-p", help="Scale: quick, fast or paper [default: quick and every one with results]."
        ),
    ] = None,
    results: Results = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the report [default: reports/ of the project].")
    ] = None,
    seeds: Seeds = None,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 if a claim is contradicted.")] = False,
    json_: Json = False,
) -> None:
    """Write tables, figures, pages and data on every claim. With --json print the data and write nothing.

    Exit code 0: written. 1: --check found a contradicted claim. 2: bad input.
    """
    from pkbench.report.json_out import report_json
    from pkbench.spec.find import find_specs
    from pkbench.spec.load import load_spec

    loaded = [load_spec(path) for path in find_specs(specs or [])]
    # With no specs named, one that lacks the profile is no mistake of the user's.
    if profile is not None and not specs:
        loaded = [spec for spec in loaded if profile in spec.spec.profile] or loaded
    folders: dict[Path, list[Study]] = {}
    for spec in loaded:
        folders.setdefault(_report_folder(spec, out), []).extend(_studies(spec, profile, results, seeds))
    studies = [study for members in folders.values() for study in members]
    if json_:
        typer.echo(report_json(studies), nl=False)
    else:
        _write(folders)
    if check and any(verdict.outcome == "contradicted" for study in studies for verdict in study.evaluation.verdicts):
        raise typer.Exit(EXIT_CONTRADICTED)


def claims(
    spec: Annotated[
        str, typer.Argument(metavar="SPEC", help="Spec file, or id looked up in the nearest specs/ folder.")
    ],
    profile: Profile = "quick",
    results: Results = None,
    seeds: Seeds = None,
    json_: Json = False,
) -> None:
    """Print the verdicts on one spec's claims, and write metrics/ and plots/ beside its results (for DVC)."""
    import json

    from pkbench.report.dvc import write
    from pkbench.report.json_out import study_data
    from pkbench.spec.find import find_spec
    from pkbench.spec.load import load_spec
    from pkbench.store.files import Store
    from pkbench.store.places import results_folder

    loaded = load_spec(find_spec(spec))
    (found,) = _studies(loaded, profile, results, seeds)
    written = write(found, Store(results_folder(loaded.path, results)))
    if json_:
        typer.echo(json.dumps(study_data(found), indent=1, allow_nan=False, ensure_ascii=False))
        return
    _print_study(found, sentences=True)
    folders = dict.fromkeys(str(path.parent) for path in written)
    typer.echo(f"written: {', '.join(folders)}")


def _report_folder(loaded: LoadedSpec, out: Path | None) -> Path:
    from pkbench.store.places import project_folder

    return project_folder(loaded.path) / "reports" if out is None else out.resolve()


def _studies(loaded: LoadedSpec, profile: str | None, results: Path | None, seeds: int | None) -> list[Study]:
    """``loaded`` at ``profile``, or else at quick (or its first) and every other profile with records."""
    from dataclasses import replace

    from pkbench.execute.prepare import at_profile, data_checksums
    from pkbench.plan.select import with_seed_count
    from pkbench.report.study import read_records, study
    from pkbench.store.files import Store
    from pkbench.store.places import results_folder

    scan = read_records(Store(results_folder(loaded.path, results)), loaded.spec.experiment.id)
    names: list[str] = list(loaded.spec.profile)
    if profile is not None:
        names = [profile]
    else:
        recorded = {record.profile for record in scan.records.values()}
        default = "quick" if "quick" in names else names[0]
        names = [name for name in names if name == default or name in recorded]
    studies = []
    for name in names:
        scaled = at_profile(loaded, name)
        if seeds is not None:
            scaled = with_seed_count(scaled, seeds)
        here, _ = data_checksums(scaled, loaded.path.parent)
        # Without the file's place on this machine, so that the report is the same on every one.
        warnings = (str(replace(fault, place=replace(fault.place, file="line"))) for fault in loaded.warnings)
        studies.append(study(scaled, loaded.path, loaded.sha256, scan, here, warnings=warnings))
    return studies


def _write(folders: dict[Path, list[Study]]) -> None:
    from pkbench.report.build import write_report

    for folder, studies in folders.items():
        for study in studies:
            _print_study(study, sentences=False)
        paths = write_report(studies, folder)
        typer.echo(f"report: {paths[0]}")


def _print_study(study: Study, *, sentences: bool) -> None:
    """Tables of one study, its verdicts in words if asked for, and what to know of its runs."""
    from rich.console import Console

    from pkbench.report.sections import run_command
    from pkbench.report.tables import model_table, published_table, verdict_table
    from pkbench.report.words import outcome, plain

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, emoji=False, width=_WIDTH)
    evaluation = study.evaluation
    console.print(verdict_table(study))
    console.print(model_table(study))
    published = published_table(study)
    if published is not None:
        console.print(published)
    if sentences:
        for verdict in evaluation.verdicts:
            line = f"{outcome(verdict)}: {verdict.claim_id} on {verdict.data_id}. {verdict.sentence}"
            console.print(plain(line), soft_wrap=True)
            for note in verdict.notes:
                console.print(f"  note: {plain(note)}", soft_wrap=True)
    for note in (*evaluation.notes, *study.problems):
        console.print(plain(f"note: {note}"), soft_wrap=True)
    if evaluation.finished == 0:
        console.print(f"no runs yet: {run_command(study)}", soft_wrap=True)
