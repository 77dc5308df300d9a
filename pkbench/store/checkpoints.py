"""Checkpoints of unfinished runs: ``RESULTS/SPEC/checkpoints/RUN/``, the newest two, each proven by a checksum.

A checkpoint is a tensor file (read with ``weights_only``, so it cannot execute anything) and a JSON file
beside it, written last, that names it, carries its checksum and all metrics so far. A tensor file without a
sound JSON file does not exist as far as anybody reads.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from pkbench.atomic import write_bytes
from pkbench.errors import StoreError
from pkbench.reading import read_regular
from pkbench.store.record import Epoch, Measured
from pkbench.tensors import MAX_BYTES, check_stored

_NAME = re.compile(r"step-\d{12}\.json")
_LARGEST = 2**28
"""Bytes of a JSON file that is read, as of a record."""
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
        path = self.folder / f"step-{info.step:012d}.json"
        write_bytes(path.with_suffix(".pt"), content)
        write_bytes(path, info.model_dump_json(indent=1).encode())
        # What claims to be of a later step is not of this run, whatever it is.
        before = [found for found in self._infos() if found < path][: KEPT - 1]
        for old in set(self._infos()) - {path, *before}:
            for file in (old, old.with_suffix(".pt")):
                if file.is_file() or file.is_symlink():
                    file.unlink(missing_ok=True)

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

        info = CheckpointInfo.model_validate_json(read_regular(path, _LARGEST))
        content = read_regular(path.with_suffix(".pt"), MAX_BYTES)
        if info.run_id != self.run_id or hashlib.sha256(content).hexdigest() != info.sha256:
            raise ValueError("the tensors are not the ones the JSON file names")
        check_stored(content)
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        if not isinstance(state, dict):
            raise ValueError("the tensors are no trainer's state")  # noqa: TRY004 - as the other damage
        return Checkpoint(info, state)

    def progress(self) -> CheckpointInfo | None:
        """The newest readable JSON side, without opening the tensors; ``None`` if there is none."""
        for path in self._infos():
            try:
                return CheckpointInfo.model_validate_json(read_regular(path, _LARGEST))
            except (OSError, ValidationError):
                continue
        return None

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
        return sorted((path for path in self.folder.glob("step-*.json") if _NAME.fullmatch(path.name)), reverse=True)
