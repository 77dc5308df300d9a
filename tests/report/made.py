"""Studies with records, on disk and in memory, for the tests of reports."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pkbench.plan.run import expand
from pkbench.report.study import Study, read_records, study
from pkbench.spec.document import Spec
from pkbench.spec.scale import scale
from pkbench.store.files import Scan, Store
from tests.claims import factory

QUOTED_SPEC: dict[str, Any] = {
    "seeds": (0, 1, 2),
    "claims": (factory.LESS, factory.QUOTED, factory.VALUE),
    "numbers": (
        factory.reported("a", 12.07, 0.47, 3),
        factory.reported("b", 15.91, 1.55, 3),
        factory.reported("lasso", 14.81, quoted_from="Another paper"),
    ),
}

ERRORS = {"a": (1.0, 2.0, 3.0), "b": (2.0, 4.0, 6.0)}


def filled(profile: Any = "quick", errors: dict[str, Any] | None = None, **changes: Any) -> factory.Study:
    """Three finished seeds of two models; see :mod:`tests.claims.test_pairs` for what follows from them."""
    made = factory.study(profile, **(QUOTED_SPEC | changes))
    for model, values in (ERRORS if errors is None else errors).items():
        made.finish(model, values)
    return made


def study_of(made: factory.Study, **more: Any) -> Study:
    """What a report is made of, from records in memory."""
    here = {data.id: factory.CHECKSUM for data in made.scaled.data}
    scan = Scan(made.records, more.pop("problems", ()))
    return study(made.scaled, Path("/project/specs/small.toml"), "5" * 64, scan, here, **more)


def stored(made: factory.Study, root: Path) -> Store:
    """The records of ``made`` on disk."""
    store = Store(root)
    for record in made.records.values():
        store.write(record)
    return store


def from_disk(made: factory.Study, root: Path) -> Study:
    here = {data.id: factory.CHECKSUM for data in made.scaled.data}
    scan = read_records(stored(made, root), "small")
    return study(made.scaled, Path("/project/specs/small.toml"), "5" * 64, scan, here)


def toml(document: dict[str, Any]) -> str:
    """A spec's document as TOML: JSON's scalars and arrays are TOML's too."""
    lines: list[str] = []
    for key, value in document.items():
        if isinstance(value, dict):
            lines += [f"[{key}]", *_pairs(value)]
        else:
            for item in value:
                lines += [f"[[{key}]]", *_pairs(item)]
    return "\n".join(lines) + "\n"


def _pairs(table: dict[str, Any]) -> list[str]:
    return [f"{json.dumps(key)} = {_value(value)}" for key, value in table.items()]


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(_pairs(value)) + "}"
    return json.dumps(value, ensure_ascii=False)


PARITY: dict[str, Any] = factory.LESS | {
    "id": "parity",
    "kind": "equivalent",
    "statement": "rp is like normal at every width",
    "place": "Fig. 5",
    "a": "rp",
    "b": "normal",
    "x": "C",
    "margin": 2.0,
    "paper": {"figure": "5", "a": "rp omega=2^18", "b": "normal omega=2^18"},
}
TREND: dict[str, Any] = {
    "id": "trend",
    "kind": "trend",
    "statement": "The error falls with C",
    "place": "Fig. 5",
    "a": "rp",
    "x": "C",
    "direction": "falls",
    "metric": "test_error",
    "margin": 1.0,
    "alpha": 0.05,
}
LOWEST: dict[str, Any] = {
    "id": "lowest",
    "kind": "minimum-near",
    "statement": "The error is lowest near C = S",
    "place": "Fig. 6",
    "a": "normal",
    "x": "C/S",
    "target": 2.0,
    "within": 1.5,
    "metric": "test_error",
    "alpha": 0.05,
    "paper": {"figure": "6", "a": "normal"},
}
CROSSING: dict[str, Any] = {
    "id": "crossing",
    "kind": "crossing",
    "statement": "rp is worse when narrow and not when wide",
    "place": "Fig. 7",
    "a": "rp",
    "b": "normal",
    "x": "C",
    "metric": "test_error",
    "margin_first": 0.5,
    "margin_last": 0.0,
    "alpha": 0.05,
}
FAMILY_ERRORS = {
    "normal-c4": (30.0, 31.0, 32.0),
    "normal-c8": (20.0, 21.0, 22.0),
    "normal-c16": (24.0, 25.0, 26.0),
    "rp-c4": (34.0, 35.5, 37.0),
    "rp-c8": (20.5, 21.0, 22.0),
    "rp-c16": (20.0, 22.0, 23.0),
}


def families(
    profile: Any = "quick",
    *,
    errors: dict[str, Any] | None = None,
    claims: Any = (PARITY, TREND, LOWEST, CROSSING),
    C: Sequence[int] = (4, 8, 16),
    singles: Sequence[str] = (),
) -> factory.Study:
    """Two families along C, three finished seeds of each member; ``singles`` are further models of C = 50, 51, …"""
    raw = factory.document(claims=claims, seeds=(0, 1, 2), models={"normal": {}, "rp": {"mixing": "random"}})
    for model in raw["model"]:
        del model["C"]
        model["sweep"] = {"C": list(C)}
        if model["mixing"] == "random":
            model["rp_placement"] = "block"
    raw["model"] += [factory.MODEL | {"id": name, "C": 50 + i} for i, name in enumerate(singles)]
    scaled = scale(Spec.model_validate(raw), profile)
    made = factory.Study(scaled, list(expand(scaled, {data.id: factory.CHECKSUM for data in scaled.data})))
    for model, values in (FAMILY_ERRORS if errors is None else errors).items():
        made.finish(model, values)
    return made
