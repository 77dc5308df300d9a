"""TOML values cut into spans, with no recursion: what is still open waits on a stack."""

from __future__ import annotations

import re

from pkbench.spec.syntax import BLANK, KEY, LINE_END, MAX_DEPTH, MAX_VALUES, BrokenError, Cursor, Pair, Value, dotted

STATEMENT = re.compile(
    rf"[ \t]*(?:{KEY}(?:[ \t]*\.[ \t]*{KEY}){{0,64}}[ \t]*=(?!=)"
    r"|\[\[?[ \t]*(?!(?:true|false|inf|nan)\b)[A-Za-z_][^\[\],\n]*\])"
)
"""A line that is a statement whatever stands before it: no line within a valid array looks like that."""
_SCALAR = re.compile(r"\d{4}-\d\d-\d\d[ Tt]\d\d:[^\s,\]}#]*|[^\s,\]}#\[{=\"']+")
_CLOSER = {"array": "]", "table": "}"}


class TooManyError(Exception):
    """The file is no spec, and reading it would only take time."""


class ValueCursor(Cursor):
    """A cursor that reads values, and counts what it reads."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._count = 0

    def counted(self) -> None:
        """Count a value or table; TooManyError where there are far more than a spec has."""
        self._count += 1
        if self._count > MAX_VALUES:
            raise TooManyError

    def value(self, name: str) -> Value:
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
        self.counted()
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
            comma = self.at
            self.at += 1
            if container.kind == "table" and self._closes(container):
                raise BrokenError(comma, "a comma stands before }", "take it out")
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
            if STATEMENT.match(self.text, self.at):
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
