"""Records on disk: ``RESULTS/SPEC/runs/RUN.json``, one file a run, checked by its own checksum.

Checks of theory and audit specs lie beside them, in ``checks/``.

The files are the truth; everything else (MLflow, reports, DVC metrics) is made from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic

from pkbench.atomic import write_bytes
from pkbench.errors import StoreError
from pkbench.store.check_record import CheckRecord
from pkbench.store.checkpoints import Checkpoints
from pkbench.store.comparison_record import ComparisonRecord
from pkbench.store.envelope import AnyRecord, decode, decode_proven, encode, read_record
from pkbench.store.record import Record

_RUN_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Scan(Generic[AnyRecord]):
    """What a result folder holds: sound records by run id, and a sentence for each file that is not."""

    records: dict[str, AnyRecord]
    problems: tuple[str, ...]
    checksums: Mapping[str, str] = field(default_factory=dict)
    """What each record's file says is the SHA-256 of its content, by run id."""


def _damage(path: Path) -> str | None:
    """What is wrong with the record of a run in ``path``; ``None`` where it is sound or a file that cannot be read."""
    try:
        decode(read_record(path), path.stem, Record)
    except ValueError as error:
        return str(error)
    except OSError as error:
        # A folder or pipe in a record's place is none.
        return None if path.is_file() or not path.exists() else str(error.strerror)
    return None


def _set_aside(path: Path) -> str:
    """Rename ``path``; its new name."""
    aside = path.with_suffix(".json.damaged")
    try:
        path.replace(aside)
    except OSError as error:
        raise StoreError(
            f"cannot rename {path}, which is damaged: {error.strerror}",
            remedy="check whose its folder is and its rights",
        ) from error
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

    def checkpointed(self, spec_id: str) -> tuple[str, ...]:
        """Ids of the runs with a folder of checkpoints."""
        folder = self.folder(spec_id) / "checkpoints"
        names = (path.name for path in folder.iterdir()) if folder.is_dir() else ()
        return tuple(sorted(name for name in names if _RUN_ID.fullmatch(name)))

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
        return _read(self.record_path(spec_id, run_id), Record)

    def read_check(self, spec_id: str, run_id: str) -> CheckRecord | None:
        """The record of the check ``run_id``, as in :meth:`read`."""
        return _read(_named(self.checks_folder(spec_id), run_id), CheckRecord)

    def read_comparison(self, spec_id: str, run_id: str) -> ComparisonRecord | None:
        """The record of the comparison ``run_id``, as in :meth:`read`."""
        return _read(_named(self.comparisons_folder(spec_id), run_id), ComparisonRecord)

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
        checksums: dict[str, str] = {}
        problems: list[str] = []
        for path in record_files(folder):
            try:
                records[path.stem], checksums[path.stem] = decode_proven(read_record(path), path.stem, kind)
            except ValueError as error:
                problems.append(f"{path}: {error}; the run counts as not done")
            except FileNotFoundError:
                # Another process has set it aside this moment.
                continue
            except OSError as error:
                problems.append(f"{path}: cannot be read ({error.strerror}); the run counts as not done")
        return Scan(records, tuple(problems), checksums)

    def damaged(self, spec_id: str) -> tuple[str, ...]:
        """Ids of the runs whose records are damaged. One that cannot be read at all is left to :meth:`scan` to report."""
        return tuple(path.stem for path in record_files(self.runs_folder(spec_id)) if _damage(path) is not None)

    def set_aside(self, spec_id: str, run_id: str) -> str | None:
        """Rename the record of ``run_id`` to ``RUN.json.damaged`` where it is damaged, and say so: the run is computed again.

        Only for who holds the run: a sound record might take the damaged one's place meanwhile.

        Raises:
            StoreError: it cannot be renamed.
        """
        path = self.record_path(spec_id, run_id)
        damage = _damage(path)
        return damage and f"{path}: {damage}; set aside as {_set_aside(path)}, the run is computed again"


def _read(path: Path, kind: type[AnyRecord]) -> AnyRecord | None:
    try:
        return decode(path.read_bytes(), path.stem, kind)
    except (OSError, ValueError):
        return None


def record_files(folder: Path) -> Iterator[Path]:
    """The files in ``folder`` that are named like records, in order of their names."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.suffix == ".json" and _RUN_ID.fullmatch(path.stem):
            yield path


def _named(folder: Path, run_id: str) -> Path:
    if not _RUN_ID.fullmatch(run_id):
        raise StoreError(
            f"{run_id!r} is not a run id",
            constraint="a run id is 16 hexadecimal digits",
            remedy="`pkbench status --json` lists them",
        )
    return folder / f"{run_id}.json"
