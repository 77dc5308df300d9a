"""What a record becomes in MLflow: a name, tags, parameters and metrics. Pure: knows no MLflow."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pkbench.store.record import Epoch, Record

KIND = "pkbench.kind"
RUN_ID = "pkbench.run_id"
CHECKSUM = "pkbench.record_sha256"
INVOCATION = "pkbench.invocation"
FORMAT = "pkbench.mirror_format"
COMPLETE = "pkbench.complete"
"""Set last: whatever lacks it was interrupted and is pushed again."""

CURRENT_FORMAT = "2"
"""Raised whenever this file turns the same record into other content: mirrored runs are then replaced."""
PARENT = "mlflow.parentRunId"
LONGEST_VALUE = 6000
"""MLflow's limit on a parameter's characters."""

_MEASURED = (
    "lr",
    "train_loss",
    "train_error",
    "validation_loss",
    "validation_error",
    "test_loss",
    "test_error",
    "seconds",
    "data_seconds",
)


@dataclass(frozen=True, slots=True)
class Point:
    """One value of one metric. Its timestamp comes from the record, so that pushing it again changes nothing."""

    key: str
    value: float
    timestamp: int
    step: int


def milliseconds(seconds: float) -> int:
    """Unix time as MLflow counts it."""
    return round(seconds * 1000)


def experiment_name(spec_id: str) -> str:
    """The MLflow experiment of a spec."""
    return f"pkbench/{spec_id}"


def run_name(record: Record) -> str:
    """The run's name for people, what runs differ in most coming first: lists and legends cut it at the end."""
    labels = record.labels
    channels = "" if record.counts.C is None else f" C={record.counts.C}"
    return f"{labels.model}{channels} seed {labels.seed}, {labels.data}, lr {labels.lr:g}"


def invocation_name(record: Record) -> str:
    """The parent run's name for people: what was run and when (UTC)."""
    started = datetime.fromtimestamp(record.invocation.started, UTC)
    return f"pkbench run {record.spec.id} --profile {record.profile}, {started:%Y-%m-%d %H:%M:%S} UTC"


def status(record: Record) -> str:
    """The run's status in MLflow's words."""
    return "FINISHED" if record.status == "finished" else "FAILED"


def tags(record: Record, checksum: str) -> dict[str, str]:
    """What identifies the run and what one filters by."""
    found = {
        KIND: "run",
        RUN_ID: record.run_id,
        CHECKSUM: checksum,
        FORMAT: CURRENT_FORMAT,
        INVOCATION: record.invocation.id,
        "pkbench.status": record.status,
        "pkbench.model": record.labels.model,
        "pkbench.data": record.labels.data,
        **_origin_tags(record),
    }
    if record.failure is not None:
        found["pkbench.failure"] = shortened(f"{record.failure.kind}: {record.failure.message}")
    return found


def invocation_tags(record: Record) -> dict[str, str]:
    """Tags of the parent run: the command that computed ``record`` and others."""
    return {KIND: "invocation", INVOCATION: record.invocation.id, **_origin_tags(record)}


def _origin_tags(record: Record) -> dict[str, str]:
    dirty = {True: "true", False: "false", None: "unknown"}[record.code.dirty]
    found = {
        "pkbench.spec": record.spec.id,
        "pkbench.spec_sha256": record.spec.sha256,
        "pkbench.profile": record.profile,
        "pkbench.version": record.code.version,
        "pkbench.commit": record.code.commit or "unknown",
        "pkbench.dirty": dirty,
        "pkbench.device": record.environment.device,
        "mlflow.source.name": "pkbench",
    }
    if record.code.commit is not None:
        found["mlflow.source.git.commit"] = record.code.commit
    return found


def parameters(record: Record) -> dict[str, str]:
    """The configuration, flattened: ``train.optimizer.lr`` and so on; the model's sizes by their own names, for axes.

    A size that the model does not have is left out: MLflow draws a parameter as numbers where all of its values are.
    """
    tree = {**record.config, **record.counts.model_dump(mode="json", exclude_none=True)}
    return {key: shortened(value) for key, value in flattened(tree)}


def flattened(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Leaves of ``tree`` by their dotted path; lists stay whole, as JSON."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from flattened(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value if isinstance(value, str) else json.dumps(value)


def shortened(text: str) -> str:
    """``text`` within MLflow's limit."""
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def points(record: Record) -> list[Point]:
    """Every finite number of the history; MLflow turns infinity into a huge number, so it is left out."""
    return [point for epoch in record.history for point in _epoch_points(epoch)]


def _epoch_points(epoch: Epoch) -> Iterator[Point]:
    for key in _MEASURED:
        value = getattr(epoch, key)
        if value is not None and math.isfinite(value):
            yield Point(key, value, milliseconds(epoch.ended), epoch.epoch)
