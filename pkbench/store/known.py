"""What is on disk about a spec's runs, in the terms the plan decides by."""

from __future__ import annotations

from pkbench.plan.reasons import Known
from pkbench.store.files import Scan, Store
from pkbench.store.record import Record


def known_runs(store: Store, spec_id: str, scan: Scan[Record]) -> list[Known]:
    """Everything known of ``spec_id``: its records in ``scan``, and the checkpoints of runs without one."""
    known = [_from_record(record) for record in scan.records.values()]
    folder = store.checkpoints_folder(spec_id)
    for run_folder in sorted(folder.iterdir()) if folder.is_dir() else ():
        if run_folder.name in scan.records:
            continue
        progress = store.checkpoints(spec_id, run_folder.name).progress()
        if progress is not None:
            known.append(Known(run_folder.name, "interrupted", len(progress.history), "", ("", "", 0), {}))
    return known


def _from_record(record: Record) -> Known:
    if record.failure is not None:
        detail = f"{record.failure.kind}: {record.failure.message}"
    else:
        detail = f"test error {record.final.test_error:.2f} %"
    labels = (record.labels.model, record.labels.data, record.labels.seed)
    return Known(record.run_id, record.status, len(record.history), detail, labels, record.config)
