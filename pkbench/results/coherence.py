"""Whether a record that is whole makes sense: what anybody reads off it is there, and what stands twice agrees."""

from __future__ import annotations

from typing import Final

from pkbench.plan.changes import flatten
from pkbench.store.record import Record

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
    return found
