"""Runs that another pkbench computes, or has computed, in the same results folder."""

from __future__ import annotations

from collections.abc import Sequence

from pkbench.execute.context import Context
from pkbench.execute.events import RunEnded
from pkbench.plan.run import Run
from pkbench.store.files import Store
from pkbench.store.record import TRANSIENT


def ended_elsewhere(run: Run, context: Context, *, fresh: bool) -> RunEnded | None:
    """How ``run``, which was to be computed, has ended meanwhile; ``None`` where it is still to be computed.

    Where a result is to be computed again, only a run that another process began after this command counts.
    """
    store = Store(context.results)
    record = store.read(run.spec_id, run.run_id or "")
    if record is None:
        return None
    failed_again = record.failure is not None and (context.retry_failed or record.failure.kind in TRANSIENT)
    again = fresh or failed_again
    if again and record.started < context.invocation.started:
        return None
    if record.failure is not None:
        return RunEnded(record.run_id, "failed", record.failure.message, None, by_other=True)
    if record.run_id in context.keep_weights and not store.weights_path(run.spec_id, record.run_id).is_file():
        return None
    return RunEnded(record.run_id, "finished", "", record.final.test_error, by_other=True)


def waiting(runs: Sequence[Run]) -> str:
    """A sentence about ``runs``, which are waited for."""
    names = ", ".join(run.label for run in runs[:3]) + (" …" if len(runs) > 3 else "")
    count = "a run" if len(runs) == 1 else f"{len(runs)} runs"
    return f"another pkbench computes {count} of these at this moment ({names}); waiting for it"
