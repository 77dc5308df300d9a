"""Whether the spec, the data and the code are still those that records were made from. Other ones are no damage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from pkbench.data.identity import checksum
from pkbench.errors import DataError
from pkbench.results.discrepancy import Discrepancy, Proof
from pkbench.results.subject import Subject
from pkbench.results.wanted import wanted
from pkbench.spec.data import AnyData
from pkbench.spec.load import LoadedSpec
from pkbench.store.code import commit_sha256
from pkbench.store.kinds import AnyRecord
from pkbench.store.record import Record


def prove_spec(subject: Subject, records: Mapping[str, AnyRecord], proof: Proof) -> None:
    """Hold the spec's bytes against those that ``records`` name; says whether it still asks for them."""
    if subject.path is None:
        proof.notes.append(
            f"{subject.folder}: there is no spec of this name here, so it cannot be held against its records"
        )
        return
    if subject.fault:
        means, remedy = "nothing can be run or reported from it", "`pkbench validate` names every fault of it"
        proof.discrepancies.append(Discrepancy("changed", str(subject.path), subject.fault, means, remedy))
        return
    others = [run_id for run_id, record in records.items() if record.spec.sha256 != subject.sha256]
    if not others:
        proof.proven["specs"] += bool(records)
        return
    what = f"{len(others)} of {len(records)} records are from another text of it"
    runs = {run_id: record for run_id, record in records.items() if isinstance(record, Record)}
    asked = wanted(subject, runs).ids
    left = [run_id for run_id in others if run_id not in asked]
    if not left:
        means = "it still asks for every one of them, so only its words, claims or further runs changed"
        remedy = "nothing to do for the records; `pkbench report` follows the new text"
    else:
        means = f"{len(left)} of them it no longer asks for, which no verdict uses"
        remedy = f"take the old text back, or compute what is new: pkbench run {subject.typed}"
    proof.discrepancies.append(Discrepancy("changed", str(subject.path), what, means, remedy))


class DataProof:
    """Holds data files against records; files that several specs share are read once."""

    def __init__(self, proof: Proof) -> None:
        self._proof = proof
        self._found: dict[tuple[str, Path], str | None] = {}

    def prove(self, subject: Subject, records: Iterable[Record]) -> None:
        """Read every byte of the data sets behind ``records`` of ``subject`` that are here."""
        if not isinstance(subject.loaded, LoadedSpec) or subject.path is None:
            return
        stated: dict[str, Counter[str]] = {}
        for record in records:
            if record.data is not None:
                stated.setdefault(record.labels.data, Counter())[record.data.checksum] += 1
        for data in subject.loaded.spec.data:
            if data.id in stated:
                self._compare(data, subject.path, stated[data.id])

    def _compare(self, data: AnyData, spec: Path, stated: Counter[str]) -> None:
        here = self._checksum(data, spec.parent)
        if here is None:
            self._proof.notes.append(f"{spec}: the files of data set {data.id} are not here, so they were not read")
            return
        others = stated.total() - stated[here]
        if not others:
            self._proof.proven["data sets"] += 1
            return
        what = f"data set {data.id} has other bytes than {others} of {stated.total()} records were computed from"
        means = "those records are whole, and stand for the data as it was"
        remedy = f"put the old files back (`pkbench data list {spec.stem}` says where they lie), or run again on these"
        self._proof.discrepancies.append(Discrepancy("changed", str(spec), what, means, remedy))

    def _checksum(self, data: AnyData, base: Path) -> str | None:
        key = (data.model_dump_json(exclude={"id"}), base)
        if key not in self._found:
            try:
                self._found[key] = checksum(data, base, afresh=True)
            except DataError:
                self._found[key] = None
        return self._found[key]


def prove_code(subject: Subject, records: Mapping[str, AnyRecord], proof: Proof) -> None:
    """Hold the code that ``records`` name against the commits they name, where this is a checkout that has them."""
    for run_id, record in records.items():
        code = record.code
        if code.files_sha256 is None:
            proof.unproven_code["recorded before the files' hash was"] += 1
        elif code.dirty:
            proof.unproven_code["with uncommitted changes"] += 1
        elif code.commit is None:
            proof.unproven_code["of no commit"] += 1
        elif (committed := commit_sha256(code.commit)) is None:
            proof.unproven_code["of a commit that is not here"] += 1
        elif committed == code.files_sha256:
            proof.proven["records' code as its commit has it"] += 1
        else:
            what = f"record {run_id} names commit {code.commit[:12]} without changes, and other files than that has"
            means = "it cannot be said which code computed it"
            remedy = f"compute it again from a clean checkout: pkbench run {subject.typed} --fresh"
            proof.discrepancies.append(Discrepancy("damaged", str(subject.folder), what, means, remedy))
