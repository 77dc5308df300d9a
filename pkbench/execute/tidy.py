"""What killed processes and damaged disks leave in a spec's results, put right while others may be at work there.

Whatever is changed belongs to a run, a check or a comparison, which is held meanwhile: what another process computes or writes
stays as it is.
"""

from __future__ import annotations

from pkbench.atomic import unfinished
from pkbench.execute.holds import Holds
from pkbench.store.files import Store

_ID_LENGTH = 16


def tidy(store: Store, spec_id: str) -> tuple[str, ...]:
    """Set damaged records of ``spec_id`` aside, delete what nobody needs any more; a sentence for each damaged record.

    Deleted are files that a killed process had not finished writing, and checkpoints of finished runs.

    Raises:
        StoreError: the folder cannot be written.
    """
    holds = Holds(store.folder(spec_id))
    messages = []
    for run_id in store.damaged(spec_id):
        with holds.held([run_id]) as mine:
            # Another process may have computed the run again since its record was read.
            message = store.set_aside(spec_id, run_id) if mine else None
        if message is not None:
            messages.append(message)
    for name in ("runs", "weights", "checks", "comparisons"):
        for target, path in unfinished(store.folder(spec_id) / name):
            with holds.held([target[:_ID_LENGTH]]) as mine:
                if mine:
                    path.unlink(missing_ok=True)
    for run_id in store.checkpointed(spec_id):
        record = store.read(spec_id, run_id)
        if record is not None and record.status == "finished":
            with holds.held([run_id]) as mine:
                if mine:
                    store.checkpoints(spec_id, run_id).remove()
    return tuple(messages)
