"""Putting one record into MLflow, so that being killed anywhere in between leaves nothing that a later push misses.

A run is whole when it carries the record's checksum and the tag that is set last. Anything else that carries
the run's id is taken up again (same record) or deleted (another record, or a double). Metrics have the
record's timestamps and parameters its values, so whatever is pushed twice is there once. Parent runs, one a
command, are put right at the end of every look, whatever earlier pushes left of them.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
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
_NAMES = {"run": entry.RUN_ID, "invocation": entry.INVOCATION}
"""The tag that a run of each kind is found by."""


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


def is_mirrored(checksum: str, live: list[Live]) -> bool:
    """Whether ``live``, all runs of one id, are exactly one whole mirror of the record with this checksum."""
    return len(live) == 1 and live[0].complete and live[0].checksum == checksum


class Experiment:
    """One spec's experiment in MLflow as it is now, made or restored where it is missing.

    One process at a time: the caller holds the spec's lock for as long as it uses this.
    """

    def __init__(self, client: Any, target: Target, spec_id: str) -> None:
        self._client = client
        self._is_server = target.is_server
        self._id = self._found(entry.experiment_name(spec_id), target, spec_id)
        self._runs: dict[str, list[Live]] = {}
        self._parents: dict[str, list[Live]] = {}
        """By invocation, of other machines' commands too."""
        self._mine: set[str] = set()
        """Invocations of the records that were looked at here."""
        for live, kind in self._all():
            (self._runs if kind == "run" else self._parents).setdefault(live.name, []).append(live)

    def live(self, run_id: str) -> list[Live]:
        """The runs of a pkbench run id that are not deleted; more than one is a fault to be mended."""
        return self._runs.get(run_id, [])

    def push(self, item: Item) -> Pushed:
        """Make ``item`` the one live run of its id."""
        record = item.record
        there = self.live(record.run_id)
        same = sorted((live for live in there if live.checksum == item.checksum), key=_whole_first)
        kept = same[0] if same else None
        for live in there:
            if live is not kept:
                self._delete(live)
        self._runs[record.run_id] = [] if kept is None else [kept]
        if kept is not None and kept.complete:
            return "present"
        parent = self._parent(record)
        tags = {entry.PARENT: parent.id}
        run = self._create(item, tags) if kept is None else kept.id
        self._fill(run, item, tags)
        ended = entry.milliseconds(record.ended)
        self._runs[record.run_id] = [Live(run, record.run_id, item.checksum, True, parent.id, ended)]
        return "replaced" if len(there) > len(same) else "new"

    def belongs(self, invocation: str) -> None:
        """Say that a record of this invocation is in the store: its parent run is this store's to put right."""
        self._mine.add(invocation)

    def put_parents_right(self) -> None:
        """End each parent of this store with its last run, and delete those without any."""
        children = list(chain.from_iterable(self._runs.values()))
        for parent in chain.from_iterable(self._parents.get(name, []) for name in sorted(self._mine)):
            ends = [live.end for live in children if live.parent == parent.id and live.complete]
            if ends and parent.end != max(ends):
                self._client.set_terminated(parent.id, "FINISHED", end_time=max(ends))
            elif not any(live.parent == parent.id for live in children):
                self._client.delete_run(parent.id)

    def _found(self, name: str, target: Target, spec_id: str) -> str:
        """The id of the experiment called ``name``."""
        found = self._client.get_experiment_by_name(name)
        if found is None:
            place = None if target.is_server else (target.artifacts / spec_id).as_uri()
            return str(self._client.create_experiment(name, artifact_location=place))
        if found.lifecycle_stage == "deleted":
            self._client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)

    def _create(self, item: Item, tags: dict[str, str]) -> str:
        record = item.record
        created = self._client.create_run(
            self._id,
            start_time=entry.milliseconds(record.started),
            tags=entry.tags(record, item.checksum) | tags,
            run_name=entry.run_name(record),
        )
        return str(created.info.run_id)

    def _fill(self, run: str, item: Item, tags: dict[str, str]) -> None:
        """Push the content into ``run`` and end it; what is sent last says that it is complete."""
        record = item.record
        with tempfile.TemporaryDirectory(prefix="pkbench-") as folder:
            file = Path(folder) / f"{record.run_id}.json"
            file.write_bytes(item.raw)
            self._client.log_artifact(run, str(file))
        if self._is_server:
            self._check_artifact(run, file.name, len(item.raw))
        self._client.set_terminated(run, entry.status(record), end_time=entry.milliseconds(record.ended))
        entities = importlib.import_module("mlflow.entities")
        parameters = [entities.Param(key, value) for key, value in entry.parameters(record).items()]
        metrics = [entities.Metric(p.key, p.value, p.timestamp, p.step) for p in entry.points(record)]
        pieces = zip_longest(_pieces(metrics, _METRICS_A_BATCH), _pieces(parameters, _PARAMETERS_A_BATCH), fillvalue=())
        batches = [{"metrics": some, "params": others} for some, others in pieces]
        # MLflow writes what is sent at once in the order of metrics or parameters, then tags.
        batches[-1]["tags"] = [entities.RunTag(key, value) for key, value in (tags | {entry.COMPLETE: "true"}).items()]
        for batch in batches:
            self._client.log_batch(run, **batch)

    def _check_artifact(self, run: str, name: str, size: int) -> None:
        """Ask for what was sent: a proxy that answers 200 with a page of its own is taken for the server by MLflow's client.

        Raises:
            OSError: it is not there, or not of this many bytes.
        """
        if not any(found.path == name and found.file_size == size for found in self._client.list_artifacts(run)):
            raise OSError(f"said that it took {name}, and does not have it")

    def _parent(self, record: Record) -> Live:
        """The parent run of ``record``'s invocation."""
        invocation = record.invocation
        self.belongs(invocation.id)
        there = self._parents.setdefault(invocation.id, [])
        if not there:
            created = self._client.create_run(
                self._id,
                start_time=entry.milliseconds(invocation.started),
                tags=entry.invocation_tags(record),
                run_name=entry.invocation_name(record),
            )
            there.append(_live(created, entry.INVOCATION))
        return min(there, key=_whole_first)

    def _delete(self, live: Live) -> None:
        """Delete a run, after its parent where that has no other: nothing would lead to that afterwards."""
        children = [other for other in chain.from_iterable(self._runs.values()) if other.parent == live.parent]
        if len(children) == 1:
            for parents in self._parents.values():
                for parent in [found for found in parents if found.id == live.parent]:
                    self._client.delete_run(parent.id)
                    parents.remove(parent)
        self._client.delete_run(live.id)

    def _all(self) -> Iterator[tuple[Live, str]]:
        """Every run that is ours and not deleted, with its kind."""
        token = None
        while True:
            page = self._client.search_runs([self._id], max_results=_PAGE, page_token=token)
            for run in page:
                kind = run.data.tags.get(entry.KIND, "")
                if kind in _NAMES:
                    yield _live(run, _NAMES[kind]), kind
            token = page.token
            if not token:
                return


def _pieces(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    """``items`` in pieces of up to ``size``; of none, one piece without any."""
    return [items[start : start + size] for start in range(0, max(len(items), 1), size)]


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
