"""Putting one record into MLflow, so that being killed anywhere in between leaves nothing that a later push misses.

A run is whole when it carries the record's checksum and the tag that is set last. Anything else that carries
the run's id is taken up again (same record) or deleted (another record, or a double). Metrics have the
record's timestamps and parameters its values, so whatever is pushed twice is there once.
"""

from __future__ import annotations

import importlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pkbench.store.mirror import entry
from pkbench.store.mirror.target import Target
from pkbench.store.record import Record

Pushed = Literal["new", "replaced", "present"]
_METRICS_A_BATCH = 500
"""Of at most 1000: a slow server answers in time."""
_PARAMETERS_A_BATCH = 100
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Item:
    """A sound record, the checksum in its file, and the file's bytes."""

    record: Record
    checksum: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Live:
    """A run in MLflow that is not deleted."""

    id: str
    name: str
    """The pkbench run id, or the invocation id of a parent run."""
    checksum: str
    """Of the record it mirrors; empty for one of another :data:`~pkbench.store.mirror.entry.FORMAT`."""
    complete: bool
    parent: str
    end: int


def is_mirrored(item: Item, live: list[Live]) -> bool:
    """Whether ``live``, all runs of the item's id, are exactly one whole mirror of it."""
    return len(live) == 1 and live[0].complete and live[0].checksum == item.checksum


class Experiment:
    """One spec's experiment in MLflow, made or restored where it is missing."""

    def __init__(self, client: Any, target: Target, spec_id: str) -> None:
        self._client = client
        name = entry.experiment_name(spec_id)
        found = client.get_experiment_by_name(name)
        if found is None:
            place = None if target.is_server else (target.artifacts / spec_id).as_uri()
            self._id = client.create_experiment(name, artifact_location=place)
            return
        self._id = found.experiment_id
        if found.lifecycle_stage == "deleted":
            client.restore_experiment(self._id)

    def runs(self) -> dict[str, list[Live]]:
        """The live runs by their pkbench run id; more than one of an id is a fault to be mended."""
        found: dict[str, list[Live]] = {}
        for live in self._search(f"tags.`{entry.KIND}` = 'run'", entry.RUN_ID):
            found.setdefault(live.name, []).append(live)
        return found

    def push(self, item: Item) -> Pushed:
        """Make ``item`` the one live run of its id. One process at a time: the caller holds the spec's lock."""
        record = item.record
        there = self._search(f"tags.`{entry.RUN_ID}` = '{record.run_id}'", entry.RUN_ID)
        same = sorted((live for live in there if live.checksum == item.checksum), key=_whole_first)
        kept = same[0] if same else None
        for live in there:
            if live is not kept:
                self._delete(live)
        if kept is not None and kept.complete:
            return "present"
        parent = self._parent(record)
        if kept is None:
            self._fill(self._create(item, parent), item, parent)
        else:
            self._client.set_tag(kept.id, entry.PARENT, parent.id)
            self._fill(kept.id, item, parent)
        return "replaced" if len(there) > len(same) else "new"

    def _create(self, item: Item, parent: Live) -> str:
        record = item.record
        created = self._client.create_run(
            self._id,
            start_time=entry.milliseconds(record.started),
            tags=entry.tags(record, item.checksum) | {entry.PARENT: parent.id},
            run_name=entry.run_name(record),
        )
        return str(created.info.run_id)

    def _fill(self, run: str, item: Item, parent: Live) -> None:
        """Push the content into ``run``, end it and its parent, and mark it complete: in this order."""
        record = item.record
        self._log(run, record)
        with tempfile.TemporaryDirectory(prefix="pkbench-") as folder:
            file = Path(folder) / f"{record.run_id}.json"
            file.write_bytes(item.raw)
            self._client.log_artifact(run, str(file))
        ended = entry.milliseconds(record.ended)
        self._client.set_terminated(run, entry.status(record), end_time=ended)
        self._client.set_terminated(parent.id, "FINISHED", end_time=max(ended, parent.end))
        self._client.set_tag(run, entry.COMPLETE, "true")

    def _log(self, run: str, record: Record) -> None:
        entities = importlib.import_module("mlflow.entities")
        parameters = [entities.Param(key, value) for key, value in entry.parameters(record).items()]
        for start in range(0, len(parameters), _PARAMETERS_A_BATCH):
            self._client.log_batch(run, params=parameters[start : start + _PARAMETERS_A_BATCH])
        metrics = [entities.Metric(p.key, p.value, p.timestamp, p.step) for p in entry.points(record)]
        for start in range(0, len(metrics), _METRICS_A_BATCH):
            self._client.log_batch(run, metrics=metrics[start : start + _METRICS_A_BATCH])

    def _parent(self, record: Record) -> Live:
        """The parent run of ``record``'s invocation."""
        invocation = record.invocation
        query = f"tags.`{entry.KIND}` = 'invocation' and tags.`{entry.INVOCATION}` = '{invocation.id}'"
        there = self._search(query, entry.INVOCATION)
        if there:
            return min(there, key=_whole_first)
        created = self._client.create_run(
            self._id,
            start_time=entry.milliseconds(invocation.started),
            tags=entry.invocation_tags(record),
            run_name=entry.invocation_name(record),
        )
        return _live(created, entry.INVOCATION)

    def _delete(self, live: Live) -> None:
        """Delete a run, and its parent where that has no other."""
        self._client.delete_run(live.id)
        if live.parent and not self._search(f"tags.`{entry.PARENT}` = '{live.parent}'", entry.RUN_ID):
            self._client.delete_run(live.parent)

    def _search(self, query: str, name_tag: str) -> list[Live]:
        found: list[Live] = []
        token = None
        while True:
            page = self._client.search_runs([self._id], query, max_results=_PAGE, page_token=token)
            found.extend(_live(run, name_tag) for run in page)
            token = page.token
            if not token:
                return found


def _whole_first(live: Live) -> tuple[bool, str]:
    """An order that every process agrees on."""
    return not live.complete, live.id


def _live(run: Any, name_tag: str) -> Live:
    tags = run.data.tags
    return Live(
        id=run.info.run_id,
        name=tags.get(name_tag, ""),
        checksum=tags.get(entry.CHECKSUM, "") if tags.get(entry.FORMAT) == entry.CURRENT_FORMAT else "",
        complete=tags.get(entry.COMPLETE) == "true",
        parent=tags.get(entry.PARENT, ""),
        end=run.info.end_time or 0,
    )
