"""What to say of a key that its table does not have."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from pydantic import BaseModel

from pkbench.errors import Fault
from pkbench.spec.forms import Array, Choice, FieldForm, Form, Map, Table, fields_of
from pkbench.spec.positions import Loc
from pkbench.spec.profile import Profile
from pkbench.spec.syntax import shorten
from pkbench.spec.toml import Document
from pkbench.spec.words import any_of, subject


class UnknownKey:
    """A key, in the file at ``origin``, of the table at ``loc`` that is none of ``fields``.

    ``choice`` has the kinds that this table can be of, where there are several; ``root`` is the form of the whole spec.
    """

    def __init__(
        self,
        key: str,
        loc: Loc,
        origin: Loc,
        fields: dict[str, FieldForm],
        choice: Choice | None,
        root: type[BaseModel],
    ) -> None:
        self.root = root
        self.key = key
        self.loc = loc
        self.origin = origin
        self.fields = fields
        self.choice = choice

    def is_misplaced(self) -> bool:
        """Whether it is a key of another table or kind, spelled as it is there."""
        return bool(self._kinds() or self._is_question() or self.homes())

    def fault(self, document: Document, near: str | None) -> Fault:
        """What is wrong with it and where it belongs, or that it is likely meant to be ``near``."""
        name = shorten(self.key)
        place = document.at_key(self.origin)
        known = "known keys here: " + ", ".join(self.fields)
        table = subject(self.loc, document.data) if self.loc else "the spec"
        if self._kinds() and self.choice:
            what = f"`{name}` is a key of {self.choice.tag} = {any_of(self._kinds())} and {table} is of another"
            return Fault(place, what, known, f"take it out, or change {self.choice.tag}")
        if self._is_question():
            what = f"{table} sets `{name}`, and a profile cannot change what is asked"
            constraint = f"a profile changes scale only: {', '.join(self.fields)}"
            return Fault(place, what, constraint, f"set `{name}` outside the profiles, or write another spec")
        what = f"{table} has no key `{name}`" if self.loc else f"a spec has no key `{name}`"
        if self.homes() and near is None:
            return Fault(place, what, f"it is a key of {' and '.join(self.homes())}", "move it there")
        return Fault(place, what, known, f"did you mean `{near}`?" if near else "")

    def _kinds(self) -> tuple[str, ...]:
        """Kinds of this table that have the key."""
        if self.choice is None:
            return ()
        return tuple(tag for tag, model in self.choice.variants.items() if self.key in fields_of(model))

    def _in_profile(self) -> bool:
        return len(self.loc) > 1 and self.loc[0] == "profile"

    def _is_question(self) -> bool:
        """Whether it is a key of the spec's that no part of a profile has."""
        if not self._in_profile() or any(self.key in table for _, table in _tables(Profile)):
            return False
        return any(self.key in table for _, table in _tables(self.root))

    def homes(self) -> tuple[str, ...]:
        """Headers of the other tables that have the key, where they are few and it is not about another kind."""
        if self._kinds() or self._is_question():
            return ()
        if self._in_profile():
            prefix = f"profile.{self.loc[1]}"
            homes = [_header((prefix, *path)) for path, table in _tables(Profile) if self.key in table]
        else:
            homes = [
                _header(path) for path, table in _tables(self.root) if self.key in table and path[:1] != ("profile",)
            ]
        distinct = tuple(dict.fromkeys(homes))
        return distinct if len(distinct) <= 2 else ()


def lost_header(keys: list[UnknownKey], document: Document) -> Fault:
    """One fault for several keys that all belong to the same other table: its header is likely missing."""
    first, homes = keys[0], " and ".join(keys[0].homes())
    names = ", ".join(f"`{shorten(key.key)}`" for key in keys[:6]) + (", …" if keys[6:] else "")
    table = subject(first.loc, document.data) if first.loc else "the spec"
    remedy = f"write {first.homes()[0]} above them, or move them there"
    return Fault(document.at_key(first.origin), f"{table} has no keys {names}", f"they are keys of {homes}", remedy)


def _header(path: tuple[str, ...]) -> str:
    """How the table at ``path`` is opened; ``#`` marks an array of tables."""
    name = ".".join(part.removesuffix("#") for part in path)
    return f"[[{name}]]" if path and path[-1].endswith("#") else f"[{name}]" if path else "the top of the file"


@cache
def _tables(model: type[BaseModel]) -> tuple[tuple[tuple[str, ...], frozenset[str]], ...]:
    """Path and keys of every table below ``model``."""
    return tuple(_walk(Table(model), ()))


def _walk(form: Form, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], frozenset[str]]]:
    match form:
        case Table(model):
            fields = fields_of(model)
            yield path, frozenset(fields)
            for name, field in fields.items():
                yield from _walk(field.form, (*path, name))
        case Choice(_, variants):
            for variant in dict.fromkeys(variants.values()):
                yield from _walk(Table(variant), path)
        case Array(items):
            yield from _walk(items[0], (*path[:-1], f"{path[-1]}#"))
        case Map(_, value):
            yield from _walk(value, (*path, "<name>"))
