"""Checks of what a spec says of extensions: they are installed, their options are such, their models fit the images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from pkbench.errors import ExtensionError, Fault
from pkbench.spec.extension import ExtensionModel, ExtensionPart
from pkbench.spec.forms import Table, locate
from pkbench.spec.model_parts import OPTIONS
from pkbench.spec.parts import Placed
from pkbench.spec.positions import Loc
from pkbench.spec.scale import AnyData
from pkbench.spec.syntax import shorten
from pkbench.spec.words import closest, did_you_mean, requirement, subject, written


def extension_faults(
    placed: Placed, loc: Loc, part: ExtensionPart, find: Callable[[str], Loc] | None = None
) -> Iterator[Fault]:
    """Faults of the extension that the table at ``loc`` names, or else of its options.

    Args:
        placed: what the table is a part of.
        loc: the table.
        part: what stands there.
        find: where the option of a name is written, if not in the table's options or its sweep.
    """
    try:
        part.resolved()
    except ValidationError as error:
        yield from _option_faults(placed, (*loc, OPTIONS), part, error, find or (lambda name: _own(placed, loc, name)))
    except ExtensionError as error:
        yield placed.fault((*loc, "name"), error.what, error.constraint, error.remedy)


def is_usable(part: object) -> bool:
    """Whether ``part``, where an extension stands behind it, can be asked for more than its name."""
    if not isinstance(part, ExtensionPart):
        return True
    try:
        part.resolved()
    except (ValidationError, ExtensionError):
        return False
    return True


def shape_faults(placed: Placed, loc: Loc, model: ExtensionModel, data: Iterable[AnyData]) -> Iterator[Fault]:
    """Data sets on whose images the extension has no such model."""
    for one in data:
        try:
            model.shape(one.shape, one.classes)
        except ExtensionError as error:
            what = f"`model.{model.id}` has no shape on data {one.id}: {error.what}"
            yield placed.fault(loc, what, error.constraint, error.remedy)


def _own(placed: Placed, loc: Loc, name: str) -> Loc:
    """Where the table at ``loc`` gives the option ``name``."""
    swept = (*loc, "sweep", OPTIONS, name)
    return swept if placed.document.has(swept) else (*loc, OPTIONS, name)


def _option_faults(
    placed: Placed, loc: Loc, part: ExtensionPart, error: ValidationError, find: Callable[[str], Loc]
) -> Iterator[Fault]:
    """Each of pydantic's errors in the options at ``loc``, at its own place in the file."""
    model = part.loaded().extension.options
    errors = error.errors(include_url=False, include_context=False)
    meant = {
        (*item["loc"][:-1], closest(str(item["loc"][-1]), _known(model, item["loc"][:-1])))
        for item in errors
        if item["type"] == "extra_forbidden"
    }
    for item in errors:
        if item["type"] == "missing" and item["loc"] in meant:
            continue
        at: Loc = (*loc, *item["loc"])
        if len(item["loc"]) > (item["type"] == "missing"):
            first, *inside = item["loc"]
            at = find(str(first))
            if inside or item["type"] != "extra_forbidden":
                at = (*_of_value(placed, at, part.options.get(str(first))), *inside)
        if placed.document.is_broken(at) or (item["type"] == "missing" and placed.document.has(find(str(at[-1])))):
            continue
        *table, name = at
        if item["type"] == "missing":
            what, remedy = f"{subject(tuple(table), placed.document.data)} has no `{name}`", f"add `{name} = …`"
            yield placed.fault(tuple(table), what, _needed(model, item["loc"], ""), remedy)
        elif item["type"] == "extra_forbidden":
            what = f"{subject(tuple(table), placed.document.data)} has no key `{shorten(str(name))}`"
            known = _known(model, item["loc"][:-1])
            inside_it = f" in {'.'.join(map(str, item['loc'][:-1]))}" if item["loc"][:-1] else ""
            whose = f"keys of {part.role.noun} extension {part.name}{inside_it}"
            there = f"{whose}: {', '.join(known)}" if known else "it has no keys"
            place = placed.document.at_key(at)
            yield Fault(place, what, there, did_you_mean(name, known))
        else:
            what = f"{subject(at, placed.document.data)} is {written(item['input'])}"
            yield placed.fault(at, what, _needed(model, item["loc"], item["msg"]), "")


def _of_value(placed: Placed, found: Loc, value: object) -> Loc:
    """Where ``value`` of the option at ``found`` stands: of a list of values for a family, its item."""
    if found[-3:-1] != ("sweep", OPTIONS):
        return found
    here: Any = placed.document.data
    for key in found:
        here = here[key]
    same = [place for place, item in enumerate(here) if type(item) is type(value) and item == value]
    return (*found, same[0]) if same else found


def _known(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """Keys of the options, or of the table at ``loc`` in them."""
    try:
        form: Any = locate(model, loc).form if loc else Table(model)
    except (TypeError, LookupError):
        form = None
    return list(form.model.model_fields) if isinstance(form, Table) else []


def _needed(model: type[BaseModel], loc: tuple[str | int, ...], said: str) -> str:
    """What stands at ``loc`` of the options, in the spec's own words where these know it, else as pydantic has ``said``."""
    try:
        form: Any = locate(model, loc).form
    except (TypeError, LookupError):
        form = None
    # A validator of the extension's own knows more than the type.
    if form is None or said.startswith(("Value error", "Assertion failed")):
        return shorten(said, 300)
    return f"it needs {requirement(form)}"
