"""Checkpoints of unfinished runs: ``RESULTS/SPEC/checkpoints/RUN/``, the newest two, each proven by a checksum.

A checkpoint is a tensor file (read with ``weights_only``, so it cannot execute anything) and a JSON file
beside it, written last, that carries the tensors' checksum, its own, and all metrics so far. A tensor file without a
sound JSON file does not exist as far as anybody reads. No file is ever written twice: whatever a power cut does to the
newest checkpoint, the one before it is as it was.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from pkbench.atomic import unfinished, write_bytes
from pkbench.errors import StoreError
from pkbench.plan.run import canonical_json
from pkbench.reading import read_regular
from pkbench.store.record import Epoch, Measured
from pkbench.tensors import MAX_BYTES, check_stored

_NAME = re.compile(r"step-\d{12}-\d{6,}\.(json|pt)")
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
        # At the end of an epoch there are several states with as many steps.
        name = f"step-{info.step:012d}-{self._newest_number() + 1:06d}"
        path = self.folder / f"{name}.json"
        write_bytes(path.with_suffix(".pt"), content)
        write_bytes(path, _sealed(info))
        # What claims to be of a later step is not of this run, whatever it is.
        before = [found for found in self._infos() if found < path][: KEPT - 1]
        for old in set(self._infos()) - {path, *before}:
            _delete(old)

    def load(self) -> tuple[Checkpoint | None, tuple[str, ...]]:
        """The newest sound checkpoint, or ``None``; and a sentence for each newer one that is not.

        Only for who holds the run: those that are damaged are deleted, and what a killed process left half-written.
        """
        problems: list[str] = []
        found: Checkpoint | None = None
        for path in self._infos():
            try:
                found = self._proven(path)
                break
            except (ValueError, RuntimeError, EOFError, pickle.UnpicklingError, FileNotFoundError):
                problems.append(f"checkpoint {path.with_suffix('')} is damaged")
                # Left here, it would count as one of the newest, and a sound one be dropped for it.
                _delete(path)
            except OSError as error:
                problems.append(f"checkpoint {path.with_suffix('')} cannot be read ({error.strerror})")
        self._delete_unfinished()
        after = "going back to the one before it" if found else "there is no other, so the run starts anew"
        return found, tuple(f"{problem}; {after}" for problem in problems)

    def _proven(self, path: Path) -> Checkpoint:
        """The checkpoint whose JSON file is ``path``; one of several errors where it is not sound."""
        import torch

        info = _opened(read_regular(path, _LARGEST))
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
                return _opened(read_regular(path, _LARGEST))
            except (OSError, ValueError):
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
            raise StoreError(
                f"cannot remove {self.folder}: {error.strerror}", remedy="check whose it is and its rights"
            ) from error

    def _infos(self) -> list[Path]:
        """JSON files of checkpoints, newest first."""
        return sorted(self._files(".json"), reverse=True)

    def _files(self, suffix: str) -> list[Path]:
        try:
            found = list(self.folder.iterdir())
        except FileNotFoundError:
            # There is none yet, or the run has ended this moment.
            return []
        return [path for path in found if _NAME.fullmatch(path.name) and path.suffix == suffix]

    def _newest_number(self) -> int:
        """The largest number that a tensor file has; 0 where there is none."""
        numbers = (path.stem.rpartition("-")[2] for path in self._files(".pt"))
        return max((int(number) for number in numbers if number.isdecimal()), default=0)

    def _delete_unfinished(self) -> None:
        """Delete files that belong to no checkpoint."""
        whole = {path.stem for path in self._infos()}
        alone = [path for path in self._files(".pt") if path.stem not in whole]
        for path in [*alone, *(path for _, path in unfinished(self.folder))]:
            path.unlink(missing_ok=True)


def _sealed(info: CheckpointInfo) -> bytes:
    """``info`` as the bytes of its file: the values and the SHA-256 of their canonical JSON."""
    content = info.model_dump(mode="json")
    return json.dumps({"sha256": _digest(content), "checkpoint": content}, indent=1, allow_nan=False).encode()


def _opened(raw: bytes) -> CheckpointInfo:
    """What :func:`_sealed` made ``raw`` of; a ``ValueError`` where it is not as it was."""
    try:
        envelope = json.loads(raw)
        content, digest = envelope["checkpoint"], envelope["sha256"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError("it is not a whole checkpoint") from error
    if digest != _digest(content):
        raise ValueError("its checksum does not match its content")
    return CheckpointInfo.model_validate(content)


def _digest(content: Any) -> str:
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()


def _delete(path: Path) -> None:
    """Delete the checkpoint with this JSON file: that first, so that it never stands alone."""
    for file in (path, path.with_suffix(".pt")):
        if file.is_file() or file.is_symlink():
            file.unlink(missing_ok=True)


def is_whole(path: Path) -> bool:
    """Whether the checkpoint with the JSON file ``path`` is as it was saved; told from its bytes, without torch.

    Raises:
        FileNotFoundError: its run has just ended or saved a newer one.
    """
    try:
        info = _opened(path.read_bytes())
    except ValueError:
        return False
    return hashlib.sha256(path.with_suffix(".pt").read_bytes()).hexdigest() == info.sha256
