"""``pkbench show``: the whole story of one run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pkbench.cli import completion
from pkbench.cli.console import say, say_json
from pkbench.cli.options import Json, Results
from pkbench.cli.units import duration
from pkbench.results.studies import check_study_of, studies_of

if TYPE_CHECKING:
    from pkbench.report.checks import CheckStudy
    from pkbench.report.study import Study
    from pkbench.results.story import Story
    from pkbench.results.subject import Subject
    from pkbench.store.check_record import CheckRecord
    from pkbench.store.comparison_record import ComparisonRecord
    from pkbench.store.record import Record


def register(app: typer.Typer) -> None:
    """Add ``show`` to ``app``."""
    app.command("show")(show)


def show(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="Three or more digits of its id, its label, or MODEL/DATA/SEED; SPEC: may stand before it.",
            autocompletion=completion.runs,
        ),
    ],
    results: Results = None,
    json_: Json = False,
) -> None:
    """Tell everything of one run: configuration, data, machine, code, epochs, files, claims, and the command to repeat it."""
    from pkbench.results.find_run import find_run
    from pkbench.results.story import story
    from pkbench.results.subject import subjects
    from pkbench.store.check_record import CheckRecord

    located = find_run(subjects([], results), run)
    profile = None if isinstance(located.record, CheckRecord) else located.record.profile
    told = story(located, _studies(located.subject, profile))
    if json_:
        say_json(told.as_data())
        return
    for line in _lines(told):
        say(line)


def _studies(subject: Subject, profile: str | None) -> list[Study | CheckStudy]:
    from pkbench.spec.load import LoadedChecks, LoadedSpec

    loaded = subject.loaded
    if isinstance(loaded, LoadedChecks):
        return [check_study_of(loaded, subject.store.root)]
    if isinstance(loaded, LoadedSpec) and profile in loaded.spec.profile:
        return [*studies_of(loaded, profile, subject.store.root, None)]
    return []


def _lines(told: Story) -> Iterator[str]:
    from pkbench.store.check_record import CheckRecord
    from pkbench.store.record import Record

    record = told.located.record
    yield f"{record.run_id}  {told.label}"
    profile = "" if isinstance(record, CheckRecord) else f" at {record.profile}"
    yield f"of {record.spec.id}{profile}: {record.spec.title} (spec {record.spec.sha256[:12]})"
    if isinstance(record, Record):
        yield from _run(record)
    elif isinstance(record, CheckRecord):
        yield record.failure or f"residual {record.residual:.3g}: {record.sentence}"
    else:
        yield f"mean CKA of blocks of one depth {_number(record.diagonal_mean)}, on {record.images} images a pass"
    yield from _circumstances(record)
    yield "configuration:"
    yield from (f"  {name} = {json.dumps(value)}" for name, value in told.config.items())
    if told.located.subject.loaded is None:
        yield "its spec is not here: which claims use it is not known"
    else:
        yield "claims that use it:" if told.uses else "no claim uses it"
    for use in told.uses:
        where = f" at {use.profile} on {use.data}" if use.data else ""
        yield f"  {use.claim}{where}: {use.outcome} ({use.role})"
    yield f"checksum {told.located.checksum}"
    yield from (f"file {path}" for path in told.files)
    yield f"again: {told.again}"


def _run(record: Record) -> Iterator[str]:
    """Result, epochs and data of a trained run."""
    from pkbench.results.story import sparkline

    if record.failure is not None:
        yield f"failed after epoch {record.failure.epoch}: {record.failure.kind}: {record.failure.message}"
    elif record.history:
        last = record.final
        yield (
            f"finished: test error {_number(last.test_error)} %, validation error {_number(last.validation_error)} %, "
            f"training error {_number(last.train_error)} %"
        )
    for what in ("train_loss", "test_error"):
        values = [value for epoch in record.history if (value := getattr(epoch, what)) is not None]
        if values:
            name = what.replace("_", " ")
            yield f"{name:10}  {sparkline(record.history, what)}  {values[0]:.4g} to {values[-1]:.4g}, least {min(values):.4g}"
    resumed = (
        f", resumed after epoch {', '.join(map(str, record.resumed_after))}"
        if record.resumed_after
        else ", never interrupted"
    )
    yield f"{len(record.history)} epochs in {duration(record.seconds)}{resumed}"
    engine = record.engine or "not recorded"
    yield f"engine {engine}{'' if record.stacked is None else f', in a stack of {record.stacked}'}"
    if record.data is not None:
        data = record.data
        yield f"data {record.labels.data}: {data.train} training, {data.validation} validation, {data.test} test images; sha256 {data.checksum}"
    if record.weights_sha256 is not None:
        yield f"weights {record.weights_sha256}"


def _circumstances(record: Record | CheckRecord | ComparisonRecord) -> Iterator[str]:
    from pkbench.claims.hardware import code

    machine = record.environment
    yield (
        f"machine: {machine.processor}, {machine.cores} cores, {machine.threads} threads, device {machine.device}; "
        f"{machine.platform}; Python {machine.python}, torch {machine.torch}, NumPy {machine.numpy}"
    )
    yield f"code: {code(record)}"
    if record.code.extensions:
        named = (f"{one.name} of {one.distribution} {one.version} ({one.group})" for one in record.code.extensions)
        yield f"extensions: {', '.join(named)}"
    yield f"ended {datetime.fromtimestamp(record.ended):%Y-%m-%d %H:%M:%S}, command {record.invocation.id[:12]}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
