"""Records on disk: ``RESULTS/SPEC/runs/RUN.json``, one file a run, checked by its own checksum.

Checks of theory and audit specs lie beside them, in ``checks/``.

The files are the truth; everything else (MLflow, reports, DVC metrics) is made from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

from pkbench.atomic import remove_leftovers, write_bytes
from pkbench.errors import StoreError
from pkbench.store.check_record import CheckRecord
from pkbench.store.checkpoints import Checkpoints
from pkbench.store.comparison_record import ComparisonRecord
from pkbench.store.envelope import AnyRecord, decode, encode, read_record
from pkbench.store.record import Record

_RUN_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Scan(Generic[AnyRecord]):
    """What a result folder holds: sound records by run id, and a sentence for each file that is not."""

    records: dict[str, AnyRecord]
    problems: tuple[str, ...]


def _set_aside(path: Path) -> str:
    """Rename ``path``; its new name."""
    aside = path.with_suffix(".json.damaged")
    try:
        path.replace(aside)
    except OSError as error:
        raise StoreError(f"cannot rename {path}, which is damaged: {error.strerror}") from error
    return aside.name


class Store:
    """The results folder of a project."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, spec_id: str) -> Path:
        """Everything of one spec.

        Raises:
            StoreError: as every other folder here: a link in its place leads out of the results.
        """
        return self._inside(self.root / spec_id)

    def runs_folder(self, spec_id: str) -> Path:
        """The records of one spec."""
        return self._inside(self.folder(spec_id) / "runs")

    def checkpoints(self, spec_id: str, run_id: str) -> Checkpoints:
        """The checkpoints of one run."""
        return Checkpoints(self.checkpoints_folder(spec_id), run_id)

    def checkpoints_folder(self, spec_id: str) -> Path:
        """The checkpoints of one spec, a folder a run."""
        return self._inside(self.folder(spec_id) / "checkpoints")

    def checks_folder(self, spec_id: str) -> Path:
        """The records of the checks of one spec."""
        return self._inside(self.folder(spec_id) / "checks")

    def record_path(self, spec_id: str, run_id: str) -> Path:
        """The file of one run's record; ``run_id`` must be one."""
        return _named(self.runs_folder(spec_id), run_id)

    def comparisons_folder(self, spec_id: str) -> Path:
        """The records of the comparisons of one spec."""
        return self._inside(self.folder(spec_id) / "comparisons")

    def weights_path(self, spec_id: str, run_id: str) -> Path:
        """The file of the final weights of a run that a comparison needs."""
        return _named(self._inside(self.folder(spec_id) / "weights"), run_id).with_suffix(".pt")

    def _inside(self, folder: Path) -> Path:
        """``folder``, which is no link: results may come from somebody else, and are written where they seem to be."""
        if folder.is_symlink():
            raise StoreError(
                f"{folder} is a link to {folder.readlink()}",
                constraint="only the results folder itself may be one: what is below it is written where it seems to be",
                remedy="put the folder itself there, or name another place with --results",
            )
        return folder

    def write(self, record: Record | CheckRecord | ComparisonRecord) -> Path:
        """Write ``record`` atomically over whatever the run had; its path."""
        match record:
            case Record():
                folder = self.runs_folder(record.spec.id)
            case CheckRecord():
                folder = self.checks_folder(record.spec.id)
            case ComparisonRecord():
                folder = self.comparisons_folder(record.spec.id)
        path = _named(folder, record.run_id)
        write_bytes(path, encode(record))
        return path

    def read(self, spec_id: str, run_id: str) -> Record | None:
        """The record of ``run_id``; ``None`` where there is none that can be read and is sound (see :meth:`scan`)."""
        path = self.record_path(spec_id, run_id)
        try:
            return decode(read_record(path), run_id, Record)
        except (OSError, ValueError):
            return None

    def spec_ids(self) -> list[str]:
        """Specs with a folder of runs."""
        if not self.root.is_dir():
            return []
        return sorted(path.parent.name for path in self.root.glob("*/runs") if path.is_dir())

    def scan(self, spec_id: str) -> Scan[Record]:
        """Every run's record of ``spec_id``; changes nothing."""
        return self._scan(self.runs_folder(spec_id), Record)

    def scan_checks(self, spec_id: str) -> Scan[CheckRecord]:
        """Every check's record of ``spec_id``; changes nothing."""
        return self._scan(self.checks_folder(spec_id), CheckRecord)

    def scan_comparisons(self, spec_id: str) -> Scan[ComparisonRecord]:
        """Every comparison's record of ``spec_id``; changes nothing."""
        return self._scan(self.comparisons_folder(spec_id), ComparisonRecord)

    @staticmethod
    def _scan(folder: Path, kind: type[AnyRecord]) -> Scan[AnyRecord]:
        records: dict[str, AnyRecord] = {}
        problems: list[str] = []
        for path in _files(folder):
            try:
                records[path.stem] = decode(read_record(path), path.stem, kind)
            except ValueError as error:
                problems.append(f"{path}: {error}; the run counts as not done")
            except OSError as error:
                problems.append(f"{path}: cannot be read ({error.strerror}); the run counts as not done")
        return Scan(records, tuple(problems))

    def set_aside_damaged(self, spec_id: str) -> tuple[str, ...]:
        """Rename every damaged record to ``RUN.json.damaged``, so that the run is computed again; a sentence for each.

        Only for who holds the folder's lock: what a killed process left half-written is deleted as well. A file
        that cannot be read at all is left to :meth:`scan` to report; a folder or pipe in its place is set aside too.

        Raises:
            StoreError: a damaged record cannot be renamed.
        """
        messages: list[str] = []
        for path in _files(self.runs_folder(spec_id)):
            try:
                decode(read_record(path), path.stem, Record)
            except ValueError as error:
                messages.append(f"{path}: {error}; set aside as {_set_aside(path)}, the run is computed again")
            except OSError as error:
                if path.is_file():
                    continue
                why = error.strerror
                messages.append(f"{path}: {why}; set aside as {_set_aside(path)}, the run is computed again")
        remove_leftovers(self.runs_folder(spec_id))
        return tuple(messages)


def _files(folder: Path) -> Iterator[Path]:
    """The files in ``folder`` that are named like records."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.suffix == ".json" and _RUN_ID.fullmatch(path.stem):
            yield path


def _named(folder: Path, run_id: str) -> Path:
    if not _RUN_ID.fullmatch(run_id):
        raise StoreError(f"{run_id!r} is not a run id", constraint="a run id is 16 hexadecimal digits")
    return folder / f"{run_id}.json"
