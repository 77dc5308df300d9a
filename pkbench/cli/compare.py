"""``pkbench compare``: two runs, profiles, result folders or commits held against each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pkbench.cli import completion
from pkbench.cli.console import say_json
from pkbench.cli.options import Json, Results
from pkbench.visible import printable

if TYPE_CHECKING:
    from rich.table import Table

    from pkbench.results.compare import Comparison

_WIDTH: Final = 160
"""Columns of a table that goes to a file or a pipe."""
_LISTED: Final = 20
"""Lines of a kind before the rest is counted."""

Name = Annotated[
    str,
    typer.Argument(
        help="A run's id or label, SPEC:PROFILE, a results folder, or a commit (7 digits or more).",
        autocompletion=completion.sides,
    ),
]


def register(app: typer.Typer) -> None:
    """Add ``compare`` to ``app``."""
    app.command("compare")(compare)


def compare(a: Name, b: Name, results: Results = None, json_: Json = False) -> None:
    """Say how B differs from A: settings, machines, numbers with tests (by pairs of seeds where there are), verdicts.

    Exit code 0 whatever differs; 2: bad input.
    """
    from pkbench.results.compare import compare as compared
    from pkbench.results.sides import sides

    found = compared(*sides(a, b, results))
    if json_:
        say_json(asdict(found))
        return
    from rich.console import Console

    from pkbench.cli.fitting import Fitting

    console = Console(highlight=False, emoji=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, emoji=False, markup=False, width=_WIDTH)
    for line in _before(found):
        console.print(printable(line), soft_wrap=True)
    if found.differences:
        console.print(Fitting(_table(found)))
        console.print(
            "B − A with 95 % intervals, not corrected, and where paired of the seeds that both have, as A and B then are; "
            "p two-sided, by Holm's procedure over all tests here",
            soft_wrap=True,
        )
    for line in _after(found):
        console.print(printable(line), soft_wrap=True)


def _before(found: Comparison) -> Iterator[str]:
    yield f"A: {found.a}"
    yield f"B: {found.b}"
    if found.same_weights or found.other_weights:
        yield (
            f"runs of one id in both: {found.same_weights} with the same final weights, bit for bit; "
            f"{found.other_weights} with others"
        )
    yield from _some(
        [f"setting: {change} ({number} pair{'s' if number != 1 else ''})" for change, number in found.settings]
    )
    yield from (f"{what}: A {one}; B {two}" for what, one, two in found.circumstances)
    if not found.settings and not found.circumstances:
        yield "neither settings nor machines nor code differ"


def _after(found: Comparison) -> Iterator[str]:
    yield from _some([f"only in A: {name}" for name in found.only_a])
    yield from _some([f"only in B: {name}" for name in found.only_b])
    for claim, one, two in found.verdicts:
        yield f"verdict: {claim}: A {one}; B {two}"
    if found.same_verdicts or found.verdicts:
        yield f"{len(found.verdicts)} verdicts differ, {found.same_verdicts} are the same"


def _some(lines: list[str]) -> list[str]:
    rest = len(lines) - _LISTED
    return lines if rest <= 0 else [*lines[:_LISTED], f"… and {rest} more; --json lists each"]


def _table(found: Comparison) -> Table:
    from rich.table import Table

    from pkbench.results.compare import name_of

    table = Table("what", "metric", "n", "A", "B", "B − A", "test", "p")
    for one in found.differences:
        bounds = "" if one.low is None or one.high is None else f" [{one.low:+.3g}, {one.high:+.3g}]"
        table.add_row(
            name_of(one.group),
            one.metric.replace("_", " "),
            str(one.n_a) if one.n_a == one.n_b else f"{one.n_a}, {one.n_b}",
            f"{one.mean_a:.4g}",
            f"{one.mean_b:.4g}",
            f"{one.effect:+.3g}{bounds}",
            one.test,
            "" if one.p_holm is None else f"{one.p_holm:.3g}",
        )
    return table
