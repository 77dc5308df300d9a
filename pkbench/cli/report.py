"""``pkbench report`` and ``pkbench claims``: verdicts from what is recorded. Nothing is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pkbench.cli.options import Json, Profile, Results, Seeds
from pkbench.cli.require import check as check_requirements
from pkbench.cli.studies import check_study_of, studies_of
from pkbench.errors import UsageError

if TYPE_CHECKING:
    from pkbench.report.checks import CheckStudy
    from pkbench.report.study import Study
    from pkbench.spec.load import LoadedChecks

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
    latex: Annotated[
        Path | None,
        typer.Option("--latex", metavar="DIR", help="Also write the tables as LaTeX (booktabs) into DIR."),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="DIR",
            help="Also write verdicts, members of families, models and runs as flat CSV tables into DIR.",
        ),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 if a claim is contradicted.")] = False,
    require: Annotated[
        list[str] | None,
        typer.Option(
            "--require",
            metavar="SPEC:CLAIM[:DATA][@PROFILE]=OUTCOME",
            help="Check this verdict instead, print what it is and write nothing; repeatable.",
        ),
    ] = None,
    json_: Json = False,
) -> None:
    """Write tables, figures, pages and data on every claim. With --json print the data and write nothing.

    Exit code 0: written. 1: --check found a contradicted claim, or a verdict is not what --require says. 2: bad input.
    """
    from pkbench.report.json_out import report_json

    _refuse_nonsense(writes=[latex, csv], out=out, require=bool(require), json_=json_)
    if require:
        code = check_requirements(require, specs or [], profile=profile, results=results, seeds=seeds, json_=json_)
        raise typer.Exit(code)
    folders = _gather(specs or [], profile, results, out, seeds)
    studies = [study for folder in folders.values() for study in folder.studies]
    checks = [study for folder in folders.values() for study in folder.checks]
    if json_:
        typer.echo(report_json(studies, checks), nl=False)
    else:
        _write(folders)
        _export(studies, checks, latex, csv)
    outcomes = [verdict.outcome for study in studies for verdict in study.evaluation.verdicts]
    outcomes += [verdict.outcome for checked_study in checks for verdict in checked_study.verdicts]
    if check and "contradicted" in outcomes:
        raise typer.Exit(EXIT_CONTRADICTED)


def _refuse_nonsense(*, writes: Sequence[Path | None], out: Path | None, require: bool, json_: bool) -> None:
    """Raise a ``UsageError`` where one option asks for files and another says that nothing is written."""
    if any(writes) and json_:
        raise UsageError("--json writes nothing", remedy="leave it out, or leave --latex and --csv out")
    if require and (any(writes) or out):
        raise UsageError("--require writes nothing", remedy="leave it out, or leave --latex, --csv and --out out")


def _gather(
    specs: list[str], profile: str | None, results: Path | None, out: Path | None, seeds: int | None
) -> dict[Path, _Folder]:
    """What is recorded of ``specs``, or of all of the project, by the folder its report goes to."""
    from pkbench.spec.find import find_specs
    from pkbench.spec.load import LoadedChecks, LoadedSpec, load_any

    found = [load_any(path) for path in find_specs(specs)]
    loaded = [spec for spec in found if isinstance(spec, LoadedSpec)]
    # With no specs named, one that lacks the profile is no mistake of the user's.
    if profile is not None and not specs:
        loaded = [spec for spec in loaded if profile in spec.spec.profile] or loaded
    folders: dict[Path, _Folder] = {_report_folder(spec.path, out): _Folder([], []) for spec in found}
    for spec in loaded:
        folders[_report_folder(spec.path, out)].studies.extend(studies_of(spec, profile, results, seeds))
    for checked in found:
        if isinstance(checked, LoadedChecks):
            folders[_report_folder(checked.path, out)].checks.append(check_study_of(checked, results))
    return folders


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
    from pkbench.spec.load import LoadedChecks, load_any
    from pkbench.store.files import Store
    from pkbench.store.places import results_folder

    loaded = load_any(find_spec(spec))
    if isinstance(loaded, LoadedChecks):
        _claims_of_checks(loaded, results, json_=json_)
        return
    (found,) = studies_of(loaded, profile, results, seeds)
    written = write(found, Store(results_folder(loaded.path, results)))
    if json_:
        typer.echo(json.dumps(study_data(found), indent=1, allow_nan=False, ensure_ascii=False))
        return
    _print_study(found, sentences=True)
    folders = dict.fromkeys(str(path.parent) for path in written)
    typer.echo(f"written: {', '.join(folders)}")


def _claims_of_checks(loaded: LoadedChecks, results: Path | None, *, json_: bool) -> None:
    """:func:`claims` for a spec whose claims are computed."""
    import json

    from pkbench.cli.checks import print_study
    from pkbench.report.checks import study_data, write_metrics
    from pkbench.store.files import Store
    from pkbench.store.places import results_folder

    study = check_study_of(loaded, results)
    written = write_metrics(study, Store(results_folder(loaded.path, results)))
    if json_:
        typer.echo(json.dumps(study_data(study), indent=1, allow_nan=False, ensure_ascii=False))
        return
    print_study(study)
    typer.echo(f"written: {written[0].parent}")


@dataclass(frozen=True, slots=True)
class _Folder:
    """What a report folder is about."""

    studies: list[Study]
    checks: list[CheckStudy]


def _report_folder(spec_path: Path, out: Path | None) -> Path:
    from pkbench.store.places import project_folder

    return project_folder(spec_path) / "reports" if out is None else out.resolve()


def _write(folders: dict[Path, _Folder]) -> None:
    from pkbench.cli.checks import print_study
    from pkbench.report.build import write_report

    for folder, content in folders.items():
        for study in content.studies:
            _print_study(study, sentences=False)
        for checked in content.checks:
            print_study(checked)
        paths = write_report(content.studies, content.checks, folder)
        typer.echo(f"report: {paths[0]}")


def _export(studies: list[Study], checks: list[CheckStudy], latex: Path | None, csv: Path | None) -> None:
    """Write the tables that were asked for and say where they are."""
    from pkbench.report.build import write_csv, write_latex

    if latex is not None:
        paths = write_latex(studies, checks, latex)
        typer.echo(f"latex: {latex} ({len(paths)} tables)")
    if csv is not None:
        write_csv(studies, checks, csv)
        typer.echo(f"csv: {csv} (verdicts, members of families, models, runs; columns.csv describes them)")


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
