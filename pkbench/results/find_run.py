"""Finding one recorded run, check or comparison by the beginning of its id or by its names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pkbench.errors import UsageError
from pkbench.results.subject import Subject
from pkbench.spec.words import did_you_mean
from pkbench.store.check_record import CheckRecord
from pkbench.store.comparison_record import ComparisonRecord
from pkbench.store.files import Scan, record_files
from pkbench.store.kinds import KINDS, AnyRecord, decode_any
from pkbench.store.record import Record

_PREFIX = re.compile(r"[0-9a-f]{3,16}")
_LISTED = 8


@dataclass(frozen=True, slots=True)
class Located:
    """A record, and where it is."""

    subject: Subject
    record: AnyRecord
    path: Path
    checksum: str


def label_of(record: AnyRecord) -> str:
    """What people call the record: as a plan labels its run, or the name of its check or comparison."""
    if isinstance(record, Record):
        names = record.labels
        return f"{names.model} · {names.data} · lr {names.lr:g} · seed {names.seed}"
    if isinstance(record, CheckRecord):
        return record.claim
    return f"{record.compare} · seeds {record.seeds[0]} and {record.seeds[1]}"


def find_run(subjects: Sequence[Subject], wanted: str) -> Located:
    """The one record that ``wanted`` names: three or more digits of its id, its label, or MODEL/DATA/SEED, MODEL/SEED.

    ``SPEC:`` before it looks in one spec only.

    Raises:
        UsageError: it names none, or several; the message lists them.
    """
    spec, colon, rest = wanted.partition(":")
    within = [subject for subject in subjects if subject.spec_id == spec] if colon else []
    name = rest if within else wanted
    chosen = within or subjects
    found = [one for subject in chosen for one in _beginning_with(subject, name)] if _PREFIX.fullmatch(name) else []
    found = found or [one for subject in chosen for one in located_records(subject) if _is_called(one.record, name)]
    # One id in several folders is one run, computed for several specs.
    if len({one.record.run_id for one in found}) == 1:
        return found[0]
    if found:
        listed = "; ".join(
            f"{one.record.run_id[:8]} {one.subject.spec_id}{_at(one.record)}: {label_of(one.record)}"
            for one in found[:_LISTED]
        )
        more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        raise UsageError(f"{wanted} names {len(found)} results", remedy=f"write more of one of: {listed}{more}")
    names = dict.fromkeys(
        called for subject in chosen for one in located_records(subject) for called in _names(one.record)
    )
    likely = did_you_mean(name, names)
    raise UsageError(
        f"{wanted} names no result",
        constraint="the first digits of an id, a label as `pkbench plan` writes it, or MODEL/DATA/SEED",
        remedy=f"{f'{likely}; ' if likely else ''}`pkbench status --json` lists all ids and labels",
    )


def _at(record: AnyRecord) -> str:
    return "" if isinstance(record, CheckRecord) else f" at {record.profile}"


def _beginning_with(subject: Subject, digits: str) -> Iterator[Located]:
    """Sound records whose ids begin with ``digits``; only their files are read, of what may be thousands."""
    for kind in KINDS:
        for path in record_files(subject.folder / kind):
            if path.stem.startswith(digits):
                try:
                    record, checksum = decode_any(path.read_bytes(), kind, path.stem)
                except (OSError, ValueError):
                    continue
                yield Located(subject, record, path, checksum)


def located_records(subject: Subject) -> Iterator[Located]:
    """Every sound record of ``subject``."""
    store, spec_id = subject.store, subject.spec_id
    yield from _located(subject, store.runs_folder(spec_id), store.scan(spec_id))
    yield from _located(subject, store.checks_folder(spec_id), store.scan_checks(spec_id))
    yield from _located(subject, store.comparisons_folder(spec_id), store.scan_comparisons(spec_id))


def _located(
    subject: Subject, folder: Path, scan: Scan[Record] | Scan[CheckRecord] | Scan[ComparisonRecord]
) -> Iterator[Located]:
    for run_id, record in scan.records.items():
        yield Located(subject, record, folder / f"{run_id}.json", scan.checksums[run_id])


def _names(record: AnyRecord) -> Iterator[str]:
    """What the record can be called, for whoever misspelt it."""
    yield label_of(record)
    if isinstance(record, Record):
        labels = record.labels
        yield f"{labels.model}/{labels.data}/{labels.seed}"
        yield f"{labels.model}/{labels.seed}"
        yield f"{labels.model}/{labels.data}"


def _is_called(record: AnyRecord, name: str) -> bool:
    if " ".join(name.split()) == label_of(record):
        return True
    if not isinstance(record, Record):
        return isinstance(record, CheckRecord) and record.claim == name
    model, *rest = name.split("/")
    labels = record.labels
    if not fnmatchcase(labels.model, model) or not 1 <= len(rest) <= 2:
        return False
    return rest in ([labels.data, str(labels.seed)], [str(labels.seed)], [labels.data])
