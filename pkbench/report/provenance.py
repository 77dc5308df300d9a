"""Where every number comes from: runs, code, machines, data."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from pkbench.claims.hardware import code, device
from pkbench.claims.selection import record_of
from pkbench.report.study import Study
from pkbench.store.record import Record


@dataclass(frozen=True, slots=True, order=True)
class Circumstances:
    """How runs were computed, as text: code, hardware, libraries."""

    code: str
    hardware: str
    python: str
    torch: str
    numpy: str
    platform: str
    threads: int


@dataclass(frozen=True, slots=True, order=True)
class DataUsed:
    """A data set as the runs used it; counts are images."""

    data_id: str
    checksum: str
    train: int
    validation: int
    test: int


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run that has a record. Error in per cent, time in seconds."""

    run_id: str
    model: str
    data: str
    lr: float
    seed: int
    status: str
    counts: bool
    """Whether it is behind a mean: finished, at the learning rate that counts."""
    test_error: float | None
    seconds: float
    data_seconds: float | None
    """Of them, spent waiting for batches, where every epoch says."""
    resumed: int
    weights_sha256: str | None
    spec_sha256: str
    commit: str | None
    dirty: bool | None


def circumstances(study: Study) -> tuple[tuple[Circumstances, int], ...]:
    """Each way runs were computed, with the number of runs."""
    counted = Counter(circumstances_of(record) for record in used_records(study))
    return tuple(sorted(counted.items()))


def data_used(study: Study) -> tuple[DataUsed, ...]:
    """Each data set as runs used it."""
    found = set()
    for run in study.runs:
        record = record_of(run, study.records)
        if record is not None and record.data is not None:
            part = record.data
            found.add(DataUsed(run.data.id, part.checksum, part.train, part.validation, part.test))
    return tuple(sorted(found))


def run_rows(study: Study) -> tuple[RunRow, ...]:
    """Every run of the plan that has a record, in the plan's order."""
    counted = {run_id for summary in study.evaluation.models for run_id in summary.run_ids}
    rows = []
    for run in study.runs:
        record = record_of(run, study.records)
        if record is None:
            continue
        rows.append(
            RunRow(
                run_id=record.run_id,
                model=run.model.id,
                data=run.data.id,
                lr=run.lr,
                seed=run.seed,
                status=record.status,
                counts=record.run_id in counted,
                test_error=record.final.test_error if record.status == "finished" and record.history else None,
                seconds=record.seconds,
                data_seconds=_data_seconds(record),
                resumed=len(record.resumed_after),
                weights_sha256=record.weights_sha256,
                spec_sha256=record.spec.sha256,
                commit=record.code.commit,
                dirty=record.code.dirty,
            )
        )
    return tuple(rows)


def _data_seconds(record: Record) -> float | None:
    """Sum over the epochs; ``None`` where one of them does not say."""
    waited = [epoch.data_seconds for epoch in record.history if epoch.data_seconds is not None]
    return math.fsum(waited) if len(waited) == len(record.history) else None


def used_records(study: Study) -> list[Record]:
    """Records of the plan's runs."""
    return [record for run in study.runs if (record := record_of(run, study.records)) is not None]


def commits(study: Study) -> tuple[str, ...]:
    """Commits the runs were computed at."""
    return tuple(sorted({record.code.commit for record in used_records(study) if record.code.commit}))


def circumstances_of(record: Record) -> Circumstances:
    """How ``record`` was computed."""
    environment = record.environment
    return Circumstances(
        code=code(record),
        hardware=device(record),
        python=environment.python,
        torch=environment.torch,
        numpy=environment.numpy,
        platform=environment.platform,
        threads=environment.threads,
    )
