"""Bringing the mirror up to the store: push what is missing, then look again whether it is really there."""

from __future__ import annotations

import importlib
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock

from pkbench.errors import UsageError
from pkbench.store.files import Store
from pkbench.store.mirror.database import ensure_database
from pkbench.store.mirror.pending import Ledger, Stamp, load
from pkbench.store.mirror.push import Experiment, is_mirrored
from pkbench.store.mirror.refusal import MirrorError, refusal
from pkbench.store.mirror.settings import mirror_settings
from pkbench.store.mirror.target import INSTALL, Target, is_installed, resolve_target

Progress = Callable[[str, int, int], None]
"""Called with a spec id, the records pushed so far and the records to push."""
_LOCK_SECONDS = 30
_TURN_SECONDS = 5
"""How long one process pushes before another that waits may."""
_MOST_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class SyncSummary:
    """What a sync found and did.

    Attributes:
        target: the tracking URI, without credentials.
        pushed: runs that MLflow did not have, or not wholly.
        replaced: runs that MLflow had with another record.
        present: runs that were there already.
        problems: a sentence for each record that is not sound; those are not mirrored.
    """

    target: str
    pushed: int
    replaced: int
    present: int
    problems: tuple[str, ...]


@dataclass(slots=True)
class _Tally:
    done: Counter[str] = field(default_factory=Counter)
    pushed: set[Path] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


class Mirror:
    """A results folder and its mirror; keeps the connection and what it has seen between calls."""

    def __init__(self, store: Store, target: Target, spec_ids: Sequence[str] | None = None) -> None:
        self._store = store
        self._target = target
        self._spec_ids = None if spec_ids is None else tuple(spec_ids)
        self._ledger = Ledger()
        self._compared: set[str] = set()
        self._client: Any = None

    def behind(self) -> int | None:
        """How many records MLflow lacks; ``None`` while there are records it could not be asked about."""
        lacking = {spec_id: self._ledger.unpushed(self._store, spec_id) for spec_id in self._specs()}
        if any(count and spec_id not in self._compared for spec_id, count in lacking.items()):
            return None
        return sum(lacking.values())

    def catch_up(self, progress: Progress | None = None) -> SyncSummary:
        """Push every sound record that is not mirrored yet.

        Raises:
            MirrorError: MLflow does not answer or refuses; what was pushed so far is there, the rest comes next time.
        """
        tally = _Tally()
        with mirror_settings():
            try:
                for spec_id in self._specs():
                    self._catch_up_spec(spec_id, tally, progress)
            except MirrorError:
                raise
            except Exception as error:
                self._client = None
                raise refusal(self._target, error) from error
        done = tally.done
        return SyncSummary(self._target.shown, done["new"], done["replaced"], done["present"], tuple(tally.problems))

    def _specs(self) -> Sequence[str]:
        return self._store.spec_ids() if self._spec_ids is None else self._spec_ids

    def _catch_up_spec(self, spec_id: str, tally: _Tally, progress: Progress | None) -> None:
        """Compare and push until a comparison finds nothing to push.

        That last comparison is what proves that a record is mirrored: a request that timed out here may
        still have been carried out there, and left a run twice.
        """
        for _ in range(_MOST_ROUNDS):
            files = self._ledger.unconfirmed(self._store, spec_id)
            pushed = bool(files) and self._round(spec_id, files, tally, progress)
            self._compared.add(spec_id)
            if not pushed:
                return
        raise MirrorError(f"the runs of {spec_id} in {self._target.shown} change while they are pushed")

    def _round(self, spec_id: str, files: dict[Path, Stamp], tally: _Tally, progress: Progress | None) -> bool:
        """Push what MLflow lacks of ``files`` and mark the rest as seen; whether anything was pushed.

        One look at MLflow serves as long as the lock is held; it is given up now and then, for others to have their turn.
        """
        left = deque(files.items())
        any_pushed = False
        while left:
            with self._lock(spec_id):
                experiment = Experiment(self._connect(), self._target, spec_id)
                self._compared.add(spec_id)  # from here on it is known what is missing, even if pushing fails
                until = time.monotonic() + _TURN_SECONDS
                while left and time.monotonic() < until:
                    done = len(files) - len(left)
                    how_far = None if progress is None else partial(progress, spec_id, done, len(files))
                    any_pushed |= self._bring(experiment, *left.popleft(), tally, how_far)
                experiment.put_parents_right()
        return any_pushed

    def _bring(
        self, experiment: Experiment, path: Path, stamp: Stamp, tally: _Tally, tell: Callable[[], None] | None
    ) -> bool:
        """Push the record in ``path``, unless MLflow has it or it is not sound; whether it was pushed.

        ``tell`` is called before a push.
        """
        live = experiment.live(path.stem)
        before = self._ledger.pushed(path, stamp)
        if before is not None and is_mirrored(before, live):
            self._ledger.confirm(path, stamp)
            return False
        try:
            item = load(path)
        except FileNotFoundError:
            return False
        except (ValueError, OSError) as error:
            tally.problems.append(f"{path}: {error}; not mirrored")
            self._ledger.confirm(path, stamp)
            return False
        experiment.belongs(item.record.invocation.id)
        if is_mirrored(item.checksum, live):
            self._ledger.confirm(path, stamp)
            tally.done["present"] += path not in tally.pushed
            return False
        if tell is not None:
            tell()
        how = experiment.push(item)
        self._ledger.push(path, stamp, item.checksum)
        if how != "present" and path not in tally.pushed:
            tally.pushed.add(path)
            tally.done[how] += 1
        return True

    def _lock(self, spec_id: str) -> FileLock:
        self._target.folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self._target.folder / f".{spec_id}.lock", timeout=_LOCK_SECONDS)

    def _connect(self) -> Any:
        if self._client is None:
            ensure_database(self._target)
            self._client = importlib.import_module("mlflow").MlflowClient(self._target.uri)
        return self._client


def sync(
    store: Store,
    spec_ids: Sequence[str] | None = None,
    uri: str | None = None,
    *,
    progress: Progress | None = None,
) -> SyncSummary:
    """Push every record of ``spec_ids`` (all specs by default) that MLflow does not have.

    Args:
        store: the results folder.
        spec_ids: specs to mirror.
        uri: tracking URI; by default ``$MLFLOW_TRACKING_URI``, or a database under the results.
        progress: told about every record before it is pushed.

    Raises:
        UsageError: MLflow is not installed.
        MirrorError: MLflow does not answer or refuses.
    """
    if not is_installed():
        raise UsageError("MLflow is not installed", remedy=INSTALL)
    return Mirror(store, resolve_target(store.root, uri), spec_ids).catch_up(progress)
