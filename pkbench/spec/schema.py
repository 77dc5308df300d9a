"""The JSON Schema of a spec, for editors: completion, descriptions and checks while one types.

Draft 7, which is what TOML editors read (Even Better TOML, tombi, taplo). Made of the models, so it
cannot say anything else than they do; checks between tables are ``pkbench validate``'s.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from pkbench.spec.document import ROOTS
from pkbench.spec.forms import Array, Choice, Form, Map, Open, Scalar, Table, fields_of, swept
from pkbench.spec.words import plain

FILE_NAME = "pkbench.schema.json"
_BOUNDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
}
_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}


def json_schema() -> dict[str, Any]:
    """The schema as JSON values."""
    definitions: dict[str, Any] = {}
    roots = [_reference(root, definitions) for root in ROOTS.values()]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "pkbench spec",
        "oneOf": roots,
        "definitions": dict(sorted(definitions.items())),
    }


def schema_text() -> str:
    """The schema as the text of its file."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _table(model: type[BaseModel], definitions: dict[str, Any]) -> dict[str, Any]:
    fields = fields_of(model)
    properties: dict[str, Any] = {}
    for name, field in fields.items():
        properties[name] = {"description": plain(field.description)} if field.description else {}
        properties[name] |= _of(field.form, definitions)
        if isinstance(field.default, str | int | float):
            properties[name]["default"] = field.default
    needed = [name for name, field in fields.items() if field.required]
    given = [name for name in needed if name in swept(fields)]
    table = {
        "description": plain(model.__doc__ or ""),
        "type": "object",
        "properties": properties,
        "required": [name for name in needed if name not in given],
        "additionalProperties": False,
    }
    if given:
        # What a sweep may give need not stand beside it; whether it does give it is the loader's to check.
        table |= {"if": {"not": {"required": ["sweep"]}}, "then": {"required": given}}
    return table


def _reference(model: type[BaseModel], definitions: dict[str, Any]) -> dict[str, Any]:
    if model.__name__ not in definitions:
        definitions[model.__name__] = {}
        definitions[model.__name__] = _table(model, definitions)
    return {"$ref": f"#/definitions/{model.__name__}"}


def _of(form: Form, definitions: dict[str, Any]) -> dict[str, Any]:
    match form:
        case Table(model):
            # Beside a bare $ref draft 7 ignores everything, the description too.
            return {"allOf": [_reference(model, definitions)]}
        case Choice(_, variants):
            return {"oneOf": [_reference(model, definitions) for model in dict.fromkeys(variants.values())]}
        case Array():
            return _array(form, definitions)
        case Map():
            return _map(form, definitions)
        case Scalar():
            return _scalar(form)
        case Open():
            return {"type": "object"}


def _array(form: Array, definitions: dict[str, Any]) -> dict[str, Any]:
    items = [_of(item, definitions) for item in form.items]
    result: dict[str, Any] = {"type": "array", "items": items if form.fixed else items[0]}
    if form.fixed:
        result["additionalItems"] = False
    if form.least:
        result["minItems"] = form.least
    if form.most:
        result["maxItems"] = form.most
    return result


def _map(form: Map, definitions: dict[str, Any]) -> dict[str, Any]:
    value = _of(form.value, definitions)
    result: dict[str, Any] = {"type": "object"}
    if form.least:
        result["minProperties"] = form.least
    if form.most:
        result["maxProperties"] = form.most
    if form.key.choices:
        return result | {"properties": dict.fromkeys(form.key.choices, value), "additionalProperties": False}
    if form.key.bounds:
        result["propertyNames"] = _scalar(form.key)
    return result | {"additionalProperties": value}


def _scalar(form: Scalar) -> dict[str, Any]:
    if form.choices:
        return {"type": "string", "enum": list(form.choices)}
    return {"type": _TYPES[form.kind]} | {_BOUNDS[name]: value for name, value in form.bounds.items()}
