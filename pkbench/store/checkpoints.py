"""Checkpoints of unfinished runs: ``RESULTS/SPEC/checkpoints/RUN/``, the newest two, each proven by a checksum.

A checkpoint is a tensor file (read with ``weights_only``, so it cannot execute anything) and a JSON file
beside it, written last, that names it, carries its checksum and all metrics so far. A tensor file without a
sound JSON file does not exist as far as anybody reads.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from pkbench.atomic import write_bytes
from pkbench.errors import StoreError
from pkbench.store.record import Epoch, Measured

KEPT = 2
"""Checkpoints kept: the newest, and the one before in case the newest is damaged."""


class CheckpointInfo(BaseModel):
    """The JSON side of a checkpoint: readable without torch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    step: int
    """Optimizer steps made since the run began."""
    sha256: str
    """Of the tensor file."""
    history: tuple[Epoch, ...]
    """Epochs completed."""
    measured: tuple[Measured, ...] = ()
    """What was measured so far besides losses and errors."""
    resumed_after: tuple[int, ...]
    """Epochs after which the run had been taken up again."""
    accumulated: int | None = None
    """Most parts that batches were computed in so far for want of memory."""
    started: float
    """Unix time of the run's first start."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A proven checkpoint: its metrics and the trainer's state."""

    info: CheckpointInfo
    state: dict[str, Any]


class Checkpoints:
    """The checkpoints of one run."""

    def __init__(self, folder: Path, run_id: str) -> None:
        self.folder = folder / run_id
        self.run_id = run_id

    def save(self, state: dict[str, Any], info: CheckpointInfo) -> None:
        """Write a checkpoint durably, then drop all but the newest two. ``info.sha256`` is filled in here."""
        import torch

        buffer = io.BytesIO()
        torch.save(state, buffer)
        content = buffer.getvalue()
        info = info.model_copy(update={"sha256": hashlib.sha256(content).hexdigest()})
        name = f"step-{info.step:012d}"
        write_bytes(self.folder / f"{name}.pt", content)
        write_bytes(self.folder / f"{name}.json", info.model_dump_json(indent=1).encode())
        for old in self._infos()[KEPT:]:
            old.unlink(missing_ok=True)
            old.with_suffix(".pt").unlink(missing_ok=True)

    def load(self) -> tuple[Checkpoint | None, tuple[str, ...]]:
        """The newest sound checkpoint, or ``None``; and a sentence for each newer one that is damaged."""
        problems: list[str] = []
        for path in self._infos():
            try:
                return self._proven(path), tuple(problems)
            except (OSError, ValueError, RuntimeError, EOFError, pickle.UnpicklingError):
                problems.append(f"{path.with_suffix('.pt')} is damaged; going back to the checkpoint before it")
        return None, tuple(problems)

    def _proven(self, path: Path) -> Checkpoint:
        """The checkpoint whose JSON file is ``path``; one of several errors where it is not sound."""
        import torch

        info = CheckpointInfo.model_validate_json(path.read_bytes())
        content = path.with_suffix(".pt").read_bytes()
        if info.run_id != self.run_id or hashlib.sha256(content).hexdigest() != info.sha256:
            raise ValueError("the tensors are not the ones the JSON file names")
        return Checkpoint(info, torch.load(io.BytesIO(content), map_location="cpu", weights_only=True))

    def progress(self) -> CheckpointInfo | None:
        """The newest readable JSON side, without opening the tensors; ``None`` if there is none."""
        for path in self._infos():
            try:
                return CheckpointInfo.model_validate_json(path.read_bytes())
            except (OSError, ValidationError):
                continue
        return None

    def drop_older(self) -> bool:
        """Delete all but the newest checkpoint, to make room; whether there was one to delete."""
        older = self._infos()[1:]
        for path in older:
            path.unlink(missing_ok=True)
            path.with_suffix(".pt").unlink(missing_ok=True)
        return bool(older)

    def remove(self) -> None:
        """Delete all checkpoints of the run."""
        try:
            shutil.rmtree(self.folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"cannot remove {self.folder}: {error.strerror}") from error

    def _infos(self) -> list[Path]:
        """JSON files of checkpoints, newest first."""
        return sorted(self.folder.glob("step-*.json"), reverse=True)
