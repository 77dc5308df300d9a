"""What is on disk about a spec's runs, in the terms the plan decides by."""

from __future__ import annotations

from pkbench.plan.reasons import Known
from pkbench.store.checkpoints import CheckpointInfo
from pkbench.store.files import Scan, Store
from pkbench.store.record import TRANSIENT, Record


def known_runs(store: Store, spec_id: str, scan: Scan[Record]) -> list[Known]:
    """Everything known of ``spec_id``: its records in ``scan``, and the checkpoints of runs without one."""
    known = [from_record(record) for record in scan.records.values()]
    for run_id in store.checkpointed(spec_id):
        progress = None if run_id in scan.records else store.checkpoints(spec_id, run_id).progress()
        if progress is not None:
            known.append(from_progress(progress))
    return known


def from_progress(info: CheckpointInfo) -> Known:
    """What a checkpoint says of its run."""
    return Known(info.run_id, "interrupted", len(info.history), "", ("", "", 0), {})


def from_record(record: Record) -> Known:
    """What a record says of its run."""
    transient = False
    if record.failure is not None:
        detail = f"{record.failure.kind}: {record.failure.message}"
        transient = record.failure.kind in TRANSIENT
    else:
        detail = f"test error {record.final.test_error:.2f} %"
    labels = (record.labels.model, record.labels.data, record.labels.seed)
    return Known(record.run_id, record.status, len(record.history), detail, labels, record.config, transient)
