"""``pkbench report``: tables, figures, pages and data from what is recorded. Nothing is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pkbench.cli import completion
from pkbench.cli.console import end_with_reader, say
from pkbench.cli.options import Json, Results, Seeds
from pkbench.cli.require import check as check_requirements
from pkbench.errors import UsageError
from pkbench.results.studies import check_study_of, studies_of

if TYPE_CHECKING:
    from pkbench.report.checks import CheckStudy
    from pkbench.report.study import Study

EXIT_CONTRADICTED = 1


def register(app: typer.Typer) -> None:
    """Add ``report`` to ``app``."""
    app.command("report")(report)


def report(
    specs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SPEC]...",
            help="Spec files or ids [default: all of the project].",
            autocompletion=completion.specs,
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            "-p",
            help="Scale: quick, fast or paper [default: quick and every one with results].",
            autocompletion=completion.profiles,
        ),
    ] = None,
    results: Results = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the report [default: reports/ of the project].")
    ] = None,
    seeds: Seeds = None,
    html: Annotated[
        bool, typer.Option("--html", help="Also write all of it as one page without any other file, report.html.")
    ] = False,
    figures: Annotated[
        Path | None,
        typer.Option("--figures", metavar="DIR", help="Also write the figures as PDF, SVG and PNG into DIR."),
    ] = None,
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
            autocompletion=completion.requirements,
        ),
    ] = None,
    json_: Json = False,
) -> None:
    """Write tables, figures, pages and data on every claim. With --json print the data and write nothing.

    Exit code 0: written. 1: --check found a contradicted claim, or a verdict is not what --require says. 2: bad input.
    """
    from pkbench.report.json_out import report_json

    _refuse_nonsense(writes=[html, figures, latex, csv], out=out, require=bool(require), json_=json_)
    if require:
        end_with_reader()
        code = check_requirements(require, specs or [], profile=profile, results=results, seeds=seeds, json_=json_)
        raise typer.Exit(code)
    folders = _gather(specs or [], profile, results, out, seeds)
    studies = [study for folder in folders.values() for study in folder.studies]
    checks = [study for folder in folders.values() for study in folder.checks]
    if json_:
        end_with_reader()
        typer.echo(report_json(studies, checks), nl=False)
    else:
        _export(studies, checks, latex, csv)
        elsewhere = [path for path in (latex, csv, figures) if path is not None]
        _write(folders, elsewhere, figures, html=html)
    outcomes = [verdict.outcome for study in studies for verdict in study.evaluation.verdicts]
    outcomes += [verdict.outcome for checked_study in checks for verdict in checked_study.verdicts]
    if check and "contradicted" in outcomes:
        raise typer.Exit(EXIT_CONTRADICTED)


def _refuse_nonsense(*, writes: Sequence[Path | bool | None], out: Path | None, require: bool, json_: bool) -> None:
    """Raise a ``UsageError`` where one option asks for files and another says that nothing is written."""
    if any(writes) and json_:
        raise UsageError(
            "--json writes nothing", remedy="leave it out, or leave --html, --figures, --latex and --csv out"
        )
    if require and (any(writes) or out):
        raise UsageError(
            "--require writes nothing", remedy="leave it out, or leave --html, --figures, --latex, --csv and --out out"
        )


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


@dataclass(frozen=True, slots=True)
class _Folder:
    """What a report folder is about."""

    studies: list[Study]
    checks: list[CheckStudy]


def _report_folder(spec_path: Path, out: Path | None) -> Path:
    from pkbench.store.places import project_folder

    return project_folder(spec_path) / "reports" if out is None else out.resolve()


def _write(folders: dict[Path, _Folder], elsewhere: list[Path], figures: Path | None, *, html: bool) -> None:
    """Print and write the report of each folder; tables and further figures go to the folders ``elsewhere``."""
    from pkbench.cli.checks import print_study
    from pkbench.cli.claims import print_verdicts
    from pkbench.execute.device import available_cores
    from pkbench.report.build import write_page, write_report

    # Before anything is printed: whoever reads that may stop in the middle (`| head`).
    written = {
        folder: write_report(
            content.studies, content.checks, folder, available_cores(), elsewhere=elsewhere, export=figures
        )
        for folder, content in folders.items()
    }
    pages = {folder: write_page(content.studies, content.checks, folder) for folder, content in folders.items() if html}
    end_with_reader()
    for folder, content in folders.items():
        for study in content.studies:
            print_verdicts(study, sentences=False)
        for checked in content.checks:
            print_study(checked)
        say(f"report: {written[folder][0]}")
        if html:
            say(f"page: {pages[folder]}")
    if figures is not None:
        say(f"figures: {figures} (PDF, SVG and PNG)")


def _export(studies: list[Study], checks: list[CheckStudy], latex: Path | None, csv: Path | None) -> None:
    """Write the tables that were asked for and say where they are."""
    from pkbench.report.build import write_csv, write_latex

    if latex is not None:
        paths = write_latex(studies, checks, latex)
        say(f"latex: {latex} ({len(paths)} tables)")
    if csv is not None:
        write_csv(studies, checks, csv)
        say(f"csv: {csv} (verdicts, members of families, models, runs; columns.csv describes them)")
