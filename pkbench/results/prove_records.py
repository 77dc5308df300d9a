"""Proving records from their bytes: of runs, checks and comparisons, with the weights and checkpoints that go with them."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TypeVar

from pkbench.results.coherence import contradictions
from pkbench.results.discrepancy import Discrepancy, Proof
from pkbench.results.subject import Subject
from pkbench.store.check_record import CheckRecord
from pkbench.store.checkpoints import is_whole
from pkbench.store.comparison_record import ComparisonRecord
from pkbench.store.envelope import decode_proven
from pkbench.store.files import Scan, record_files
from pkbench.store.record import Record
from pkbench.store.seal import is_as_sealed

AnyRecord = TypeVar("AnyRecord", Record, CheckRecord, ComparisonRecord)


def prove_runs(subject: Subject, proof: Proof) -> Scan[Record]:
    """Prove every record of a run; those that are sound, altered spellings included."""
    scan = _prove_folder(subject, subject.store.runs_folder(subject.spec_id), Record, proof)
    for run_id, record in scan.records.items():
        path = subject.store.record_path(subject.spec_id, run_id)
        if proof.extend(_inconsistencies(record, subject, path)):
            proof.proven["records of runs"] += 1
    return scan


def prove_checks(subject: Subject, proof: Proof) -> Scan[CheckRecord]:
    """Prove every record of a check."""
    scan = _prove_folder(subject, subject.store.checks_folder(subject.spec_id), CheckRecord, proof)
    proof.proven["records of checks"] += len(scan.records)
    return scan


def prove_comparisons(subject: Subject, runs: Scan[Record], proof: Proof) -> Scan[ComparisonRecord]:
    """Prove every record of a comparison, and that it was made from the weights its runs have."""
    folder = subject.store.comparisons_folder(subject.spec_id)
    scan = _prove_folder(subject, folder, ComparisonRecord, proof)
    for run_id, record in scan.records.items():
        if proof.extend(_other_weights(record, runs, subject, folder / f"{run_id}.json")):
            proof.proven["records of comparisons"] += 1
    return scan


def prove_weights(subject: Subject, runs: Scan[Record], proof: Proof) -> None:
    """Prove every file of kept weights by what its run's record says of it."""
    for path in sorted((subject.folder / "weights").glob("*.pt")):
        record = runs.records.get(path.stem)
        if record is None:
            proof.notes.append(f"{path}: the run it belongs to has no sound record; `pkbench clean` removes it")
            continue
        means = "no comparison can be computed from it"
        remedy = f"{_again(subject, record)} --fresh"
        try:
            content = path.read_bytes()
        except OSError as error:
            what = f"it cannot be read ({error.strerror})"
            proof.discrepancies.append(Discrepancy("damaged", str(path), what, means, remedy))
            continue
        if record.kept_sha256 is not None and hashlib.sha256(content).hexdigest() != record.kept_sha256:
            what = "these are not the bytes that its run's record names"
            proof.discrepancies.append(Discrepancy("damaged", str(path), what, means, remedy))
        elif record.kept_sha256 is None and not _is_whole_archive(content):
            proof.discrepancies.append(Discrepancy("damaged", str(path), "it is not a whole file", means, remedy))
        else:
            proof.proven["kept weights"] += 1
            if record.kept_sha256 is None:
                proof.notes.append(
                    f"{path}: its record is from before files of weights had checksums there; it is whole"
                )


def prove_checkpoints(subject: Subject, proof: Proof) -> None:
    """Prove the tensors of every checkpoint; a running process may take them away meanwhile."""
    for path in sorted((subject.folder / "checkpoints").glob("*/step-*.json")):
        tensors = path.with_suffix(".pt")
        try:
            sound = is_whole(path)
        except FileNotFoundError:
            continue
        if sound:
            proof.proven["checkpoints"] += 1
        else:
            means = "its run goes on from the checkpoint before it, or from the start"
            remedy = f"nothing to do: `pkbench run {subject.typed}` passes it over"
            proof.discrepancies.append(Discrepancy("damaged", str(tensors), "it is not what was saved", means, remedy))


def _prove_folder(subject: Subject, folder: Path, kind: type[AnyRecord], proof: Proof) -> Scan[AnyRecord]:
    """The sound records in ``folder``; what is wrong with the others, and with the spelling of any, goes to ``proof``."""
    found: dict[str, AnyRecord] = {}
    checksums: dict[str, str] = {}
    for path in record_files(folder):
        again = f"`pkbench run {subject.typed}` computes it again"
        try:
            raw = path.read_bytes()
            record, checksum = decode_proven(raw, path.stem, kind)
        except FileNotFoundError:  # set aside this moment
            continue
        except (OSError, ValueError) as error:
            reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
            means = "it counts as not done: no verdict and no report uses it"
            proof.discrepancies.append(Discrepancy("damaged", str(path), reason, means, again))
            continue
        found[path.stem], checksums[path.stem] = record, checksum
        if record.spec.id != subject.spec_id:
            what, means = f"it is a record of {record.spec.id}", "it lies in another spec's folder"
            remedy = f"move it to {subject.store.folder(record.spec.id)}"
            proof.discrepancies.append(Discrepancy("damaged", str(path), what, means, remedy))
        if not is_as_sealed(raw):
            what, means = "its bytes are not as pkbench writes them", "its content is whole: something wrote it again"
            proof.discrepancies.append(Discrepancy("damaged", str(path), what, means, f"{again} with --fresh"))
    for path in sorted(folder.glob("*.damaged")):
        proof.notes.append(f"{path}: set aside earlier because it was damaged; `pkbench clean` removes it")
    return Scan(found, (), checksums)


def _inconsistencies(record: Record, subject: Subject, path: Path) -> Iterator[Discrepancy]:
    for what in contradictions(record):
        means = "it cannot be said what it is a result of"
        yield Discrepancy("damaged", str(path), what, means, f"{_again(subject, record)} --fresh")


def _other_weights(record: ComparisonRecord, runs: Scan[Record], subject: Subject, path: Path) -> Iterator[Discrepancy]:
    """Where a comparison's runs have no record, or one of other weights."""
    stated = record.weights_sha256 or (None, None)
    again = f"`pkbench run {subject.typed} --profile {record.profile}` computes what is missing"
    for name, weights in zip("ab", stated, strict=True):
        run_id = str(record.config[name])
        of = runs.records.get(run_id)
        if of is None:
            what, means = f"run {run_id}, which it compares, has no sound record", "it cannot be followed to its data"
            yield Discrepancy("stale", str(path), what, means, again)
        elif weights is not None and weights != of.weights_sha256:
            what = f"it was made from other weights than run {run_id} has now"
            yield Discrepancy("stale", str(path), what, "the run was computed again since", f"{again} with --fresh")


def _is_whole_archive(content: bytes) -> bool:
    """Whether every part of a PyTorch file has the checksum that stands in it."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return archive.testzip() is None
    except Exception:
        # Damaged tables of contents raise whatever their bytes happen to ask for.
        return False


def _again(subject: Subject, record: Record) -> str:
    labels = record.labels
    only = f"{labels.model}/{labels.data}/{labels.seed}"
    return f"compute it again: pkbench run {subject.typed} --profile {record.profile} --only {only}"
