"""Mistakes in a spec's structure, each reported once and then mended, so that what is inside is checked too.

A key with a typo, a table of no known kind or with the wrong brackets would otherwise hide every fault below it
and bring up others that are not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from pkbench.errors import Fault
from pkbench.spec.base import IDENTIFIER
from pkbench.spec.enough import Faults
from pkbench.spec.forms import Array, Choice, FieldForm, Form, Map, Scalar, Table, fields_of
from pkbench.spec.positions import Loc
from pkbench.spec.syntax import shorten
from pkbench.spec.toml import Document
from pkbench.spec.unknown import UnknownKey, lost_header
from pkbench.spec.words import any_of, begun, closest, did_you_mean, nearest, no_such, plain, subject, written

_SEVERAL = 3
"""Keys of one other table that are no longer a slip each, but its missing header."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """A document whose structure is a spec's.

    Attributes:
        document: the mended data, with the faults found on the way.
        excused: keys whose absence is no fault, because the kind of their table is a guess.
    """

    document: Document
    excused: frozenset[Loc]


def repair(document: Document, root: type[BaseModel]) -> Repaired:
    """``document`` with the structure of the spec ``root``, as far as what is meant can be told."""
    repairer = _Repairer(document, root)
    data = repairer.value(Table(root), document.data, (), ())
    faults = (*document.faults, *repairer.faults)
    return Repaired(replace(document, data=data, origins=repairer.origins, faults=faults), frozenset(repairer.excused))


class _Repairer:
    """Walks through data and forms side by side; ``origin`` is the file's own path of ``loc``."""

    def __init__(self, document: Document, root: type[BaseModel]) -> None:
        self.document = document
        self.root = root
        self.faults = Faults(document.file)
        self.origins: dict[Loc, Loc] = {}
        self.excused: set[Loc] = set()

    def value(self, form: Form, value: Any, loc: Loc, origin: Loc) -> Any:
        """``value`` mended where it is not what ``form`` asks for; single values stay as they are."""
        origin = self.origins.get(loc, origin)
        match form:
            case Table() | Choice() if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
                self._brackets(origin, "[[%s]]", "[%s]")
                self.origins[loc] = (*origin, 0)
                return self.value(form, value[0], loc, (*origin, 0))
            case Array(items) if isinstance(items[0], Table | Choice) and isinstance(value, dict):
                self._brackets(origin, "[%s]", "[[%s]]")
                return [self.value(items[0], value, (*loc, 0), origin)]
        if loc != origin:
            self.origins[loc] = origin
        if isinstance(form, Array) and isinstance(value, list):
            return [self.value(form.items[0], item, (*loc, at), (*origin, at)) for at, item in enumerate(value)]
        return self._keyed(form, value, loc, origin) if isinstance(value, dict) else value

    def _keyed(self, form: Form, value: dict[str, Any], loc: Loc, origin: Loc) -> dict[str, Any]:
        match form:
            case Table(model):
                return self._table(fields_of(model), value, loc, origin, None)
            case Choice():
                return self._choice(form, value, loc, origin)
            case Map():
                return self._map(form, value, loc, origin)
        return value

    def _origin(self, loc: Loc, origin: Loc, key: str) -> Loc:
        """The file's own path of ``key`` in the table at ``loc``."""
        return self.origins.get((*loc, key), (*origin, key))

    def _brackets(self, origin: Loc, found: str, needed: str) -> None:
        name = ".".join(str(part) for part in origin if isinstance(part, str))
        constraint = "a spec has one such table" if needed == "[%s]" else "a spec can have several such tables"
        place = self.document.at_key(origin)
        self.faults.append(Fault(place, f"this is written {found % name}", constraint, f"write {needed % name}"))

    def _table(
        self, fields: dict[str, FieldForm], table: dict[str, Any], loc: Loc, origin: Loc, choice: Choice | None
    ) -> dict[str, Any]:
        """``table`` with keys that are ``fields``: an unknown one is taken for the one it resembles."""
        renamed: dict[str, str] = {}
        elsewhere: dict[tuple[str, ...], list[UnknownKey]] = {}
        for key in [key for key in table if key not in fields]:
            unknown = UnknownKey(key, loc, self._origin(loc, origin, key), fields, choice, self.root)
            near = None if unknown.is_misplaced() else nearest(key, fields, table)
            if unknown.homes():
                near = begun(key, fields, table)
            if near is not None:
                renamed[key] = near
            if unknown.homes() and near is None:
                elsewhere.setdefault(unknown.homes(), []).append(unknown)
            elif not self.document.is_broken(unknown.origin):
                self.faults.append(unknown.fault(self.document, near))
        for homes, unknowns in elsewhere.items():
            # What stands here is not missing there as well.
            for home in (tuple(header.strip("[]").split(".")) for header in homes):
                self.excused |= {home, *((*home, unknown.key) for unknown in unknowns)}
            if len(unknowns) >= _SEVERAL:
                self.faults.append(lost_header(unknowns, self.document))
            else:
                for unknown in unknowns:
                    self.faults.append(unknown.fault(self.document, None))
        table = self._rename(
            {key: item for key, item in table.items() if key in fields or key in renamed}, renamed, loc, origin
        )
        return {key: self.value(fields[key].form, item, (*loc, key), (*origin, key)) for key, item in table.items()}

    def _rename(self, table: dict[str, Any], names: dict[str, str], loc: Loc, origin: Loc) -> dict[str, Any]:
        """``table`` with the keys of ``names`` as they are meant; one that is there already takes in what is new."""
        result = {key: item for key, item in table.items() if key not in names}
        for key, name in names.items():
            item, old = table[key], result.get(name)
            if name not in result:
                result[name] = item
                self.origins[(*loc, name)] = (*origin, key)
            elif isinstance(old, dict) and isinstance(item, dict) and not set(old) & set(item):
                result[name] = old | item
                self.origins |= {(*loc, name, inner): (*origin, key, inner) for inner in item}
            elif isinstance(old, list) and isinstance(item, list) and all(isinstance(it, dict) for it in old + item):
                result[name] = old + item
                self.origins |= {(*loc, name, len(old) + at): (*origin, key, at) for at in range(len(item))}
        return result

    def _choice(self, form: Choice, table: dict[str, Any], loc: Loc, origin: Loc) -> dict[str, Any]:
        """``table`` as the variant that its tag names, or as the likeliest one."""
        known = {name for model in form.variants.values() for name in fields_of(model)}
        key = form.tag if form.tag in table else closest(form.tag, [name for name in table if name not in known])
        tag = table.get(key) if key else None
        if isinstance(tag, str) and tag in form.variants:
            return self._table(fields_of(form.variants[tag]), table, loc, origin, form)
        if key is None or not self.document.is_broken((*origin, key)):
            self._bad_tag(form, key, tag, loc, origin)
        guess = closest(tag, form.variants) if isinstance(tag, str) else None
        if guess is None:
            guess = max(form.variants, key=lambda name: len(set(table) & set(fields_of(form.variants[name]))))
            own = fields_of(form.variants[guess])
            table = {name: item for name, item in table.items() if name in own or name not in known}
            common = set.intersection(*(set(fields_of(model)) for model in form.variants.values()))
            self.excused |= {(*loc, name) for name in own if name not in common}
        mended = self._table(fields_of(form.variants[guess]), table, loc, origin, form)
        return mended | {form.tag: guess}

    def _bad_tag(self, form: Choice, key: str | None, tag: Any, loc: Loc, origin: Loc) -> None:
        table = subject(loc, self.document.data)
        description = plain(fields_of(next(iter(form.variants.values())))[form.tag].description)
        constraint = f"it needs {any_of(form.variants)}"
        if key is None:
            fault = Fault(
                self.document.at_value(origin),
                f"{table} has no `{form.tag}`",
                f"{constraint}: {description}",
                f"add `{form.tag} = …`",
            )
        else:
            what = f"{subject((*loc, form.tag), self.document.data)} is {written(tag)}"
            fault = Fault(self.document.at_value((*origin, key)), what, constraint, did_you_mean(tag, form.variants))
        self.faults.append(fault)

    def _map(self, form: Map, table: dict[str, Any], loc: Loc, origin: Loc) -> dict[str, Any]:
        """``table`` with names that are allowed, and with whole paths as keys where the values are single."""
        if isinstance(form.value, Scalar):
            return dict(self._flat(table, loc, origin))
        choices = form.key.choices or self._models(loc)
        renamed: dict[str, str] = {}
        table = self._whole_ids(table, choices, loc, origin)
        for key in [key for key in table if choices and key not in choices]:
            near = nearest(key, choices, table)
            what, constraint, _ = no_such("model", key, choices)
            if form.key.choices:
                what, constraint = f"`{shorten(key)}` cannot stand here as a name", f"it needs {any_of(choices)}"
            remedy = f"did you mean `{near}`?" if near else ""
            if near or not form.key.choices:
                place = self.document.at_key(self._origin(loc, origin, key))
                self.faults.append(Fault(place, what, constraint, remedy))
            if near is not None:
                renamed[key] = near
        table = self._rename(table, renamed, loc, origin)
        return {key: self.value(form.value, item, (*loc, key), (*origin, key)) for key, item in table.items()}

    def _whole_ids(self, table: dict[str, Any], ids: tuple[str, ...], loc: Loc, origin: Loc) -> dict[str, Any]:
        """``table`` with ids that have dots as one key each; TOML takes them without quotes for tables within tables."""
        result = dict(table)
        for name in (name for name in ids if "." in name and name not in table):
            path = name.split(".")
            inner: Any = table
            for part in path:
                inner = inner.get(part) if isinstance(inner, dict) else None
            if isinstance(inner, dict):
                result[path[0]] = {key: item for key, item in table[path[0]].items() if key != path[1]}
                if path[0] not in ids:
                    del result[path[0]]
                result[name] = inner
                self.origins[(*loc, name)] = (*origin, *path)
                place = self.document.at_key((*origin, *path))
                remedy = f'write [{".".join(map(str, loc))}."{name}"]'
                self.faults.append(Fault(place, f"the id `{name}` has dots", "it stands in quotes in a header", remedy))
        return result

    def _models(self, loc: Loc) -> tuple[str, ...]:
        """The ids that keys at ``loc`` have to be, where these are ids of models and all of them can be read."""
        if len(loc) != 3 or loc[0] != "profile" or loc[2] != "model" or self.document.lost:
            return ()
        if set(self.document.data) - set(fields_of(self.root)):
            return ()
        models = self.document.data.get("model")
        ids = (
            [item.get("id") if isinstance(item, dict) else None for item in models] if isinstance(models, list) else []
        )
        names = tuple(name for name in ids if isinstance(name, str) and re.match(IDENTIFIER, name))
        return names if len(names) == len(ids) else ()

    def _flat(self, table: dict[str, Any], loc: Loc, origin: Loc) -> Iterator[tuple[str, Any]]:
        """Pairs of a table whose keys are paths; TOML takes a path without quotes for tables within tables."""
        waiting: list[tuple[tuple[str, ...], Any]] = [((key,), item) for key, item in reversed(table.items())]
        while waiting:
            path, item = waiting.pop()
            name = ".".join(path)
            if isinstance(item, dict) and item:
                waiting.extend(((*path, key), inner) for key, inner in reversed(item.items()))
                continue
            if len(path) > 1:
                self.origins[(*loc, name)] = (*origin, *path)
                if not self.document.is_broken((*origin, *path)):
                    what = f"`{name}` is not one key without quotes"
                    constraint = f"keys of {subject(loc, self.document.data)} are whole paths"
                    place = self.document.at_key((*origin, *path))
                    self.faults.append(Fault(place, what, constraint, f'write "{name}" = …'))
            yield name, item
