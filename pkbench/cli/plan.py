"""``pkbench plan``: every run with its sizes, whether it would be computed and why, and what it would cost."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from pkbench.cli import checks
from pkbench.cli.console import end_with_reader, marked
from pkbench.cli.options import (
    Device,
    Engine,
    Fresh,
    Jobs,
    Json,
    Only,
    Profile,
    Results,
    RetryFailed,
    Seeds,
    SpecNames,
    Stack,
)
from pkbench.cli.units import count, duration, ranges, size
from pkbench.visible import in_json

if TYPE_CHECKING:
    from rich.table import Table

    from pkbench.execute.planned import Planned
    from pkbench.plan.run import Run

_MANY = 500
"""Runs beyond which a table of each is of no use to anyone."""


def register(app: typer.Typer) -> None:
    """Add ``plan`` to ``app``."""
    app.command("plan")(plan)


def plan(
    specs: SpecNames,
    profile: Profile = "quick",
    results: Results = None,
    device: Device = "auto",
    jobs: Jobs = None,
    engine: Engine = "auto",
    stack: Stack = None,
    seeds: Seeds = None,
    only: Only = None,
    fresh: Fresh = False,
    retry_failed: RetryFailed = False,
    estimate: bool = typer.Option(True, help="Estimate time and memory; the first time calibrates for some seconds."),
    json_: Json = False,
) -> None:
    """Show every run: sizes, whether it would run and why, estimated time and memory. Trains nothing."""
    from pkbench.execute.planned import planned
    from pkbench.execute.prepare import Selection, prepare
    from pkbench.spec.find import find_specs
    from pkbench.spec.load import LoadedChecks, load_any
    from pkbench.store.places import results_folder

    end_with_reader()
    selection = Selection(profile, seeds, tuple(only or ()), fresh, retry_failed)
    data: list[dict[str, Any]] = []
    for path in find_specs(specs):
        loaded, folder = load_any(path), results_folder(path, results)
        if isinstance(loaded, LoadedChecks):
            rows = checks.plan(loaded, folder, fresh=fresh)
            data.append({"spec": loaded.spec.experiment.id, "path": str(loaded.path), "checks": rows})
            if not json_:
                checks.print_plan(loaded, rows)
            continue
        found = planned(prepare(loaded, selection, folder), device, jobs, engine, stack, estimate=estimate)
        data.append(as_data(found))
        if not json_:
            _print(found)
    if json_:
        # Thousands of runs take the standard library seconds.
        from pydantic_core import to_json

        print(in_json(to_json(data, indent=1).decode()))  # noqa: T201


def as_data(planned: Planned) -> dict[str, Any]:
    """``planned`` as JSON values."""
    from pkbench.store.record import Counts

    prepared = planned.prepared
    # Runs share the shape of their model.
    counts = {shape: Counts.of(shape).model_dump() for shape in {found.run.shape for found in prepared.decisions}}
    rows = []
    for decision, row in zip(prepared.decisions, planned.table().rows(), strict=True):
        run = decision.run
        more = {"changed": [asdict(change) for change in decision.changed], "counts": counts[run.shape]}
        rows.append({**row, **more, "config": run.config})
    return {
        "spec": prepared.loaded.spec.experiment.id,
        "path": str(prepared.loaded.path),
        "profile": prepared.scaled.profile_name,
        "scope": prepared.scaled.profile.scope,
        "results": str(prepared.store.root),
        "device": planned.device,
        "jobs": planned.jobs,
        "stacks": [[run.run_id for run in group] for group in planned.stacks],
        "seconds": planned.seconds,
        "warnings": [str(warning) for warning in prepared.loaded.warnings],
        "problems": list(prepared.problems),
        "comparisons": [found.run_id for found in prepared.comparisons],
        "runs": rows,
    }


def _print(planned: Planned) -> None:
    from rich.console import Console

    from pkbench.cli.fitting import Fitting

    console = Console(highlight=False)
    prepared = planned.prepared
    experiment = prepared.loaded.spec.experiment
    console.print(f"[bold]{marked(experiment.title)}[/]")
    console.print(
        f"{experiment.id} at profile {prepared.scaled.profile_name}: {marked(prepared.scaled.profile.scope)}",
        soft_wrap=True,
    )
    for warning in prepared.loaded.warnings:
        console.print(f"[yellow]warning:[/] {marked(str(warning))}", soft_wrap=True)
    for problem in prepared.problems:
        console.print(f"[yellow]note:[/] {marked(problem)}", soft_wrap=True)
    for table in _model_tables(planned):
        console.print(Fitting(table))
    console.print(Fitting(_run_table(planned)))
    actions = [decision.action for decision in prepared.decisions]
    parts = [f"{actions.count('run')} to compute", f"{actions.count('skip')} skipped"]
    if "blocked" in actions:
        parts.append(f"{actions.count('blocked')} without data")
    line = f"{len(actions)} runs: {', '.join(parts)}"
    if planned.seconds:
        line += f"; about {duration(planned.seconds)} with {planned.jobs} at a time on {planned.device}"
    console.print(line, soft_wrap=True)
    if planned.refusal is not None:
        console.print(f"on {planned.device} they would be refused: {planned.refusal}", soft_wrap=True)
    if planned.stacks:
        console.print(planned.about_stacks, soft_wrap=True)
    if prepared.comparisons:
        console.print(
            f"{len(prepared.comparisons)} comparisons of trained models to compute after them", soft_wrap=True
        )


def _model_tables(planned: Planned) -> list[Table]:
    """What a run of each model on each data set is, and what it costs: two tables, each fit for 80 columns."""
    sizes = _table("models", ("model", "data"), ("S", "C", "γ", "Ω", "m", "p", "depth", "epochs"))
    costs = _table("cost of a run", ("model", "data"), ("parameters", "connections", "FLOP/sample", "time", "memory"))
    seen: set[tuple[str, str]] = set()
    for decision, cast in zip(planned.prepared.decisions, planned.forecasts, strict=True):
        run = decision.run
        names = (run.model.id, run.data.id)
        if names in seen:
            continue
        seen.add(names)
        shape = run.shape
        sizes.add_row(
            *names,
            *("–" if value is None else f"{value:g}" for value in (shape.S, shape.C, shape.gamma)),
            count(shape.omega),
            count(shape.m),
            f"{shape.p:.3g}",
            str(shape.depth),
            str(run.train.epochs),
        )
        time_and_memory = ("?", "?") if cast is None else (duration(cast.estimate.seconds), size(cast.estimate.bytes))
        costs.add_row(
            *names, count(shape.parameters), count(shape.connections), count(shape.forward_flops), *time_and_memory
        )
    return [sizes, costs]


def _table(title: str, left: tuple[str, ...], right: tuple[str, ...]) -> Table:
    """An empty table: names on the left may be folded, numbers on the right may not."""
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for name in left:
        table.add_column(name, overflow="fold")
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _run_table(planned: Planned) -> Table:
    """One row for each run: what would happen to it and why; of very many, one for all seeds with the same answer."""
    decisions = planned.prepared.decisions
    many = len(decisions) > _MANY
    table = _table("runs (--json lists each)" if many else "runs", (), ("runs" if many else "run",))
    for name in ("model", "data", "lr", "seeds" if many else "seed", "", "why"):
        table.add_column(name, justify="right" if name in {"lr", "seed"} else "left", overflow="fold")
    rows: dict[tuple[str, ...], list[Run]] = {}
    for decision in decisions:
        run = decision.run
        own = () if many else (run.run_id or "–", str(run.seed))
        names = (run.model.id, run.data.id, f"{run.lr:g}", decision.action, decision.reason)
        rows.setdefault((*names, *own), []).append(run)
    for (model, data, lr, action, reason, *_), runs in rows.items():
        first = str(len(runs)) if many else runs[0].run_id or "–"
        table.add_row(first, model, data, lr, ranges([run.seed for run in runs]), action, marked(reason))
    return table
