"""TOML text as statements with offsets, and every place where it is not TOML.

tomllib says what a value means, but keeps no positions and stops at its first error; tree-sitter's recovery
swallows the good lines around a bad one. TOML is read a statement at a time, so this scanner goes on at the
next statement: one slip for each broken one, and the rest of the file keeps its meaning. Values are cut, not
evaluated, and nesting is kept on a stack: no text makes it recurse.
"""

from __future__ import annotations

import re

from pkbench.spec.scalars import is_scalar
from pkbench.spec.scan_values import STATEMENT, TooManyError, ValueCursor
from pkbench.spec.syntax import (
    BLANK,
    KEY,
    LINE_END,
    MANY,
    MAX_SLIPS,
    MAX_VALUES,
    BrokenError,
    Header,
    Pair,
    Slip,
    Value,
    dotted,
)

_GAP = re.compile(r"[ \t\r\n]*+(?:#[^\n]*+[ \t\r\n]*+)" + MANY)
_BRACKETS = re.compile(r"\]{1,2}")
_ODD_HEADER = re.compile(rf"([\[({{< \t]*)({KEY}(?:\.{KEY}){{0,64}})([\])}}>]+)[ \t]*(?:#[^\n]*)?\r?(?:\n|\Z)")
"""A line that has nothing but a name in some brackets, the closing ones at least."""


def scan(text: str) -> tuple[list[Header | Pair], list[Slip]]:
    """The statements of ``text`` in order, and its slips; no statements where there are far too many."""
    scanner = _Scanner(text)
    try:
        scanner.run()
    except TooManyError:
        return [], [Slip(scanner.at, f"there are more than {MAX_VALUES:,} values up to here", "split the file")]
    return scanner.statements, scanner.slips


class _Scanner(ValueCursor):
    """Reads statement after statement."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.statements: list[Header | Pair] = []
        self.slips: list[Slip] = []

    def run(self) -> None:
        """Read every statement; after a broken one go on at the next."""
        while len(self.slips) < MAX_SLIPS:
            self.match(_GAP)
            if self.at >= len(self.text):
                return
            self.counted()
            try:
                if self.here("[") or _ODD_HEADER.match(self.text, self.at):
                    self._header()
                else:
                    self._pair()
            except BrokenError as broken:
                self.slips.append(broken.slip)
                self._resume(spread=broken.spread)

    def _resume(self, *, spread: bool) -> None:
        """Go to the next line; with ``spread``, on to the next one that surely is a statement."""
        while True:
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end + 1
            if end < 0 or not spread or STATEMENT.match(self.text, self.at):
                return

    def _header(self) -> None:
        start = self.at
        array = self.here("[[")
        odd = _ODD_HEADER.match(self.text, start)
        if odd is not None:
            self._odd_header(odd)
        self.at += 2 if array else 1
        try:
            keys = self.keys("the name of a table")
        except BrokenError:
            self.statements.append(Header((), start, array))
            raise
        if self.here("="):
            self.statements.append(Pair(keys))
            raise BrokenError(start, f"`{self.line(start)}` begins with [", f"write `{dotted(keys)} = …`")
        closing = self.match(_BRACKETS) or ""
        if not closing and LINE_END.match(self.text, self.at) is None:
            self.statements.append(Header((), start, array))
            raise BrokenError(self.at, f"the name of a table cannot have `{self.line(self.at)}` in it", "write [name]")
        self.statements.append(Header(keys, start, array or closing == "]]"))
        if len(closing) != 1 + array:
            raise self._unlike(start, dotted(keys))
        self._end_of_line("the table's name", "go on in a new line")

    def _odd_header(self, found: re.Match[str]) -> None:
        """Take a line that is a table's name in the wrong brackets for what it is meant to be."""
        opening, name, closing = found.groups()
        if (opening, closing) in {("[", "]"), ("[[", "]]")}:
            return
        self.at = found.start(2)
        keys = self.keys("the name of a table")
        self.statements.append(Header(keys, found.start(), "[[" in opening or "]]" in closing))
        raise self._unlike(found.start(), name)

    def _unlike(self, start: int, name: str) -> BrokenError:
        what = f"`{self.line(start)}` is not closed the way it is opened"
        return BrokenError(start, what, f"write [{name}], or [[{name}]] where there may be several")

    def _pair(self) -> None:
        start = self.at
        keys = self.keys("key = value, or [table],")
        pair = Pair(keys)
        self.statements.append(pair)
        if not self.here("="):
            what = f"`{self.line(start)}` has no = after `{dotted(keys)}`"
            raise BrokenError(start, what, f"write `{dotted(keys)} = …`, or begin the line with # if it is a comment")
        self.at += 1
        value = self.value(dotted(keys))
        if self._is_bare_text(value):
            # Hello world: all of it is the value that lacks its quotes.
            value.end = value.start + len(self._rest(value.start))
            self._resume(spread=False)
        else:
            self._end_of_line("the value", "one line holds one key and its value; several values stand in [ ]")
        pair.value = value

    def _rest(self, start: int) -> str:
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)].split(" #")[0].rstrip()

    def _is_bare_text(self, value: Value) -> bool:
        """Whether ``value`` is no TOML by itself and more follows it on its line."""
        if value.kind != "scalar" or LINE_END.match(self.text, self.at):
            return False
        return not is_scalar(self.text[value.start : value.end])

    def _end_of_line(self, after: str, remedy: str) -> None:
        if self.match(LINE_END) is None:
            self.match(BLANK)
            raise BrokenError(self.at, f"`{self.line(self.at)}` stands after {after}", remedy)
