"""Where each key and value of a file stands: from a path like ``("model", 1, "depth")`` to line and column."""

from __future__ import annotations

from bisect import bisect_right

Loc = tuple[str | int, ...]
"""Keys and array indices from the top of a file."""


class Lines:
    """Offsets of a text as lines and columns, both counted in characters from 1."""

    def __init__(self, text: str) -> None:
        self._starts = [0]
        start = text.find("\n")
        while start >= 0:
            self._starts.append(start + 1)
            start = text.find("\n", start + 1)

    def at(self, offset: int) -> tuple[int, int]:
        """Line and column of ``offset``."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


class Positions:
    """Offsets of keys and values by path.

    A table's key and value are its header; what a path's last part lacks, its nearest ancestor has.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._keys: dict[Loc, int] = {}
        self._values: dict[Loc, int] = {}

    def __contains__(self, loc: Loc) -> bool:
        return loc in self._values

    def add(self, loc: Loc, key: int, value: int) -> None:
        """Note where ``loc`` stands; its first place holds."""
        self._keys.setdefault(loc, key)
        self._values.setdefault(loc, value)

    def replace(self, loc: Loc, offset: int) -> None:
        """Note that ``loc``, so far known through its contents only, has a header at ``offset``."""
        self._keys[loc] = self._values[loc] = offset

    def move(self, old: Loc, new: Loc) -> None:
        """Let everything under ``old`` be found under ``new`` too."""
        for table in (self._keys, self._values):
            under = [loc for loc in table if loc[: len(old)] == old]
            for loc in under:
                table[new + loc[len(old) :]] = table[loc]

    def key(self, loc: Loc) -> tuple[int, int]:
        """Line and column of the key of ``loc``, or of its nearest ancestor; (0, 0) for the whole file."""
        return self._find(self._keys, loc)

    def value(self, loc: Loc) -> tuple[int, int]:
        """Line and column of the value of ``loc``, or of its nearest ancestor; (0, 0) for the whole file."""
        return self._find(self._values, loc)

    def _find(self, table: dict[Loc, int], loc: Loc) -> tuple[int, int]:
        while loc:
            if loc in table:
                return self._lines.at(table[loc])
            loc = loc[:-1]
        return 0, 0
