"""Every table and key of a spec as Markdown: type, limits, default and meaning, read off the models themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, get_args

from pydantic import BaseModel

from pkbench.spec.base import IDENTIFIER
from pkbench.spec.document import ROOTS
from pkbench.spec.forms import Array, Choice, FieldForm, Form, Map, Scalar, Table, fields_of, swept
from pkbench.spec.words import plain, requirement, written

_TAGS = ("kind", "source")
"""Keys whose value says which table it is."""

_NAME = requirement(Scalar(str, {"pattern": IDENTIFIER}))
"""What is asked for so often that the page says it once."""


@dataclass(frozen=True, slots=True)
class _Section:
    """One table of a spec and the headers under which it can stand, the first of them in its title."""

    model: type[BaseModel]
    headers: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        return f"`{self.headers[0]}` {_kinds(self.model)}".strip()

    @property
    def anchor(self) -> str:
        """What code hosts and MyST make of the title."""
        return re.sub(r"[^\w -]", "", self.title.lower()).replace(" ", "-")


def reference() -> str:
    """The reference in Markdown, from headings of the second level on, without an end of line at its end."""
    sections: dict[type[BaseModel], _Section] = {}
    first: dict[str, int] = {}
    for kind, root in ROOTS.items():
        first[kind] = len(sections)
        _collect(root, "", sections)
    # Written only now, when it is known where else a table can stand.
    every, lines = list(sections.values()), list[str]()
    for (kind, root), end in zip(ROOTS.items(), [*list(first.values())[1:], None], strict=True):
        lines += [f"## A spec of kind {kind}", "", f"{_text(root.__doc__)}.", "", *_rows(root, sections), ""]
        for section in every[first[kind] : end]:
            lines += _section(section, sections)
    return "\n".join(lines).rstrip()


def _collect(model: type[BaseModel], path: str, sections: dict[type[BaseModel], _Section]) -> None:
    """Add the tables below ``model``, which stands at ``path``."""
    for name, value in fields_of(model).items():
        inner, form = f"{path}.{name}" if path else name, value.form
        header = f"[{inner}]"
        if isinstance(form, Array):
            form, header = form.items[0], f"[[{inner}]]"
        elif isinstance(form, Map):
            inner, form = f"{inner}.<name>", form.value
            header = f"[{inner}]"
        for table in _tables(form):
            known = sections.setdefault(table, _Section(table))
            if header not in known.headers:
                known.headers.append(header)
                _collect(table, inner, sections)


def _tables(form: Form) -> list[type[BaseModel]]:
    match form:
        case Table(model):
            return [model]
        case Choice(_, variants):
            return list(dict.fromkeys(variants.values()))
    return []


def _kinds(model: type[BaseModel]) -> str:
    """The values of the key that tells ``model`` from other tables in its place, or what they have in common."""
    fields = model.model_fields
    values = [str(value) for tag in _TAGS if tag in fields for value in get_args(fields[tag].annotation)]
    prefixes = {value.partition(":")[0] for value in values}
    return f"{prefixes.pop()}:…" if len(values) > len(prefixes) == 1 else " or ".join(values)


def _section(section: _Section, sections: dict[type[BaseModel], _Section]) -> Iterator[str]:
    yield from (f"### {section.title}", "", f"{_text(section.model.__doc__)}.", "")
    if len(section.headers) > 1:
        yield from (f"Also {', '.join(f'`{header}`' for header in section.headers[1:])}.", "")
    yield from (*_rows(section.model, sections), "")


def _rows(model: type[BaseModel], sections: dict[type[BaseModel], _Section]) -> Iterator[str]:
    fields = fields_of(model)
    yield from ("| key | value | default | meaning |", "|---|---|---|---|")
    for name, value in fields.items():
        default = f"required, or in `{inner}`" if (inner := _in_sweep(fields, name)) else _default(value)
        yield f"| `{name}` | {_value(value.form, sections)} | {default} | {_text(value.description)} |"


def _in_sweep(fields: dict[str, FieldForm], name: str) -> str:
    return "sweep" if fields[name].required and name in swept(fields) else ""


def _value(form: Form, sections: dict[type[BaseModel], _Section]) -> str:
    """What can stand there; tables by links to their sections."""
    inner = form.items[0] if isinstance(form, Array) else form.value if isinstance(form, Map) else form
    tables = _tables(inner)
    if not tables:
        return _text(requirement(form).replace(_NAME, "a name"))
    links = ", ".join(f"[{_kinds(table) or sections[table].title}](#{sections[table].anchor})" for table in tables)
    match form:
        case Array():
            return f"{form.least or 0} to {form.most:,} tables: {links}" if form.most else f"tables: {links}"
        case Map():
            return f"tables by name: {links}"
    return f"a table: {links}"


def _default(value: FieldForm) -> str:
    if value.required:
        return "required"
    default: Any = value.default
    return f"`{written(default)}`" if isinstance(default, bool | str | int | float) else "–"


def _text(text: str | None) -> str:
    """A description as the cell of a table; what is between backticks stays as it is."""
    pieces = plain(text or "").split("`")
    safe = [re.sub(r"([*<_])", r"\\\1", piece) if place % 2 == 0 else piece for place, piece in enumerate(pieces)]
    return "`".join(safe).replace("|", "\\|")
