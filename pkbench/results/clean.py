"""What can be deleted without losing a result that anybody asks for, and deleting it."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import platformdirs

from pkbench.errors import StoreError
from pkbench.execute.holds import Holds
from pkbench.report import manifest
from pkbench.results.discrepancy import Proof
from pkbench.results.prove_report import Proven, prove_reports
from pkbench.results.running import held, worker
from pkbench.results.subject import Subject
from pkbench.results.wanted import wanted
from pkbench.store.files import record_files
from pkbench.store.record import Record

Why = Literal[
    "checkpoints of ended runs",
    "damaged files set aside",
    "left half-written",
    "records that no spec asks for",
    "weights that no comparison needs",
    "reports on what is no longer so",
    "caches",
]

_ID: Final = re.compile(r"[0-9a-f]{16}")
_CACHE_DAYS: Final = 30
_LEFTOVER_SECONDS: Final = 3600.0
"""Age from which a half-written file is one that nobody is still writing."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file or folder that can go."""

    path: Path
    why: Why
    bytes: int
    subject: Subject | None
    """Whose results it belongs to; ``None`` for reports and caches."""


@dataclass(frozen=True, slots=True)
class Found:
    """What can go, and a sentence for each spec that is left alone."""

    candidates: tuple[Candidate, ...]
    notes: tuple[str, ...]


def find(subjects: Sequence[Subject], *, caches: bool) -> Found:
    """What can go of the results of ``subjects`` and of reports on them, and of the user's caches if ``caches``."""
    found: list[Candidate] = []
    notes: list[str] = []
    proven: dict[str, Proven] = {}
    for subject in subjects:
        at_work = worker(subject.folder)
        if at_work is not None:
            who = "a process" if at_work.pid is None else f"process {at_work.pid}"
            notes.append(f"{subject.folder}: {who} is at work in it; it is left alone")
            continue
        runs = subject.store.scan(subject.spec_id)
        found += _checkpoints(subject, runs.records)
        found += _set_aside(subject)
        found += _half_written(subject)
        if subject.loaded is None:
            notes.append(
                f"{subject.folder}: without a valid spec nobody can say which records are asked for; they stay"
            )
        else:
            found += _unwanted(subject, runs.records)
            proven[subject.spec_id] = _proven(subject)
    found += _stale_reports(dict.fromkeys(subject.reports for subject in subjects), proven)
    found += _caches() if caches else ()
    return Found(tuple(found), tuple(notes))


def remove(found: Found) -> list[Candidate]:
    """Delete the candidates of ``found`` but for those that somebody has begun to work on; what was deleted.

    Raises:
        StoreError: something cannot be deleted.
    """
    done = []
    for candidate in found.candidates:
        with _held(candidate) as free:
            if free:
                _delete(candidate)
                done.append(candidate)
    return done


@contextmanager
def _held(candidate: Candidate) -> Iterator[bool]:
    """Hold what the file of ``candidate`` is about, while open; whether nobody works on it."""
    if candidate.subject is None:
        yield True
        return
    folder = candidate.subject.folder
    named = _ID.search(candidate.path.name)
    with Holds(folder).held([named[0]] if named else ()) as mine:
        yield bool(mine) if named else not held(folder)


def _delete(candidate: Candidate) -> None:
    path = candidate.path
    try:
        if candidate.why == "reports on what is no longer so":
            # First from the manifest: a killed clean leaves a file that nothing speaks of, not a report that is not whole.
            folder = next(above for above in path.parents if (above / manifest.NAME).is_file())
            manifest.remove(folder, [path.relative_to(folder).as_posix()])
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"cannot delete {path}: {error.strerror or error}", remedy="check its rights") from error


def _checkpoints(subject: Subject, records: Mapping[str, Record]) -> Iterator[Candidate]:
    """Of runs that are finished or diverged. One that failed for a reason outside of it may go on from its own: those stay."""
    for folder in _inside(subject.folder / "checkpoints"):
        record = records.get(folder.name)
        if record is not None and (record.failure is None or record.failure.kind == "diverged"):
            yield _candidate(folder, "checkpoints of ended runs", subject)


def _set_aside(subject: Subject) -> Iterator[Candidate]:
    for kind in ("runs", "checks", "comparisons"):
        for path in sorted((subject.folder / kind).glob("*.damaged")):
            yield _candidate(path, "damaged files set aside", subject)


def _half_written(subject: Subject) -> Iterator[Candidate]:
    oldest = time.time() - _LEFTOVER_SECONDS
    for path in sorted(subject.folder.rglob(".*.tmp")):
        if path.is_file() and path.stat().st_mtime < oldest:
            yield _candidate(path, "left half-written", subject)


def _unwanted(subject: Subject, records: Mapping[str, Record]) -> Iterator[Candidate]:
    """Records at no profile of the spec, further seeds of what it asks for excepted; weights of no comparison."""
    asked = wanted(subject, records)
    kept = {run_id for run_id, record in records.items() if asked.has_settings_of(record)}
    compared = set(asked.compared)
    for path in record_files(subject.store.runs_folder(subject.spec_id)):
        # What is damaged may have been asked for.
        if path.stem in records and path.stem not in kept:
            yield _candidate(path, "records that no spec asks for", subject)
    for run_id, record in subject.store.scan_comparisons(subject.spec_id).records.items():
        pair = {str(record.config[side]) for side in "ab"}
        if f"comparisons/{run_id}" in asked.names or pair <= kept:
            compared |= pair
        else:
            path = subject.store.comparisons_folder(subject.spec_id) / f"{run_id}.json"
            yield _candidate(path, "records that no spec asks for", subject)
    for path in record_files(subject.store.checks_folder(subject.spec_id)):
        if f"checks/{path.stem}" not in asked.names:
            yield _candidate(path, "records that no spec asks for", subject)
    for path in sorted((subject.folder / "weights").glob("*.pt")):
        if path.stem not in compared:
            yield _candidate(path, "weights that no comparison needs", subject)


def _proven(subject: Subject) -> Proven:
    store, spec_id = subject.store, subject.spec_id
    runs = store.scan(spec_id)
    found = (("runs", runs), ("checks", store.scan_checks(spec_id)), ("comparisons", store.scan_comparisons(spec_id)))
    checksums = {f"{kind}/{run_id}": checksum for kind, scan in found for run_id, checksum in scan.checksums.items()}
    return Proven(subject, runs.records, checksums)


def _stale_reports(folders: Iterable[Path], proven: Mapping[str, Proven]) -> Iterator[Candidate]:
    """Files of reports that were made from other records than there are, as long as the manifest can be believed."""
    for folder in folders:
        proof = Proof()
        prove_reports(folder, proven, proof, named=True)
        for one in proof.discrepancies:
            path = Path(one.file)
            # Tables that were written elsewhere belong to a paper: their owner decides.
            if one.kind == "stale" and path.is_relative_to(folder) and path.is_file():
                yield Candidate(path, "reports on what is no longer so", _size(path), None)


def _caches() -> Iterator[Candidate]:
    """Calibrations, compiled code and remembered checksums that were not touched for a month; all are made again when needed."""
    oldest = time.time() - _CACHE_DAYS * 24 * 3600
    folder = platformdirs.user_cache_path("pkbench")
    for pattern in ("calibration-*.json", "native/pkbench-*.so", "checksums/*.json"):
        for path in sorted(folder.glob(pattern)):
            if path.stat().st_mtime < oldest:
                yield Candidate(path, "caches", _size(path), None)


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _candidate(path: Path, why: Why, subject: Subject) -> Candidate:
    return Candidate(path, why, _size(path), subject)


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files if file.is_file())
