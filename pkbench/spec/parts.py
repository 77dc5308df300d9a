"""The parts of a spec that are valid by themselves, and what is wrong with the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from pkbench.errors import Fault
from pkbench.spec.claim import LessClaim, Reported, ValueClaim
from pkbench.spec.document import Experiment, ProfileName, Spec
from pkbench.spec.faults import faults_of
from pkbench.spec.positions import Loc
from pkbench.spec.profile import Profile
from pkbench.spec.repair import repair
from pkbench.spec.scale import AnyData, AnyModel
from pkbench.spec.toml import Document
from pkbench.spec.train import Train

LISTS = frozenset({"data", "model", "reported", "claim"})
"""The arrays of tables of a spec."""


@dataclass(slots=True)
class Parts:
    """What is valid of a spec: items of arrays by their index, so that a broken one hides no other.

    ``spec`` is the whole, where all of it is valid.
    """

    document: Document
    spec: Spec | None = None
    experiment: Experiment | None = None
    train: Train | None = None
    data: dict[int, AnyData] = field(default_factory=dict)
    model: dict[int, AnyModel] = field(default_factory=dict)
    profile: dict[ProfileName, Profile] = field(default_factory=dict)
    reported: dict[int, Reported] = field(default_factory=dict)
    claim: dict[int, LessClaim | ValueClaim] = field(default_factory=dict)
    assumption: dict[str, str] = field(default_factory=dict)

    def fault(self, loc: Loc, what: str, constraint: str = "", remedy: str = "") -> Fault:
        """A fault at the value of ``loc``, or of its nearest ancestor."""
        return Fault(self.document.at_value(loc), what, constraint, remedy)

    def items(self, section: str) -> list[dict[str, Any]]:
        """The tables of an array of tables as they are in the file, valid or not."""
        found = self.document.data.get(section)
        return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []

    def ids(self, section: str) -> list[str]:
        """The ids in an array of tables, those of invalid tables included."""
        return [item["id"] for item in self.items(section) if isinstance(item.get("id"), str)]

    def knows(self, section: str, name: str) -> bool:
        """Whether ``name`` is an id of ``section``, or might be one that cannot be read."""
        ids = self.ids(section)
        return name in ids or len(ids) < len(self.items(section)) or self.document.has_broken((section,))

    def data_called(self, name: str) -> tuple[int, AnyData] | None:
        """Index and data set of the id ``name``, if it is valid."""
        return next(((index, data) for index, data in self.data.items() if data.id == name), None)


def validate(document: Document) -> tuple[Parts, list[Fault]]:
    """The valid parts of ``document``, and all faults of single values and tables."""
    repaired = repair(document)
    document = repaired.document
    faults = list(document.faults)
    parts = Parts(document)
    try:
        parts.spec = Spec.model_validate(document.data)
    except ValidationError as error:
        found = [item for item in faults_of(error, Spec, document) if item[0] not in repaired.excused]
        faults += [fault for _, fault in found]
        bad = {_unit(tuple(part for part in item)) for item in _error_locs(error)}
        _salvage(parts, bad)
    else:
        _take_apart(parts, parts.spec)
    return parts, faults


def _error_locs(error: ValidationError) -> list[Loc]:
    return [item["loc"] for item in error.errors(include_url=False, include_context=False, include_input=False)]


def _unit(loc: Loc) -> Loc:
    """The part of a spec that an error at ``loc`` spoils: a table of its own."""
    return loc[:1] if loc[0] in {"experiment", "train"} else loc[:2]


def _take_apart(parts: Parts, spec: Spec) -> None:
    parts.experiment, parts.train = spec.experiment, spec.train
    parts.data = dict(enumerate(spec.data))
    parts.model = dict(enumerate(spec.model))
    parts.reported = dict(enumerate(spec.reported))
    parts.claim = dict(enumerate(spec.claim))
    parts.profile, parts.assumption = dict(spec.profile), dict(spec.assumption)


def _salvage(parts: Parts, bad: set[Loc]) -> None:
    """Fill ``parts`` with what no error is in; all of it has been validated as part of the whole."""
    data = parts.document.data
    for name in ("experiment", "train"):
        if name in data and (name,) not in bad:
            setattr(parts, name, _valid(Spec.model_fields[name].annotation, data[name]))
    for section, kind in _UNITS.items():
        found = data.get(section)
        if (section,) in bad or not isinstance(found, list | dict):
            continue
        pairs = enumerate(found) if isinstance(found, list) else found.items()
        good = {key: _valid(kind, value) for key, value in pairs if (section, key) not in bad}
        setattr(parts, section, good)
