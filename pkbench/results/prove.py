"""The whole chain: report → record → data → spec → code, from the stored bytes. Nothing is executed and nothing is changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from pkbench.results.discrepancy import Proof
from pkbench.results.prove_records import (
    prove_checkpoints,
    prove_checks,
    prove_comparisons,
    prove_runs,
    prove_weights,
)
from pkbench.results.prove_report import Proven, prove_reports
from pkbench.results.prove_sources import DataProof, prove_code, prove_spec
from pkbench.results.subject import Subject
from pkbench.store.kinds import AnyRecord


def prove(subjects: Sequence[Subject], reports: Iterable[Path], *, named: bool) -> Proof:
    """Prove all results of ``subjects`` and what is about them in the folders ``reports``.

    ``named`` says that these specs were asked for, and files about others are none of the command's business.
    """
    proof = Proof()
    data = DataProof(proof)
    specs: dict[str, Proven] = {}
    for subject in subjects:
        specs[subject.spec_id] = _prove_results(subject, data, proof)
    for folder in dict.fromkeys(reports):
        prove_reports(folder, specs, proof, named=named)
    for subject in subjects:
        # Metrics and plots for DVC lie beside the records.
        prove_reports(subject.folder, specs, proof, named=named, command=f"pkbench claims {subject.typed}")
    if proof.unproven_code:
        reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(proof.unproven_code.items()))
        proof.notes.append(f"the code of {proof.unproven_code.total()} records is proven by no commit: {reasons}")
    return proof


def _prove_results(subject: Subject, data: DataProof, proof: Proof) -> Proven:
    """Everything but the reports; its sound records."""
    runs = prove_runs(subject, proof)
    checks = prove_checks(subject, proof)
    comparisons = prove_comparisons(subject, runs, proof)
    prove_weights(subject, runs, proof)
    prove_checkpoints(subject, proof)
    records: dict[str, AnyRecord] = {**runs.records, **checks.records, **comparisons.records}
    prove_spec(subject, records, proof)
    data.prove(subject, runs.records.values())
    prove_code(subject, records, proof)
    checksums = {
        f"{kind}/{run_id}": checksum
        for kind, scan in (("runs", runs), ("checks", checks), ("comparisons", comparisons))
        for run_id, checksum in scan.checksums.items()
    }
    return Proven(subject, runs.records, checksums)
