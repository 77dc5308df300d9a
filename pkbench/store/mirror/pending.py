"""Which record files are new since they were last seen in the mirror."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pkbench.store.envelope import decode, read_record
from pkbench.store.files import Store
from pkbench.store.mirror.push import Item
from pkbench.store.record import Record

_RECORD = re.compile(r"[0-9a-f]{16}\.json")
Stamp = tuple[int, int, int]
"""What changes with a file's content: time of change, size and inode."""


@dataclass(slots=True)
class Ledger:
    """What is known to be in the mirror, so that a long training does not read every record at every nudge."""

    _confirmed: dict[Path, Stamp] = field(default_factory=dict)
    _pushed: dict[Path, tuple[Stamp, str]] = field(default_factory=dict)

    def unconfirmed(self, store: Store, spec_id: str) -> dict[Path, Stamp]:
        """Files of ``spec_id``, and their stamps, that MLflow has not been seen to have."""
        return {path: stamp for path, stamp in _stamps(store, spec_id) if self._confirmed.get(path) != stamp}

    def unpushed(self, store: Store, spec_id: str) -> int:
        """How many files have neither been pushed nor been found in MLflow."""
        unconfirmed = self.unconfirmed(store, spec_id)
        return sum(self.pushed(path, stamp) is None for path, stamp in unconfirmed.items())

    def push(self, path: Path, stamp: Stamp, checksum: str) -> None:
        """Remember that ``path`` was pushed as it was at ``stamp``: the record with ``checksum``."""
        self._pushed[path] = (stamp, checksum)

    def pushed(self, path: Path, stamp: Stamp) -> str | None:
        """The checksum with which ``path`` was pushed as it was at ``stamp``, if it was."""
        found = self._pushed.get(path)
        return found[1] if found is not None and found[0] == stamp else None

    def confirm(self, path: Path, stamp: Stamp) -> None:
        """Remember that there is nothing more to do for ``path`` as it was at ``stamp``."""
        self._confirmed[path] = stamp


def load(path: Path) -> Item:
    """The record in ``path``.

    Raises:
        ValueError: it is not sound; the message says why.
        OSError: it cannot be read.
    """
    raw = read_record(path)
    return Item(record=decode(raw, path.stem, Record), checksum=json.loads(raw)["sha256"], raw=raw)


def _stamps(store: Store, spec_id: str) -> Iterator[tuple[Path, Stamp]]:
    folder = store.runs_folder(spec_id)
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if _RECORD.fullmatch(path.name):
            try:
                found = path.stat()
            except FileNotFoundError:  # replaced or set aside this moment
                continue
            yield path, (found.st_mtime_ns, found.st_size, found.st_ino)
