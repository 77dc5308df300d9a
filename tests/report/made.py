"""Studies with records, on disk and in memory, for the tests of reports."""

import json
from pathlib import Path
from typing import Any

from pkbench.report.study import Study, read_records, study
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
    """Three finished seeds of two models; see :mod:`tests.claims.test_evaluate` for what follows from them."""
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
