"""Errors of pydantic's in plain words: what was found, what is required, the way out, and where."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, time
from typing import Any

from pydantic import BaseModel, ValidationError

from pkbench.errors import Fault
from pkbench.spec.base import IDENTIFIER
from pkbench.spec.forms import KEY_MARK, Array, Form, Map, Scalar, Spot, locate
from pkbench.spec.positions import Loc
from pkbench.spec.toml import Document
from pkbench.spec.words import (
    did_you_mean,
    identifier_like,
    kind_of,
    plain,
    plural,
    requirement,
    subject,
    written,
)

_SIZES = frozenset({"too_short", "too_long"})
_EXACT = 2**53
"""Below it every whole number is a float."""
_LENGTHS = frozenset({"string_too_short", "string_too_long"})


def faults_of(error: ValidationError, model: type[BaseModel], document: Document) -> Iterator[tuple[Loc, Fault]]:
    """Each error of ``model``'s that is not merely the consequence of another, with its path."""
    items = error.errors(include_url=False, include_context=False)
    around = {item["loc"][:length] for item in items for length in range(len(item["loc"]))}
    keys = (locate(model, item["loc"]) for item in items if KEY_MARK in item["loc"])
    names = {spot.loc for spot in keys if _is_key_of_map(spot)}
    # Of very many errors the caller takes the first few: the rest are not even located.
    for item in items:
        spot, kind, value = locate(model, item["loc"]), item["type"], item.get("input")
        # A name that cannot stand there says enough: what it names is no better.
        if document.is_broken(spot.loc) or (spot.loc in names and not _is_key_of_map(spot)):
            continue
        if document.lost and kind == "missing" and not isinstance(spot.form, Scalar):
            continue
        # pydantic counts only the items it accepted: an array with a bad item is not also too short.
        if kind in _SIZES and item["loc"] in around:
            continue
        yield spot.loc, _fault(spot, kind, value, document)


def _fault(spot: Spot, kind: str, value: Any, document: Document) -> Fault:
    loc, form = spot.loc, spot.form
    if kind == "missing" and isinstance(loc[-1], str):
        return _missing(spot, document)
    if kind == "missing":
        # An array of fixed length that ends too soon: the fault is the array's.
        loc = loc[:-1]
        value, form = value or [], spot.field.form if spot.field else None
    name = subject(loc, document.data)
    constraint = f"it needs {requirement(form)}" if form else ""
    if kind == "missing" or kind in _SIZES:
        what = f"{name} has {plural(len(value), 'value')}"
    elif kind in _LENGTHS:
        what = f"{name} has {plural(len(value), 'character')}"
    elif isinstance(loc[-1], str) and value == loc[-1] and isinstance(form, Scalar) and _is_key_of_map(spot):
        what = f"`{written(value)[1:-1]}` cannot stand here as a name"
    else:
        what = f"{name} is {written(value)}"
        if kind.endswith("_type") or (kind == "literal_error" and not isinstance(value, str)):
            what += f", {kind_of(value)}"
    place = document.at_key(loc) if _is_key_of_map(spot) else document.at_value(loc)
    return Fault(place, what, constraint, _remedy(form, value) if form else "")


def _is_key_of_map(spot: Spot) -> bool:
    """Whether the error is in a name that the spec gives, like a profile's, and not in what it names."""
    return spot.field is not None and isinstance(spot.field.form, Map) and spot.form is spot.field.form.key


def _missing(spot: Spot, document: Document) -> Fault:
    *table, name = spot.loc
    where = subject(tuple(table), document.data) if table else "the spec"
    form = spot.form
    what = f"{where} has no `{name}`"
    about = plain(spot.field.description) if spot.field else ""
    if form is None or isinstance(form, Scalar) or (isinstance(form, Array) and isinstance(form.items[0], Scalar)):
        needs = requirement(form) if form else ""
        return Fault(document.at_value(tuple(table)), what, f"it needs {needs}: {about}", f"add `{name} = …`")
    path = ".".join(str(part) for part in spot.loc if isinstance(part, str))
    remedy = f"add a table [[{path}]]" if isinstance(form, Array) else f"add a table [{path}]"
    return Fault(document.at_value(tuple(table)), what, about, remedy)


def _remedy(form: Form, value: Any) -> str:
    """What to write instead, where that can be told from ``value``."""
    if isinstance(form, Array):
        if isinstance(value, list | dict):
            return ""
        fits = isinstance(form.items[0], Scalar) and not form.fixed and _fits(form.items[0], value)
        return f"write [{written(value)}]" if fits else ""
    if isinstance(form, Map):
        return f"its header ends in a name: [….{form.key.choices[0] if form.key.choices else '<id>'}]"
    if isinstance(form, Scalar):
        if isinstance(value, list) and len(value) == 1 and _fits(form, value[0]):
            return f"write {written(value[0])} without [ ]"
        return _remedy_for_scalar(form, value)
    return ""


def _remedy_for_scalar(form: Scalar, value: Any) -> str:
    if form.choices:
        return did_you_mean(value, form.choices) if isinstance(value, str) else _quoted(form, value)
    if form.kind is str:
        return _another_name(form, value) if isinstance(value, str) else _quoted(form, value)
    if isinstance(value, str):
        bare = value.strip().lower()
        return f"write {bare} without quotes" if _looks_like(form, bare) else ""
    return _another_number(form, value)


def _another_name(form: Scalar, value: str) -> str:
    like = identifier_like(value) if form.bounds.get("pattern") == IDENTIFIER else ""
    return f'for instance "{like}"' if like else ""


def _another_number(form: Scalar, value: Any) -> str:
    if form.kind is bool and value in (0, 1) and isinstance(value, int):
        return f"write {'true' if value else 'false'}"
    if form.kind is int and isinstance(value, float) and abs(value) < _EXACT and value == int(value):
        return f"write {int(value)}"
    return ""


def _quoted(form: Scalar, value: Any) -> str:
    """Advice to put a single value in quotes, where text is wanted."""
    if isinstance(value, bool | int | float | date | time) and not form.choices:
        return f'write it in quotes: "{written(value)}"'
    return ""


def _looks_like(form: Scalar, text: str) -> bool:
    if form.kind is bool:
        return text in {"true", "false"}
    try:
        return form.kind in (int, float) and math.isfinite(form.kind(text))
    except ValueError:
        return False


def _fits(form: Form, value: Any) -> bool:
    if not isinstance(form, Scalar):
        return False
    if form.choices:
        return value in form.choices
    accepted = (int, float) if form.kind is float else (form.kind,)
    return isinstance(value, accepted) and (form.kind is bool or not isinstance(value, bool))
