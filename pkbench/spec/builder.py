"""Statements of a TOML file put together: nested data, the place of every part, and what does not fit together.

For a file that tomllib accepts only the places are wanted; for one that it refuses, the data as well, with
:data:`BROKEN` where a value could not be read.
"""

from __future__ import annotations

from typing import Any, Final

from pkbench.spec.positions import Lines, Loc, Positions
from pkbench.spec.scalars import read_scalar
from pkbench.spec.syntax import MAX_SLIPS, BrokenError, Header, Key, Pair, Slip, Value, dotted


class Broken:
    """Stands for a value that could not be read; its slip has been noted."""

    def __repr__(self) -> str:
        return "BROKEN"


BROKEN: Final = Broken()


class Builder:
    """Walks through the statements as a reader of TOML does, noting instead of stopping."""

    def __init__(self, text: str, *, evaluate: bool, lists: frozenset[str]) -> None:
        self.data: dict[str, Any] = {}
        self.positions = Positions(Lines(text))
        self.broken: set[Loc] = set()
        self.slips: list[Slip] = []
        self.lost = False
        self._text = text
        self._evaluate = evaluate
        self._lists = lists
        self._table = self.data
        self._loc: Loc = ()
        self._headers: set[Loc] = set()
        """Tables that have a header of their own, arrays of tables included."""
        self._arrays: set[Loc] = set()

    def build(self, statements: list[Header | Pair]) -> None:
        """Put ``statements`` together."""
        for statement in statements:
            if len(self.slips) >= MAX_SLIPS:
                return
            if isinstance(statement, Pair):
                self._pair(self._table, self._loc, statement)
            elif not statement.keys:
                # Whose table this is cannot be told: what it holds is nobody's.
                self.lost = True
                self._table, self._loc = {}, ("",)
            elif statement.array:
                self._array_header(statement)
            else:
                self._header(statement)

    def _slip(self, offset: int, what: str, remedy: str) -> None:
        if self._evaluate:
            self.slips.append(Slip(offset, what, remedy))

    def _line_of(self, loc: Loc) -> int:
        return self.positions.key(loc)[0]

    def _enter(self, table: dict[str, Any], loc: Loc, keys: tuple[Key, ...], offset: int) -> tuple[dict[str, Any], Loc]:
        """The table under ``keys``, made where it is missing; one apart from the data where a value is in the way."""
        for key in keys:
            loc = (*loc, key.name)
            found = table.setdefault(key.name, {})
            self.positions.add(loc, offset, offset)
            if isinstance(found, list) and loc in self._arrays:
                loc = (*loc, len(found) - 1)
                found = found[-1]
            if not isinstance(found, dict):
                if loc not in self.broken:
                    what = f"`{key.name}` is a value on line {self._line_of(loc)} and a table here"
                    self._slip(key.offset, what, "give one of them another name")
                return {}, (*loc, "")
            table = found
        return table, loc

    def _header(self, header: Header) -> None:
        parent, loc = self._enter(self.data, (), header.keys[:-1], header.offset)
        name = header.keys[-1].name
        loc = (*loc, name)
        if loc in self._arrays or (loc in self._headers and loc[0] in self._lists and len(loc) == 1):
            found = "[[ ]]" if loc in self._arrays else "[ ] too"
            what = (
                f"[{dotted(header.keys)}] is the second of its name: on line {self._line_of(loc)} it is written {found}"
            )
            self._slip(header.offset, what, f"write [[{dotted(header.keys)}]] each time")
            self._append(parent, loc, header)
            return
        if loc in self._headers or (name in parent and not isinstance(parent[name], dict)):
            what = f"[{dotted(header.keys)}] is given twice, first on line {self._line_of(loc)}"
            self._slip(header.offset, what, f"leave one, or write [[{dotted(header.keys)}]] where several are meant")
        elif name in parent:
            # Known through [name.other] so far: this is its own header.
            self.positions.replace(loc, header.offset)
        self.positions.add(loc, header.offset, header.offset)
        self._headers.add(loc)
        found = parent.setdefault(name, {})
        self._table, self._loc = (found, loc) if isinstance(found, dict) else ({}, (*loc, ""))

    def _array_header(self, header: Header) -> None:
        parent, loc = self._enter(self.data, (), header.keys[:-1], header.offset)
        name = header.keys[-1].name
        loc = (*loc, name)
        if isinstance(parent.get(name), dict):
            what = f"[[{dotted(header.keys)}]] is written [{dotted(header.keys)}] on line {self._line_of(loc)}"
            self._slip(header.offset, what, "write [[ ]] in both places")
        elif name in parent and loc not in self._arrays:
            what = f"`{name}` is a value on line {self._line_of(loc)} and a table here"
            self._slip(header.offset, what, "give one of them another name")
            self._table, self._loc = {}, (*loc, "")
            return
        self._append(parent, loc, header)

    def _append(self, parent: dict[str, Any], loc: Loc, header: Header) -> None:
        """Begin another item of the array of tables at ``loc``; a single table there becomes its first."""
        found = parent.setdefault(header.keys[-1].name, [])
        if isinstance(found, dict):
            self.positions.move(loc, (*loc, 0))
            found = parent[header.keys[-1].name] = [found]
        self._arrays.add(loc)
        self.positions.add(loc, header.offset, header.offset)
        self._table, self._loc = {}, (*loc, len(found))
        self.positions.add(self._loc, header.offset, header.offset)
        found.append(self._table)

    def _pair(self, table: dict[str, Any], loc: Loc, pair: Pair) -> None:
        table, loc = self._enter(table, loc, pair.keys[:-1], pair.keys[0].offset)
        last = pair.keys[-1]
        loc = (*loc, last.name)
        if self._begins_another(table, pair):
            section = loc[0]
            what = f"`{last.name}` is given twice, first on line {self._line_of(loc)}"
            self._slip(last.offset, what, f"begin another [[{section}]] above it, or leave one of them")
            self._append(self.data, loc[:1], Header((Key(str(section), last.offset),), last.offset, array=True))
            table, loc = self._table, (*self._loc, last.name)
        if last.name in table:
            what = f"`{dotted(pair.keys)}` is given twice, first on line {self._line_of(loc)}"
            self._slip(pair.keys[0].offset, what, "leave one of them")
            return
        start = pair.value.start if pair.value else pair.keys[0].offset
        self.positions.add(loc, pair.keys[0].offset, start)
        table[last.name] = self._value(loc, pair.value)

    def _begins_another(self, table: dict[str, Any], pair: Pair) -> bool:
        """Whether ``pair`` repeats the key that an item of a list begins with: then the header between is missing."""
        in_list = len(self._loc) == 2 and self._loc[0] in self._lists
        return in_list and table is self._table and pair.keys[-1].name == next(iter(table), None)

    def _value(self, loc: Loc, value: Value | None) -> Any:
        """What ``value`` means; nesting is bounded by the scanner."""
        if value is None:
            self.broken.add(loc)
            return BROKEN
        if value.kind == "array":
            for index, item in enumerate(value.items):
                self.positions.add((*loc, index), item.start, item.start)
            return [self._value((*loc, index), item) for index, item in enumerate(value.items)]
        if value.kind == "table":
            table: dict[str, Any] = {}
            for pair in value.pairs:
                self._pair(table, loc, pair)
            return table
        return self._scalar(loc, value)

    def _scalar(self, loc: Loc, value: Value) -> Any:
        if not self._evaluate:
            return None
        try:
            return read_scalar(self._text[value.start : value.end], value.start)
        except BrokenError as broken:
            self.slips.append(broken.slip)
            self.broken.add(loc)
            return BROKEN
