"""Whether a record that is whole makes sense: what anybody reads off it is there, and what stands twice agrees."""

from __future__ import annotations

from typing import Any, Final

from pkbench.plan.changes import flatten
from pkbench.store.kinds import AnyRecord
from pkbench.store.record import Record

_CIRCUMSTANCES: Final = frozenset(
    {
        "seconds",
        "started",
        "ended",
        "environment",
        "code",
        "invocation",
        "spec",
        "labels",
        "profile",
        "engine",
        "stacked",
    }
    | {"accumulated", "resumed_after"}
)
"""What may differ between two records of one result: when, where and how it was computed, and what it was called."""

_ERRORS: Final = ("train_error", "validation_error", "test_error")

_NEEDED: Final = ("data.checksum", "model.kind", "result_version", "seed", "train.epochs", "train.optimizer.lr")
"""Parts of a configuration that no run is without."""


def contradictions(record: Record) -> list[str]:
    """What is missing in ``record`` or stands in it in two ways, a sentence each; a checksum says nothing of that."""
    config = flatten(record.config)
    found = [f"its configuration has no {name}" for name in _NEEDED if config.get(name) is None]
    pairs: list[tuple[str, object, object]] = [
        ("the seed", config.get("seed"), record.labels.seed),
        ("the learning rate", config.get("train.optimizer.lr"), record.labels.lr),
    ]
    if record.data is not None:
        pairs.append(("the data's checksum", config.get("data.checksum"), record.data.checksum))
    found += [f"{what} stands in it as {one} and {other}" for what, one, other in pairs if one != other]
    if (record.status == "failed") != (record.failure is not None):
        found.append(f"it is {record.status} and has {'no' if record.failure is None else 'a'} failure")
    if record.status == "finished" and (not record.history or record.final.test_error is None):
        found.append("it is finished and has no test error")
    for epoch in record.history:
        odd = [name for name in _ERRORS if (value := getattr(epoch, name)) is not None and not 0 <= value <= 100]
        found += [f"epoch {epoch.epoch} has a {name.replace('_', ' ')} of {getattr(epoch, name):g} %" for name in odd]
    return found


def difference(a: AnyRecord, b: AnyRecord) -> str:
    """What of the result differs between two records of one run, check or comparison, in words; empty where nothing does."""
    if isinstance(a, Record) and isinstance(b, Record):
        if a.status != b.status:
            return f"{a.status} here, {b.status} there"
        ends = [record.final.test_error if record.history else None for record in (a, b)]
        if ends[0] != ends[1]:
            return "test error {} here, {} there".format(*("none" if end is None else f"{end:.4g} %" for end in ends))
    values, others = (_result(record.model_dump(mode="json")) for record in (a, b))
    differing = [name.replace("_", " ") for name in values if values[name] != others.get(name)]
    return f"another {differing[0]}" if differing else ""


def _result(values: dict[str, Any]) -> dict[str, Any]:
    """A record's ``values`` without its circumstances, of its epochs too."""
    kept = {name: value for name, value in values.items() if name not in _CIRCUMSTANCES}
    if isinstance(kept.get("history"), list):
        kept["history"] = [
            {name: value for name, value in epoch.items() if name != "seconds"} for epoch in kept["history"]
        ]
    return kept
