"""What a spec's models ask for, read off the models themselves: for messages, repairs and completions.

A form is one of six: a table, a choice between tables, an array, a map from names, a single value, an open table.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo


@dataclass(frozen=True, slots=True)
class Table:
    """A table with the fields of ``model``."""

    model: type[BaseModel]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several tables, told apart by the value of ``tag``."""

    tag: str
    variants: dict[str, type[BaseModel]]


@dataclass(frozen=True, slots=True)
class Array:
    """An array: of ``items`` in order where its length is fixed, else of any number of ``items[0]``."""

    items: tuple[Form, ...]
    fixed: bool
    least: int | None
    most: int | None


@dataclass(frozen=True, slots=True)
class Map:
    """A table whose keys are names of their own."""

    key: Scalar
    value: Form
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value of ``kind`` within ``bounds`` (``ge``, ``gt``, ``le``, ``lt``, ``min_length``, …)."""

    kind: type
    bounds: dict[str, Any]
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Open:
    """A table whose keys and values something else knows: the options of an extension."""


Form = Table | Choice | Array | Map | Scalar | Open


@dataclass(frozen=True, slots=True)
class FieldForm:
    """A field of the table ``model``: its form, whether it can be left out, and what then stands in for it."""

    model: type[BaseModel]
    name: str
    form: Form
    required: bool
    default: Any

    @property
    def description(self) -> str:
        """What the field is for: the string below it in its class."""
        return _descriptions(self.model).get(self.name, "")


@cache
def fields_of(model: type[BaseModel]) -> dict[str, FieldForm]:
    """The fields of ``model`` by name."""
    return {
        name: FieldForm(
            model, name, _form_of_field(info), info.is_required(), None if info.is_required() else info.default
        )
        for name, info in model.model_fields.items()
    }


def swept(fields: dict[str, FieldForm]) -> frozenset[str]:
    """Names of the lists in the sweep of the table with ``fields``, where it can have one: what it gives may be left out."""
    form = fields["sweep"].form if "sweep" in fields else None
    return frozenset(fields_of(form.model)) if isinstance(form, Table) else frozenset()


@cache
def _descriptions(model: type[BaseModel]) -> dict[str, str]:
    """The strings below the fields of ``model`` and its bases.

    pydantic can collect them too, at every import; here it is done for the few tables a message is about.
    """
    found: dict[str, str] = {}
    for part in reversed(model.__mro__):
        if issubclass(part, BaseModel) and part.__module__.startswith("pkbench."):
            (body,) = ast.parse(textwrap.dedent(inspect.getsource(part))).body
            lines = body.body if isinstance(body, ast.ClassDef) else []
            for line, after in pairwise(lines):
                if (
                    isinstance(line, ast.AnnAssign)
                    and isinstance(line.target, ast.Name)
                    and isinstance(after, ast.Expr)
                ):
                    found[line.target.id] = str(ast.literal_eval(after.value))
    return found


def _form_of_field(info: FieldInfo) -> Form:
    tag = info.discriminator if isinstance(info.discriminator, str) else None
    return _form(info.annotation, _bounds(info.metadata), tag)


def _bounds(metadata: list[Any] | tuple[Any, ...]) -> dict[str, Any]:
    """Constraints among ``metadata``, flat, whichever way pydantic has wrapped them."""
    found: dict[str, Any] = {}
    for item in metadata:
        if isinstance(item, FieldInfo):
            found |= _bounds(item.metadata)
        for name in ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern"):
            value = getattr(item, name, None)
            if value is not None:
                found[name] = value
    return found


def _form(annotation: Any, bounds: dict[str, Any], tag: str | None) -> Form:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        for item in arguments[1:]:
            if isinstance(item, FieldInfo) and isinstance(item.discriminator, str):
                tag = item.discriminator
        return _form(arguments[0], _bounds(arguments[1:]) | bounds, tag)
    if origin in (Union, UnionType):
        return _form_of_union(tuple(argument for argument in arguments if argument is not NoneType), bounds, tag)
    if origin is tuple:
        fixed = arguments[-1] is not Ellipsis
        items = tuple(_form(argument, {}, None) for argument in arguments if argument is not Ellipsis)
        length = len(items) if fixed else None
        return Array(items, fixed, length or bounds.get("min_length"), length or bounds.get("max_length"))
    if origin is dict and arguments[1] is Any:
        return Open()
    if origin is dict:
        return Map(
            _scalar(arguments[0], {}),
            _form(arguments[1], {}, None),
            bounds.get("min_length", 0),
            bounds.get("max_length"),
        )
    return _scalar(annotation, bounds) if not _is_model(annotation) else Table(annotation)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _scalar(annotation: Any, bounds: dict[str, Any]) -> Scalar:
    if get_origin(annotation) is Annotated:
        return _scalar(get_args(annotation)[0], _bounds(get_args(annotation)[1:]) | bounds)
    if get_origin(annotation) is Literal:
        return Scalar(str, bounds, tuple(str(argument) for argument in get_args(annotation)))
    if annotation in (str, int, float, bool):
        return Scalar(annotation, bounds)
    raise TypeError(f"a spec cannot hold {annotation}")


def _form_of_union(variants: tuple[Any, ...], bounds: dict[str, Any], tag: str | None) -> Form:
    if len(variants) == 1:
        return _form(variants[0], bounds, tag)
    if tag is None:
        raise TypeError(f"{variants} are told apart by nothing")
    by_tag: dict[str, type[BaseModel]] = {}
    for variant in variants:
        for value in get_args(variant.model_fields[tag].annotation):
            by_tag[value] = variant
    return Choice(tag, by_tag)


KEY_MARK: Final = "[key]"
"""What pydantic ends the path of an error with that is in a key of a map."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an error of pydantic's is: its path in the file, the form wanted there, and the field it is in."""

    loc: tuple[str | int, ...]
    form: Form | None
    field: FieldForm | None


def locate(model: type[BaseModel], loc: tuple[str | int, ...]) -> Spot:
    """``loc`` as pydantic has it for ``model``, without the tags and markers that are in no file."""
    form: Form | None = Table(model)
    field: FieldForm | None = None
    path: list[str | int] = []
    for part in loc:
        if part == KEY_MARK and isinstance(field, FieldForm):
            form = field.form.key if isinstance(field.form, Map) else form
            continue
        if isinstance(form, Choice):
            form = Table(form.variants[str(part)])
            continue
        path.append(part)
        if isinstance(form, Table):
            field = fields_of(form.model).get(str(part))
            form = field.form if field else None
        elif isinstance(form, Array) and isinstance(part, int):
            form = form.items[min(part, len(form.items) - 1)]
        elif isinstance(form, Map):
            form = form.value
        else:
            form = None
    return Spot(tuple(path), form, field)
