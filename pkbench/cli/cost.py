"""``pkbench cost``: what a training step of each model takes on this machine, measured (Table S.3)."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pkbench.cli.console import end_with_reader, say
from pkbench.cli.options import Device, Json, Profile, SpecNames
from pkbench.cli.units import count, duration, size

if TYPE_CHECKING:
    from rich.table import Table

    from pkbench.plan.run import Run


def register(app: typer.Typer) -> None:
    """Add ``cost`` to ``app``."""
    app.command("cost")(cost)


def cost(
    specs: SpecNames,
    profile: Profile = "quick",
    device: Device = "auto",
    repeats: Annotated[int, typer.Option(min=1, max=1000, help="Measurements of each time.")] = 9,
    out: Annotated[Path | None, typer.Option("--out", help="Also write the numbers to this JSON file.")] = None,
    json_: Json = False,
) -> None:
    """Measure each model's step on random images: time, memory, counted operations, share of the permutations."""
    from pkbench.execute.prepare import at_profile
    from pkbench.plan.run import expand
    from pkbench.spec.find import find_specs
    from pkbench.spec.load import load_spec

    rows: list[dict[str, Any]] = []
    for path in find_specs(specs):
        scaled = at_profile(load_spec(path), profile)
        first: dict[tuple[str, str], Run] = {}
        for run in expand(scaled, dict.fromkeys((data.id for data in scaled.data), None)):
            first.setdefault((run.model.id, run.data.id), run)
        rows += [_measured(run, device, repeats, path.parent) for run in first.values()]
    text = json.dumps(rows, indent=1)
    if out is not None:
        from pkbench.atomic import write_bytes

        write_bytes(out, (text + "\n").encode())
    end_with_reader()
    if json_:
        say(text)
    else:
        _print(rows)


def _measured(run: Run, device: str, repeats: int, base: Path) -> dict[str, Any]:
    """The numbers of one model on one data set's image size; relative data paths start at ``base``."""
    import torch

    from pkbench.data.size import image_counts
    from pkbench.execute.context import environment
    from pkbench.execute.device import resolve_device
    from pkbench.models.build import build
    from pkbench.probes.cost import measure_cost

    device = resolve_device(device)
    torch.set_num_threads(run.train.cpu_threads)
    model = build(run.model, run.shape, run.seed).to(torch.device(device))
    height, width, colours = run.data.shape
    found = measure_cost(model, (colours, height, width), run.train.batch_size, repeats=repeats, seed=run.seed)
    images = image_counts(run.data, base)
    steps = None if images is None else -(-images[0] // run.train.batch_size)
    return {
        "spec": run.spec_id,
        "profile": run.profile,
        "model": run.model.id,
        "data": run.data.id,
        "batch": run.train.batch_size,
        "repeats": repeats,
        **asdict(found),
        "epoch_seconds": None if steps is None else steps * found.step_seconds.median,
        "formula_parameters": run.shape.parameters,
        "formula_forward_flops": run.shape.forward_flops,
        "environment": environment(device, run.train.cpu_threads).model_dump(),
    }


def _print(rows: list[dict[str, Any]]) -> None:
    """Two tables, each fit for 80 columns."""
    from rich.console import Console

    counts = _table("operations of a forward pass", ("parameters", "FLOP counted", "FLOP by formula"))
    times = _table("a step of random images", ("batch", "forward", "and backward", "epoch", "memory", "permuting"))
    for row in rows:
        names = (row["model"], row["data"])
        flops = (row["forward_flops"], row["formula_forward_flops"])
        counts.add_row(*names, count(row["parameters"]), *map(count, flops))
        share = row["permutation_share"]
        medians = (_milliseconds(row[key]["median"]) for key in ("forward_seconds", "step_seconds"))
        times.add_row(
            *names,
            str(row["batch"]),
            *medians,
            "?" if row["epoch_seconds"] is None else _milliseconds(row["epoch_seconds"]),
            size(row["memory"]),
            "–" if share is None else f"{share:.0%}",
        )
    console = Console(highlight=False)
    console.print(counts)
    console.print(times)
    if rows:
        machine = rows[0]["environment"]
        console.print(
            f"medians of {rows[0]['repeats']}, an epoch without optimizer, augmentation and evaluation; memory: {rows[0]['memory_kind']}; permuting: share of "
            f"the time in permutations and transpositions; {machine['device']}, {machine['processor']}, "
            f"{machine['threads']} threads, torch {machine['torch']}",
            soft_wrap=True,
        )


def _table(title: str, numbers: tuple[str, ...]) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for name in ("model", "data"):
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else duration(seconds)
