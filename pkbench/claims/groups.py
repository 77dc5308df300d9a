"""The runs of one model on one data set at the learning rate that counts, and their summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pkbench.claims.selection import Final, Selection, choose, final_errors, record_of
from pkbench.claims.statistics import deviation, interval, mean
from pkbench.plan.run import Run
from pkbench.sizes.base import Shape
from pkbench.spec.scale import AnyModel, Scaled
from pkbench.store.record import Record

SUMMARY_ALPHA = 0.05
"""1 minus the coverage of the intervals beside the means."""

_MESSAGE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Group:
    """What is known of one model on one data set."""

    model: AnyModel
    data_id: str
    shape: Shape
    selection: Selection
    planned: tuple[int, ...]
    """Seeds the recipe asks for."""
    runs: tuple[Run, ...]
    """Finished runs at the learning rate that counts, in order of the planned seeds."""
    finals: tuple[Final, ...]
    """Final errors of ``runs``."""
    failures: tuple[str, ...]
    """A sentence for each failed run, at any learning rate."""

    @property
    def errors(self) -> dict[int, float]:
        """Final test error in per cent by seed."""
        return {run.seed: final.test for run, final in zip(self.runs, self.finals, strict=True)}

    @property
    def run_ids(self) -> tuple[str, ...]:
        """Ids of the runs that count."""
        return tuple(run.run_id for run in self.runs if run.run_id is not None)

    @property
    def connections(self) -> int:
        """Connections without the classifier, recomputed from the shape."""
        return self.shape.connections


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSummary:
    """One model on one data set in numbers: errors in per cent, deviations in percentage points.

    Statistics are ``None`` where no run, or for ``sd`` and the interval only one, has finished.
    """

    model_id: str
    data_id: str
    n: int
    n_planned: int
    mean: float | None
    sd: float | None
    minimum: float | None
    maximum: float | None
    low: float | None
    high: float | None
    """``low … high``: 95 % t interval of the mean test error."""
    validation_mean: float | None
    train_mean: float | None
    lr: float | None
    selection: Selection
    S: int | None
    C: int | None
    depth: int
    width: int
    connections: int
    parameters: int
    failures: tuple[str, ...]
    errors: dict[int, float]
    """Final test error by seed."""
    run_ids: tuple[str, ...]


def group_runs(scaled: Scaled, runs: Sequence[Run], records: Mapping[str, Record]) -> dict[tuple[str, str], Group]:
    """The group of every ``(model id, data id)`` of ``scaled``."""
    # By learning rate and seed, so that a run listed twice is never counted as two.
    members: dict[tuple[str, str], dict[tuple[float, int], Run]] = {}
    for run in runs:
        members.setdefault((run.model.id, run.data.id), {})[run.lr, run.seed] = run
    return {key: _group(scaled, list(group.values()), records) for key, group in members.items()}


def _group(scaled: Scaled, runs: Sequence[Run], records: Mapping[str, Record]) -> Group:
    selection = choose(runs, records, scaled.train.select_lr_by)
    counted = [
        (run, final) for run in runs if run.lr == selection.lr and (final := final_errors(run, records)) is not None
    ]
    return Group(
        model=runs[0].model,
        data_id=runs[0].data.id,
        shape=runs[0].shape,
        selection=selection,
        planned=tuple(dict.fromkeys(scaled.train.seeds)),
        runs=tuple(run for run, _ in counted),
        finals=tuple(final for _, final in counted),
        failures=tuple(sentence for run in runs if (sentence := _failure(run, records))),
    )


def _failure(run: Run, records: Mapping[str, Record]) -> str:
    """What went wrong with ``run``, in one line; empty where nothing did."""
    record = record_of(run, records)
    if record is None or record.failure is None:
        return ""
    failure = record.failure
    message = " ".join(failure.message.split())[:_MESSAGE_LENGTH]
    return f"{run.label} failed after epoch {failure.epoch}: {failure.kind} ({message})"


def summarise(group: Group) -> ModelSummary:
    """The numbers of ``group``."""
    errors = [final.test for final in group.finals]
    bounds = interval(errors, alpha=SUMMARY_ALPHA) if errors else None
    validation = [final.validation for final in group.finals if final.validation is not None]
    return ModelSummary(
        model_id=group.model.id,
        data_id=group.data_id,
        n=len(errors),
        n_planned=len(group.planned),
        mean=mean(errors) if errors else None,
        sd=deviation(errors) if len(errors) > 1 else None,
        minimum=min(errors, default=None),
        maximum=max(errors, default=None),
        low=bounds[0] if bounds else None,
        high=bounds[1] if bounds else None,
        validation_mean=mean(validation) if validation and len(validation) == len(errors) else None,
        train_mean=mean([final.train for final in group.finals]) if errors else None,
        lr=group.selection.lr,
        selection=group.selection,
        S=group.shape.S,
        C=group.shape.C,
        depth=group.shape.depth,
        width=group.shape.width,
        connections=group.connections,
        parameters=group.shape.parameters,
        failures=group.failures,
        errors=group.errors,
        run_ids=group.run_ids,
    )
