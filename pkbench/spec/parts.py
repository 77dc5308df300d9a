"""The parts of a spec that are valid by themselves, and what is wrong with the others."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import Any, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from pkbench.errors import Fault
from pkbench.spec.base import IDENTIFIER
from pkbench.spec.claim import AnyClaim, Reported
from pkbench.spec.compare import Compare
from pkbench.spec.document import Experiment, ProfileName, Spec
from pkbench.spec.enough import first_faults
from pkbench.spec.faults import faults_of
from pkbench.spec.positions import Loc
from pkbench.spec.profile import Profile
from pkbench.spec.recipe import Recipe
from pkbench.spec.repair import repair
from pkbench.spec.scale import AnyData, AnyModel
from pkbench.spec.standins import with_stand_ins
from pkbench.spec.toml import Document
from pkbench.spec.train import Train

LISTS = frozenset({"data", "model", "reported", "claim", "compare", "configuration"})
"""The arrays of tables of a spec."""


@dataclass(slots=True)
class Placed:
    """A document in which faults are given a place."""

    document: Document

    def fault(self, loc: Loc, what: str, constraint: str = "", remedy: str = "") -> Fault:
        """A fault at the value of ``loc``, or of its nearest ancestor."""
        return Fault(self.document.at_value(loc), what, constraint, remedy)


@dataclass(slots=True)
class Parts(Placed):
    """What is valid of a spec: items of arrays by their index, so that a broken one hides no other.

    ``spec`` is the whole, where all of it is valid; ``raw`` is the data before its structure was mended, and at
    ``excused`` paths something is missing that has been found elsewhere.
    """

    raw: dict[str, Any]
    excused: frozenset[Loc] = frozenset()
    spec: Spec | None = None
    experiment: Experiment | None = None
    train: Train | None = None
    data: dict[int, AnyData] = field(default_factory=dict)
    model: dict[int, AnyModel] = field(default_factory=dict)
    recipe: dict[str, Recipe] = field(default_factory=dict)
    profile: dict[ProfileName, Profile] = field(default_factory=dict)
    reported: dict[int, Reported] = field(default_factory=dict)
    claim: dict[int, AnyClaim] = field(default_factory=dict)
    compare: dict[int, Compare] = field(default_factory=dict)
    assumption: dict[str, str] = field(default_factory=dict)

    def items(self, section: str) -> dict[int, dict[str, Any]]:
        """The tables of an array of tables by index as they are in the file, valid or not."""
        found = self.document.data.get(section)
        pairs = enumerate(found) if isinstance(found, list) else ()
        return {index: item for index, item in pairs if isinstance(item, dict)}

    def ids(self, section: str) -> list[str]:
        """The ids in an array of tables, those of invalid tables included."""
        return [item["id"] for item in self.items(section).values() if isinstance(item.get("id"), str)]

    def knows(self, section: str, name: str) -> bool:
        """Whether ``name`` is an id of ``section``, or might be meant by one."""
        return name in self.ids(section) or self.might_mean(section, name)

    def might_mean(self, section: str, name: str) -> bool:
        """Whether ``name`` may stand for a table whose own id is missing, repeated or misspelled: one fault, not two."""
        ids = self.ids(section)
        if self.document.lost or len(set(ids)) < len(self.items(section)) or "" in ids:
            return True
        return any(_bare(name) == _bare(other) for other in ids if not re.match(IDENTIFIER, other))


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def validate(document: Document) -> tuple[Parts, list[Fault]]:
    """The valid parts of ``document``, a spec that trains, and all faults of single values and tables."""
    repaired = repair(document, Spec)
    raw, document = document.data, repaired.document
    faults = list(document.faults)
    parts = Parts(document, raw, repaired.excused)
    try:
        parts.spec = Spec.model_validate(document.data)
    except ValidationError as error:
        found = (fault for loc, fault in faults_of(error, Spec, document) if loc not in repaired.excused)
        faults = first_faults(chain(faults, found), document.file)
        _salvage(parts, with_stand_ins(document.data, _locs(error)))
    else:
        _take_apart(parts, parts.spec)
    return parts, faults


def _locs(error: ValidationError) -> list[Loc]:
    return [item["loc"] for item in error.errors(include_url=False, include_input=False)]


def _unit(loc: Loc) -> Loc:
    """The part of a spec that an error at ``loc`` spoils: a table of its own."""
    return loc[:1] if loc[0] in {"experiment", "train"} else loc[:2]


def _take_apart(parts: Parts, spec: Spec) -> None:
    parts.experiment, parts.train = spec.experiment, spec.train
    parts.data = dict(enumerate(spec.data))
    parts.model = dict(enumerate(spec.model))
    parts.reported = dict(enumerate(spec.reported))
    parts.claim = dict(enumerate(spec.claim))
    parts.compare = dict(enumerate(spec.compare))
    parts.profile, parts.recipe = dict(spec.profile), dict(spec.recipe)
    parts.assumption = dict(spec.assumption)


def _salvage(parts: Parts, data: dict[str, Any]) -> None:
    """Fill ``parts`` with what of ``data`` no error is in."""
    try:
        _take_apart(parts, Spec.model_validate(data))
    except ValidationError as error:
        bad = {_unit(loc) for loc in _locs(error)}
    else:
        return
    for section, value in data.items():
        if (section,) in bad:
            continue
        adapter, has_items = _adapter(section)
        if not has_items:
            setattr(parts, section, adapter.validate_python(value))
            continue
        pairs = enumerate(value) if isinstance(value, list) else value.items()
        setattr(parts, section, {key: adapter.validate_python(it) for key, it in pairs if (section, key) not in bad})


@cache
def _adapter(section: str) -> tuple[TypeAdapter[Any], bool]:
    """What validates ``section`` of a spec, or an item of it, and whether it has items."""
    annotation: Any = Spec.model_fields[section].annotation
    origin = get_origin(annotation)
    if origin not in (tuple, dict):
        return TypeAdapter(annotation), False
    return TypeAdapter(get_args(annotation)[0 if origin is tuple else 1]), True
