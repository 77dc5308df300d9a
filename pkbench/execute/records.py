"""Putting a record together from a run, its circumstances and what came out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pkbench.execute.context import Context, environment
from pkbench.plan.run import Run
from pkbench.spec.extension import ExtensionPart
from pkbench.store.record import (
    CodeIdentity,
    Counts,
    DataSummary,
    Epoch,
    ExtensionIdentity,
    Failure,
    Labels,
    Measured,
    Record,
)

if TYPE_CHECKING:
    from pkbench.data.dataset import Dataset


def make_record(
    run: Run,
    context: Context,
    *,
    data: DataSummary | None,
    history: tuple[Epoch, ...],
    measured: tuple[Measured, ...],
    failure: Failure | None,
    engine: str | None,
    accumulated: int | None,
    stacked: int | None,
    weights_sha256: str | None,
    kept_sha256: str | None,
    resumed_after: tuple[int, ...],
    started: float,
) -> Record:
    """The record of ``run``, which ends now; ``run`` must have an id."""
    if run.run_id is None:
        raise ValueError("a run without an id has no record")
    return Record(
        format=1,
        run_id=run.run_id,
        status="failed" if failure else "finished",
        spec=context.spec,
        profile=context.profile,
        labels=Labels(model=run.model.id, data=run.data.id, seed=run.seed, lr=run.lr),
        config=dict(run.config),
        counts=Counts.of(run.shape),
        data=data,
        history=history,
        measured=measured,
        failure=failure,
        engine=engine,
        accumulated=accumulated,
        stacked=stacked,
        weights_sha256=weights_sha256,
        kept_sha256=kept_sha256,
        resumed_after=resumed_after,
        seconds=sum(epoch.seconds for epoch in history),
        started=started,
        ended=time.time(),
        environment=environment(context.device, run.train.cpu_threads),
        code=code_of(run, context.code),
        invocation=context.invocation,
    )


def code_of(run: Run, code: CodeIdentity) -> CodeIdentity:
    """``code`` with the extensions that stand behind ``run``."""
    parts = [part.loaded().installed for part in (run.model, run.data) if isinstance(part, ExtensionPart)]
    own = map(ExtensionIdentity.of, parts)
    return code.model_copy(update={"extensions": (*code.extensions, *own)})


def summary(run: Run, data: Dataset) -> DataSummary:
    """The data as the run used it."""
    return DataSummary(
        checksum=run.config["data"]["checksum"],
        train=len(data.train.labels),
        validation=len(data.validation.labels),
        test=len(data.test.labels),
        mean=data.mean,
        std=data.std,
    )
