"""A TOML file as nested data with the place of every part, and all that keeps it from being one."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pkbench.errors import Fault, Place, SpecError
from pkbench.spec.builder import Builder
from pkbench.spec.files import control_characters, decode
from pkbench.spec.positions import Lines, Loc, Positions
from pkbench.spec.scan import scan
from pkbench.spec.syntax import MAX_SLIPS, Slip


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: ``faults`` where it is not TOML, and at ``broken`` paths no value that could be read.

    ``lost``: there are tables whose name could not be read, so what is missing may be there. ``origins`` has the
    file's own path of what a repair has put elsewhere.
    """

    file: str
    data: dict[str, Any]
    positions: Positions
    broken: frozenset[Loc]
    faults: tuple[Fault, ...]
    lost: bool = False
    origins: Mapping[Loc, Loc] = field(default_factory=dict)

    def at_key(self, loc: Loc) -> Place:
        """The place of the key of ``loc``, or of its nearest ancestor."""
        return Place(self.file, *self.positions.key(self._original(loc)))

    def at_value(self, loc: Loc) -> Place:
        """The place of the value of ``loc``, or of its nearest ancestor."""
        return Place(self.file, *self.positions.value(self._original(loc)))

    def has(self, loc: Loc) -> bool:
        """Whether the file has ``loc``."""
        return self._original(loc) in self.positions

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
    return Document(file, data, builder.positions, frozenset(builder.broken), faults, builder.lost)


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
