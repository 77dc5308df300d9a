"""The record of a run whose process died."""

from __future__ import annotations

import time

from pkbench.execute.context import Context
from pkbench.execute.records import make_record
from pkbench.plan.run import Run
from pkbench.store.files import Store
from pkbench.store.record import Failure, FailureKind


def record_death(run: Run, context: Context, kind: FailureKind, message: str) -> None:
    """Record that ``run`` failed, with this ``kind`` and reason, because its process died. Its checkpoints stay: trying again goes on from them."""
    if run.run_id is None:
        raise ValueError("a run without an id cannot have been performed")
    store = Store(context.results)
    progress = store.checkpoints(run.spec_id, run.run_id).progress()
    history = progress.history if progress else ()
    store.write(
        make_record(
            run,
            context,
            data=None,
            history=history,
            measured=progress.measured if progress else (),
            failure=Failure(kind=kind, message=message, epoch=len(history)),
            engine=None,
            accumulated=None,
            stacked=None,
            weights_sha256=None,
            kept_sha256=None,
            resumed_after=progress.resumed_after if progress else (),
            started=progress.started if progress else time.time(),
        )
    )
