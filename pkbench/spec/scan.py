"""TOML text as statements with offsets, and every place where it is not TOML.

tomllib says what a value means, but keeps no positions and stops at its first error; tree-sitter's recovery
swallows the good lines around a bad one. TOML is read a statement at a time, so this scanner goes on at the
next statement: one slip for each broken one, and the rest of the file keeps its meaning. Values are cut, not
evaluated, and nesting is kept on a stack: no text makes it recurse.
"""

from __future__ import annotations

import re

from pkbench.spec.scalars import is_scalar
from pkbench.spec.syntax import (
    BLANK,
    LINE_END,
    MAX_DEPTH,
    MAX_SLIPS,
    BrokenError,
    Cursor,
    Header,
    Pair,
    Slip,
    Value,
    dotted,
)

_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*+")
_BRACKETS = re.compile(r"\]{1,2}")
_SCALAR = re.compile(r"\d{4}-\d\d-\d\d[ Tt]\d\d:[^\s,\]}#]*|[^\s,\]}#\[{=\"']+")
_KEY = r"(?:[A-Za-z0-9_-]+|\"[^\"\n]*\"|'[^'\n]*')"
_STATEMENT = re.compile(
    rf"[ \t]*(?:{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*[ \t]*=(?!=)"
    r"|\[\[?[ \t]*(?!(?:true|false|inf|nan)\b)[A-Za-z_][^\[\],\n]*\])"
)
"""A line that is a statement whatever stands before it: no line within a valid array looks like that."""
_ODD_HEADER = re.compile(rf"([\[({{< \t]*)({_KEY}(?:\.{_KEY})*)([\])}}>]+)[ \t]*(?:#[^\n]*)?\r?(?:\n|\Z)")
"""A line that has nothing but a name in some brackets, the closing ones at least."""
_CLOSER = {"array": "]", "table": "}"}


def scan(text: str) -> tuple[list[Header | Pair], list[Slip]]:
    """The statements of ``text`` in order, and its slips."""
    scanner = _Scanner(text)
    scanner.run()
    return scanner.statements, scanner.slips


class _Scanner(Cursor):
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
            if end < 0 or not spread or _STATEMENT.match(self.text, self.at):
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
        value = self._value(dotted(keys))
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

    def _value(self, name: str) -> Value:
        """The value that starts here; arrays and inline tables that are still open wait on a stack."""
        self.match(BLANK)
        if LINE_END.match(self.text, self.at):
            raise BrokenError(self.at, f"`{name}` has no value", f"write `{name} = …`, or leave the key out")
        first = value = self._scalar_or_opening(name)
        stack = [value] if value.kind != "scalar" else []
        while stack:
            top = stack[-1]
            self._gap(top)
            if self.here(_CLOSER[top.kind]):
                self.at += 1
                top.end = self.at
                stack.pop()
                if stack:
                    self._comma(stack[-1])
                continue
            value = self._item(top)
            if value.kind == "scalar":
                self._comma(top)
                continue
            if len(stack) == MAX_DEPTH:
                what = f"`{name}` is nested more than {MAX_DEPTH} levels deep"
                raise BrokenError(value.start, what, "a spec needs no more than a few", spread=True)
            stack.append(value)
        return first

    def _item(self, container: Value) -> Value:
        """The next item of an array, or pair of an inline table."""
        if container.kind == "array":
            container.items.append(self._scalar_or_opening("[ ]", spread=True))
            return container.items[-1]
        keys = self.keys("key = value")
        pair = Pair(keys)
        container.pairs.append(pair)
        if not self.here("="):
            what = f"`{dotted(keys)}` has no = and value in this {{ }}"
            raise BrokenError(keys[0].offset, what, f"write `{dotted(keys)} = …`")
        self.at += 1
        self.match(BLANK)
        pair.value = self._scalar_or_opening(dotted(keys))
        return pair.value

    def _scalar_or_opening(self, name: str, *, spread: bool = False) -> Value:
        start = self.at
        opening = self.text[start : start + 1]
        if opening in {"[", "{"}:
            self.at += 1
            return Value("array" if opening == "[" else "table", start)
        if opening in {'"', "'"}:
            try:
                self.string(multiline=True)
            except BrokenError as broken:
                broken.spread = broken.spread or spread
                raise
        elif self.match(_SCALAR) is None:
            remedy = "write a single =" if opening == "=" else ""
            raise BrokenError(start, f"`{name}` needs a value where `{self.line(start)}` stands", remedy, spread=spread)
        return Value("scalar", start, self.at)

    def _comma(self, container: Value) -> None:
        """Move over the comma after an item, or stay at the bracket that closes ``container``."""
        self._gap(container)
        if self.here(","):
            self.at += 1
            if container.kind == "table" and self._closes(container):
                raise BrokenError(self.at - 1, "a comma stands before }", "take it out")
        elif not self.here(_CLOSER[container.kind]):
            what = f"a comma or {_CLOSER[container.kind]} is missing before `{self.line(self.at)}`"
            raise BrokenError(self.at, what, spread=container.kind == "array")

    def _closes(self, container: Value) -> bool:
        self._gap(container)
        return self.here(_CLOSER[container.kind])

    def _gap(self, container: Value) -> None:
        """Move over blanks, in an array over comments and lines too, but not into the next statement."""
        while True:
            self.match(BLANK)
            if self.at < len(self.text) and LINE_END.match(self.text, self.at) is None:
                return
            if container.kind == "table" or self.at >= len(self.text):
                self._never_closed(container)
            before = self.at
            self.match(LINE_END)
            if _STATEMENT.match(self.text, self.at):
                self.at = before
                self._never_closed(container)

    def _never_closed(self, container: Value) -> None:
        closer = _CLOSER[container.kind]
        if container.kind == "table":
            what, remedy = (
                f"the inline table `{self.line(container.start)}` is not closed on its line",
                "write it in one line, or as a [table] of its own",
            )
        else:
            what, remedy = f"the array `{self.line(container.start)}` is never closed", f"close it with {closer}"
        raise BrokenError(container.start, what, remedy, spread=container.kind == "array")
