"""Taking an archive's results into a results folder: what is new is added, what is there stays."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pkbench.atomic import write_bytes
from pkbench.errors import StoreError, UsageError
from pkbench.execute.holds import Holds
from pkbench.results.archive import Member, Place, place_of
from pkbench.results.coherence import contradictions, difference
from pkbench.results.unpack import Archive
from pkbench.store.envelope import decode
from pkbench.store.files import Store
from pkbench.store.kinds import AnyRecord, decode_any
from pkbench.store.record import Record


@dataclass(slots=True)
class TakenIn:
    """What became of the files of an archive."""

    added: Counter[str] = field(default_factory=Counter)
    """By spec and kind: ``table1 runs``."""
    same: int = 0
    """Records that were there already, the same."""
    alike: int = 0
    """Records of the same result that was computed twice, here and there: they differ in time and circumstances alone."""
    kept: list[str] = field(default_factory=list)
    """A sentence for each file that was there and is another one, which stays."""
    seeds: dict[str, set[int]] = field(default_factory=dict)
    """Seeds that were added, by spec."""


def take_in(archive: Path, results: Path) -> TakenIn:
    """Check all of ``archive``, then add what ``results`` does not have. No sound record is ever overwritten.

    Raises:
        UsageError: the archive is not whole, or a record in it is not that of its id; nothing was added.
        StoreError: the results folder cannot be written, or has too little space.
    """
    store, done = Store(results), TakenIn()
    with Archive(archive) as packed:
        places = [(member, place_of(member.name)) for member in packed.contents.members]
        # Everything is read once before anything is written: a damaged archive adds nothing.
        for member, place in places:
            _check(archive, place, packed.read(member))
        _check_space(results, sum(member.size for member, _ in places))
        for member, place in sorted(places, key=lambda pair: pair[1].kind == "weights"):
            with Holds(store.folder(place.spec_id)).held([place.run_id]) as mine:
                if mine:
                    _add(store, place, member, packed.read(member), done)
                else:
                    done.kept.append(
                        f"{place.spec_id}/{place.kind}/{place.run_id}: another pkbench computes it here at this moment; it was "
                        "left out"
                    )
    return done


def _check(archive: Path, place: Place, content: bytes) -> None:
    """Hold a record against its name: its id is computed from its configuration."""
    if place.kind == "weights":
        return
    try:
        record, _ = decode_any(content, place.kind, place.run_id)
        reason = "" if record.spec.id == place.spec_id else f"it is a record of {record.spec.id!r}"
        if isinstance(record, Record) and not reason:
            reason = "; ".join(contradictions(record))
    except ValueError as error:
        reason = str(error)
    if reason:
        raise UsageError(
            f"{archive}: {place.spec_id}/{place.kind}/{place.run_id}: {reason}",
            constraint="every record has the id of its configuration, and its checksum",
            remedy="nothing was taken from it",
        )


def _check_space(results: Path, size: int) -> None:
    there = next(folder for folder in (results, *results.parents) if folder.is_dir())
    free = shutil.disk_usage(there).free
    if size > free:
        raise StoreError(f"{results} has {free:,} bytes free, the archive unpacks to {size:,}", remedy="free space")


def _add(store: Store, place: Place, member: Member, content: bytes, done: TakenIn) -> None:
    """Add what is held by this process, so that nobody else writes it meanwhile."""
    folder = store.folder(place.spec_id) / place.kind
    if place.kind == "weights":
        path = folder / f"{place.run_id}.pt"
        record = store.read(place.spec_id, place.run_id)
        if record is None or record.kept_sha256 != member.sha256:
            done.kept.append(f"{path}: the archive's weights are not those of the record here; they were left out")
            return
    else:
        path = folder / f"{place.run_id}.json"
        if path.exists():
            _make_way(path, place, content, done)
    if not path.exists():
        write_bytes(path, content)
        done.added[f"{place.spec_id} {place.kind}"] += 1
        if place.kind == "runs":
            record = decode(content, place.run_id, Record)
            done.seeds.setdefault(place.spec_id, set()).add(record.labels.seed)
    elif hashlib.sha256(path.read_bytes()).hexdigest() == member.sha256:
        done.same += 1
    elif what := difference(_record(path.read_bytes(), place), _record(content, place)):
        done.kept.append(f"{path}: the archive has another result of this run ({what}); the one here stays")
    else:
        done.alike += 1


def _make_way(path: Path, place: Place, content: bytes, done: TakenIn) -> None:
    """Set aside the file at ``path`` where it is damaged, or the record of a failure and ``content`` that of a success."""
    try:
        here = _record(path.read_bytes(), place)
    except ValueError:
        # What is damaged counts as not there; it is kept beside, as a run would do.
        path.replace(path.with_suffix(".json.damaged"))
        done.kept.append(f"{path}: the file here was damaged; set aside as {path.stem}.json.damaged")
        return
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}", remedy="check whose it is and its rights") from error
    there = _record(content, place)
    if isinstance(here, Record) and isinstance(there, Record) and (here.status, there.status) == ("failed", "finished"):
        path.unlink()
        done.kept.append(f"{path}: the run had failed here; the archive's finished record took its place")


def _record(content: bytes, place: Place) -> AnyRecord:
    return decode_any(content, place.kind, place.run_id)[0]
