"""Mistakes in a spec's structure, each reported once and then mended, so that what is inside is checked too.

A key with a typo, a table of no known kind or with the wrong brackets would otherwise hide every fault below it
and bring up others that are not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pkbench.errors import Fault
from pkbench.spec.document import Spec
from pkbench.spec.forms import Array, Choice, FieldForm, Form, Map, Scalar, Table, fields_of
from pkbench.spec.positions import Loc
from pkbench.spec.toml import Document
from pkbench.spec.unknown import UnknownKey
from pkbench.spec.words import any_of, closest, did_you_mean, plain, subject, written


@dataclass(frozen=True, slots=True)
class Repaired:
    """A document whose structure is a spec's.

    Attributes:
        document: the mended data, with the faults found on the way.
        excused: keys whose absence is no fault, because the kind of their table is a guess.
    """

    document: Document
    excused: frozenset[Loc]


def repair(document: Document) -> Repaired:
    """``document`` with the structure of a spec, as far as what is meant can be told."""
    repairer = _Repairer(document)
    data = repairer.value(Table(Spec), document.data, (), ())
    faults = (*document.faults, *repairer.faults)
    return Repaired(replace(document, data=data, origins=repairer.origins, faults=faults), frozenset(repairer.excused))


class _Repairer:
    """Walks through data and forms side by side; ``origin`` is the file's own path of ``loc``."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.faults: list[Fault] = []
        self.origins: dict[Loc, Loc] = {}
        self.excused: set[Loc] = set()

    def value(self, form: Form, value: Any, loc: Loc, origin: Loc) -> Any:
        """``value`` mended where it is not what ``form`` asks for; single values stay as they are."""
        match form:
            case Table() | Choice() if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
                self._brackets(origin, "[[%s]]", "[%s]")
                return self.value(form, value[0], loc, (*origin, 0))
            case Array(items) if isinstance(items[0], Table | Choice) and isinstance(value, dict):
                self._brackets(origin, "[%s]", "[[%s]]")
                return [self.value(items[0], value, (*loc, 0), origin)]
        if loc != origin:
            self.origins[loc] = origin
        match form:
            case Table(model) if isinstance(value, dict):
                return self._table(fields_of(model), value, loc, origin, None)
            case Choice() if isinstance(value, dict):
                return self._choice(form, value, loc, origin)
            case Array(items) if isinstance(value, list):
                return [self.value(items[0], item, (*loc, at), (*origin, at)) for at, item in enumerate(value)]
            case Map() if isinstance(value, dict):
                return self._map(form, value, loc, origin)
        return value

    def _brackets(self, origin: Loc, found: str, needed: str) -> None:
        name = ".".join(str(part) for part in origin if isinstance(part, str))
        constraint = "a spec has one such table" if needed == "[%s]" else "a spec can have several such tables"
        place = self.document.at_key(origin)
        self.faults.append(Fault(place, f"this is written {found % name}", constraint, f"write {needed % name}"))

    def _table(
        self, fields: dict[str, FieldForm], table: dict[str, Any], loc: Loc, origin: Loc, choice: Choice | None
    ) -> dict[str, Any]:
        """``table`` with keys that are ``fields``: an unknown one is taken for the absent one it resembles."""
        mended: dict[str, Any] = {}
        absent = [name for name in fields if name not in table]
        for key, item in table.items():
            name: str | None = key
            if key not in fields:
                unknown = UnknownKey(key, loc, origin, fields, choice)
                name = None if unknown.is_misplaced() else closest(key, absent)
                if not self.document.is_broken((*origin, key)):
                    self.faults.append(unknown.fault(self.document))
            if name is not None:
                absent = [other for other in absent if other != name]
                mended[name] = self.value(fields[name].form, item, (*loc, name), (*origin, key))
        return mended

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
        constraint = f"it needs {any_of(form.variants)}" + (f": {description}" if description else "")
        if key is None:
            fault = Fault(
                self.document.at_value(origin), f"{table} has no `{form.tag}`", constraint, f"add `{form.tag} = …`"
            )
        else:
            what = f"{subject((*loc, form.tag), self.document.data)} is {written(tag)}"
            fault = Fault(self.document.at_value((*origin, key)), what, constraint, did_you_mean(tag, form.variants))
        self.faults.append(fault)

    def _map(self, form: Map, table: dict[str, Any], loc: Loc, origin: Loc) -> dict[str, Any]:
        """``table`` with names that are allowed, and with whole paths as keys where the values are single."""
        if isinstance(form.value, Scalar):
            return dict(self._flat(table, loc, origin))
        mended: dict[str, Any] = {}
        absent = [choice for choice in form.key.choices if choice not in table]
        for key, item in table.items():
            near = closest(key, absent) if form.key.choices and key not in form.key.choices else None
            if near:
                what = f"`{key}` cannot stand here as a name"
                constraint = f"it needs {any_of(form.key.choices)}"
                place = self.document.at_key((*origin, key))
                self.faults.append(Fault(place, what, constraint, f"did you mean `{near}`?"))
                absent.remove(near)
            mended[near or key] = self.value(form.value, item, (*loc, near or key), (*origin, key))
        return mended

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
