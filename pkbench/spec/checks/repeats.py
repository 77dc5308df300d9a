"""Checks that what is to be unique is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pkbench.errors import Fault
from pkbench.spec.parts import Parts, Placed
from pkbench.spec.positions import Loc
from pkbench.spec.syntax import shorten
from pkbench.spec.words import subject, written


def repeated(parts: Placed, loc: Loc, values: Sequence[object], why: str) -> Iterator[Fault]:
    """A fault for each of the array ``values`` at ``loc`` that stands there before."""
    first: dict[object, int] = {}
    for index, value in enumerate(values):
        if first.setdefault(value, index) != index:
            what = f"{subject(loc, parts.document.data)} has {written(value)} twice, as values {first[value] + 1} and {index + 1}"
            yield parts.fault((*loc, index), what, why, "leave one of them")


def check_names(parts: Parts) -> Iterator[Fault]:
    """Two tables of the same id, or two published numbers of the same thing."""
    for section in ("data", "model", "claim", "compare"):
        ids: list[tuple[Loc, str]] = [
            ((section, index, "id"), item["id"])
            for index, item in parts.items(section).items()
            if isinstance(item.get("id"), str)
        ]
        yield from _unique(parts, ids, f"{section} id")
    rows: list[tuple[Loc, str]] = [
        (("reported", index, "row"), f"{row.row}, {row.data}, {row.metric}") for index, row in parts.reported.items()
    ]
    yield from _unique(parts, rows, "reported number")


def _unique(parts: Parts, names: list[tuple[Loc, str]], kind: str) -> Iterator[Fault]:
    first: dict[str, Loc] = {}
    for loc, name in names:
        if first.setdefault(name, loc) != loc:
            line = parts.document.at_value(first[name]).line
            what = f"the {kind} `{shorten(name, 100)}` is given twice, first on line {line}"
            yield parts.fault(loc, what, "each stands for one thing", "rename or remove one of them")
