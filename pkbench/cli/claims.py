"""``pkbench claims``, and ``pkbench run --claims``: verdicts on one spec from what is recorded, and the files DVC reads."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pkbench.cli import completion
from pkbench.cli.console import end_with_reader, say, say_json
from pkbench.cli.options import Json, Profile, Results, Seeds
from pkbench.results.studies import check_study_of, studies_of

if TYPE_CHECKING:
    from pkbench.report.study import Study
    from pkbench.spec.load import AnyLoaded, LoadedChecks
    from pkbench.store.files import Store

_WIDTH = 140
"""Columns of a table that goes to a file or a pipe."""


def register(app: typer.Typer) -> None:
    """Add ``claims`` to ``app``."""
    app.command("claims")(claims)


def claims(
    spec: Annotated[
        str,
        typer.Argument(
            metavar="SPEC",
            help="Spec file, or id looked up in the nearest specs/ folder.",
            autocompletion=completion.specs,
        ),
    ],
    profile: Profile = "quick",
    results: Results = None,
    seeds: Seeds = None,
    json_: Json = False,
) -> None:
    """Print the verdicts on one spec's claims, and write data.json, metrics/ and plots/ beside its results (for DVC)."""
    from pkbench.spec.find import find_spec
    from pkbench.spec.load import load_any

    def show(data: dict[str, Any]) -> None:
        say_json(data)

    end_with_reader()
    judge(load_any(find_spec(spec)), profile, results, seeds, show if json_ else None)


def judge(
    loaded: AnyLoaded,
    profile: str,
    results: Path | None,
    seeds: int | None,
    show: Callable[[dict[str, Any]], None] | None,
) -> None:
    """What :func:`claims` does, with a spec that is loaded; ``show`` gets the verdicts as data in place of tables."""
    from pkbench.report.dvc import write
    from pkbench.report.json_out import study_data
    from pkbench.spec.load import LoadedChecks
    from pkbench.store.files import Store
    from pkbench.store.places import results_folder

    store = Store(results_folder(loaded.path, results))
    if isinstance(loaded, LoadedChecks):
        _judge_checks(loaded, store, results, show)
        return
    (found,) = studies_of(loaded, profile, results, seeds)
    written = write(found, store)
    if show is not None:
        show(study_data(found))
        return
    print_verdicts(found, sentences=True)
    say(f"written: {os.path.commonpath([path.parent for path in written])}")


def _judge_checks(
    loaded: LoadedChecks, store: Store, results: Path | None, show: Callable[[dict[str, Any]], None] | None
) -> None:
    """:func:`judge` for a spec whose claims are computed."""
    from pkbench.cli.checks import print_study
    from pkbench.report.checks import study_data, write_metrics

    study = check_study_of(loaded, results)
    written = write_metrics(study, store)
    if show is not None:
        show(study_data(study))
        return
    print_study(study)
    say(f"written: {written[0].parent}")


def print_verdicts(study: Study, *, sentences: bool) -> None:
    """Tables of one study, its verdicts in words if asked for, and what to know of its runs."""
    from rich.console import Console

    from pkbench.cli.fitting import Fitting
    from pkbench.report.marks import marks
    from pkbench.report.sections import run_command
    from pkbench.report.tables import model_table, published_table, verdict_table
    from pkbench.report.words import outcome, plain

    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, emoji=False, width=_WIDTH)
    evaluation = study.evaluation
    console.print(Fitting(verdict_table(study)))
    console.print(Fitting(model_table(study)))
    published = published_table(study)
    if published is not None:
        console.print(Fitting(published))
    if sentences:
        for verdict in evaluation.verdicts:
            line = f"{outcome(verdict)}: {verdict.claim_id} on {verdict.data_id}. {verdict.sentence}"
            console.print(plain(line), soft_wrap=True)
            for note in verdict.notes:
                console.print(f"  note: {plain(note)}", soft_wrap=True)
    for line in marks(study).legend():
        console.print(plain(line), soft_wrap=True)
    for note in (*evaluation.notes, *study.problems):
        console.print(plain(f"note: {note}"), soft_wrap=True)
    if evaluation.finished == 0:
        console.print(f"no runs yet: {run_command(study)}", soft_wrap=True)
