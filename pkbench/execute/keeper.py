"""What a run leaves in the store, while it trains and when it ends, also where the disk is full."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from torch import nn

from pkbench.atomic import write_bytes
from pkbench.errors import StoreError
from pkbench.execute.context import Context
from pkbench.execute.events import Event, Note
from pkbench.plan.run import Run
from pkbench.store.checkpoints import CheckpointInfo
from pkbench.store.files import Store
from pkbench.store.record import Record
from pkbench.train.weights import weights_bytes


class Keeper:
    """Writes for one run; its id must be known."""

    def __init__(self, run: Run, context: Context, emit: Callable[[Event], None]) -> None:
        self._store = Store(context.results)
        self._weights = self._store.weights_path(run.spec_id, str(run.run_id))
        self._label = run.label
        self._emit = emit
        self.checkpoints = self._store.checkpoints(run.spec_id, str(run.run_id))

    def save(self, state: dict[str, Any], info: CheckpointInfo) -> bool:
        """Write a checkpoint; where that cannot be done, say so and let the training go on: whether it was written."""
        try:
            self.checkpoints.save(state, info)
        except StoreError as error:
            self._emit(Note(f"{self._label}: {error.what}; it goes on without this checkpoint"))
            return False
        return True

    def write(self, record: Record) -> None:
        """Write the run's record.

        Raises:
            StoreError: it cannot be written.
        """
        self._with_room(lambda: self._store.write(record))

    def write_weights(self, model: nn.Module) -> str:
        """Write the final weights; SHA-256 of their file.

        Raises:
            StoreError: they cannot be written.
        """
        content = weights_bytes(model)
        self._with_room(lambda: write_bytes(self._weights, content))
        return hashlib.sha256(content).hexdigest()

    def drop(self) -> None:
        """Remove the checkpoints of a run that has a record; where they stay, they are only in the way."""
        try:
            self.checkpoints.remove()
        except StoreError as error:
            self._emit(Note(error.message))

    def _with_room(self, write: Callable[[], object]) -> None:
        """Write what came out; a full disk gets room by the older checkpoint, which a run at its end needs least of all."""
        try:
            write()
        except StoreError:
            if not self.checkpoints.drop_older():
                raise
            write()
