"""A TOML file as nested data with the place of every part, and all that keeps it from being one."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from pkbench.errors import Fault, Place, SpecError
from pkbench.spec.builder import Builder
from pkbench.spec.files import control_characters, decode
from pkbench.spec.positions import Lines, Loc, Positions
from pkbench.spec.scan import scan
from pkbench.spec.syntax import MAX_DEPTH, MAX_SLIPS, Slip

SHORT: Final = 2**16
"""Characters of a text that is given to tomllib before the scanner has bounded it: no such text takes it long."""
_DOTS: Final = 8 * MAX_DEPTH
"""The same of dots in a line, more than any sound one has."""


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: ``faults`` where it is not TOML, and at ``broken`` paths no value that could be read.

    ``lost``: there are tables whose name could not be read, so what is missing may be there. ``sound`` is the file's own
    data, whatever a repair makes of ``data``; ``None`` where that has to be asked of the positions. ``origins`` has the
    file's own path of what a repair has put elsewhere.
    """

    file: str
    data: dict[str, Any]
    find_positions: Callable[[], Positions]
    broken: frozenset[Loc]
    faults: tuple[Fault, ...]
    lost: bool = False
    sound: dict[str, Any] | None = None
    origins: Mapping[Loc, Loc] = field(default_factory=dict)

    @property
    def positions(self) -> Positions:
        """Where everything stands: found out when first asked for, which a file without a fault never is."""
        return self.find_positions()

    def at_key(self, loc: Loc) -> Place:
        """The place of the key of ``loc``, or of its nearest ancestor."""
        return Place(self.file, *self.positions.key(self._original(loc)))

    def at_value(self, loc: Loc) -> Place:
        """The place of the value of ``loc``, or of its nearest ancestor."""
        return Place(self.file, *self.positions.value(self._original(loc)))

    def has(self, loc: Loc) -> bool:
        """Whether the file has ``loc``."""
        original = self._original(loc)
        return original in self.positions if self.sound is None else _leads_to(self.sound, original)

    def is_broken(self, loc: Loc) -> bool:
        """Whether ``loc`` is, or lies in, a value that could not be read."""
        original = self._original(loc)
        return any(original[:length] in self.broken for length in range(1, len(original) + 1))

    def _original(self, loc: Loc) -> Loc:
        for length in range(len(loc), 0, -1):
            if loc[:length] in self.origins:
                return self.origins[loc[:length]] + loc[length:]
        return loc


def parse(content: bytes, file: str, lists: frozenset[str] = frozenset()) -> Document:
    """``content`` as a document whose places name ``file``; of the tables in ``lists`` several are expected.

    Raises:
        SpecError: it is empty, no text, or so little of it is TOML that nothing else about it is worth saying.
    """
    text, odd = control_characters(decode(content, file))
    sound = None if odd else _sound(text)
    if sound is not None:
        return Document(file, sound, cache(lambda: _positions(text, lists)), frozenset(), (), sound=sound)
    statements, slips = scan(text)
    if not statements and not slips and not odd:
        remedy = "`pkbench new <id>` writes a spec to start from"
        raise SpecError([Fault(Place(file), "this file is empty", "a spec has at least a model and its data", remedy)])
    slips = [Slip(at, "a control character stands here", "take it out") for at in odd[:MAX_SLIPS]] + slips
    # Only what the scanner has bounded is given to tomllib, which recurses.
    data, refusal = (None, None) if slips else _load(text)
    builder = Builder(text, evaluate=data is None, lists=lists)
    builder.build(statements)
    slips += builder.slips or [slip for slip in (refusal,) if slip and not slips]
    lines = Lines(text)
    faults = tuple(Fault(Place(file, *lines.at(slip.offset)), slip.what, "", slip.remedy) for slip in slips)
    if len(faults) >= MAX_SLIPS:
        what = f"{len(faults)} faults, and the rest of the file is not looked at"
        raise SpecError([*faults, Fault(Place(file), what, "a spec is a TOML file", "is this the right file?")])
    if faults and all((key,) in builder.broken for key in builder.data):
        # Nothing could be read: that everything is missing besides is no news.
        raise SpecError(faults)
    data = builder.data if data is None else data
    return Document(file, data, lambda: builder.positions, frozenset(builder.broken), faults, builder.lost)


def _sound(text: str) -> dict[str, Any] | None:
    """What a short text means that tomllib accepts and that has no more levels than the scanner allows; ``None`` of others."""
    # Of a key with thousands of parts tomllib looks up every beginning.
    if len(text) > SHORT or any(line.count(".") > _DOTS for line in text.split("\n")):
        return None
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if data and _levels_end(data, MAX_DEPTH) else None


def _leads_to(value: Any, loc: Loc) -> bool:
    """Whether there is something at ``loc`` in ``value``."""
    for key in loc:
        items = dict(enumerate(value)) if isinstance(value, list) else value
        if not isinstance(items, dict) or key not in items:
            return False
        value = items[key]
    return bool(loc)


def _levels_end(value: Any, depth: int) -> bool:
    """Whether ``value`` is nested at most ``depth`` levels deep."""
    if not isinstance(value, dict | list):
        return True
    return depth > 0 and all(
        _levels_end(item, depth - 1) for item in (value.values() if isinstance(value, dict) else value)
    )


def _positions(text: str, lists: frozenset[str]) -> Positions:
    """Where everything stands in a sound text."""
    builder = Builder(text, evaluate=False, lists=lists)
    builder.build(scan(text)[0])
    return builder.positions


def _load(text: str) -> tuple[dict[str, Any], None] | tuple[None, Slip]:
    """``text`` as tomllib reads it, or what tomllib has against it."""
    try:
        return tomllib.loads(text), None
    except ValueError as error:
        message, place = str(error), re.search(r" \(at line (\d+), column (\d+)\)$", str(error))
        offset = len(text.rstrip())
        if place is not None:
            line_start = sum(len(line) + 1 for line in text.split("\n")[: int(place[1]) - 1])
            offset, message = line_start + int(place[2]) - 1, message[: place.start()]
        return None, Slip(offset, f"this is not TOML: {message}")
