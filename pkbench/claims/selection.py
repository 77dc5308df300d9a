"""Which learning rate counts, where a recipe tries several.

The rule is the spec's and looks at nothing else: lowest mean error of the final epoch over all seeds, on the
held-out validation images, or, where the spec says so, on the test images as the paper seems to do. A choice is
made only from a whole grid, so that a verdict cannot change its learning rate as runs come in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from pkbench.claims.statistics import mean
from pkbench.plan.run import Run
from pkbench.store.record import Record

Criterion = Literal["validation-error", "test-error"]

_DIGITS = 9
"""Decimals of a mean error that count: beyond them two equal means differ by rounding."""


class Final(NamedTuple):
    """Errors at the end of a finished run, in per cent."""

    test: float
    validation: float | None
    train: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """One learning rate of the grid. ``mean`` is that of the criterion in per cent, ``None`` where runs are missing."""

    lr: float
    mean: float | None
    finished: int
    diverged: tuple[int, ...]
    """Seeds whose training diverged: one is enough to rule the learning rate out."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The learning rate that counts, or ``None`` and the ``reason`` why there is none yet.

    ``criterion`` is ``None`` where the recipe has one learning rate and nothing was chosen.
    """

    lr: float | None
    criterion: Criterion | None
    candidates: tuple[Candidate, ...]
    missing: int = 0
    """Runs that must finish before there is a choice."""
    reason: str = ""


def record_of(run: Run, records: Mapping[str, Record]) -> Record | None:
    """The record of ``run``, finished or failed."""
    return None if run.run_id is None else records.get(run.run_id)


def final_errors(run: Run, records: Mapping[str, Record]) -> Final | None:
    """Errors of the last epoch the recipe asks for; ``None`` unless ``run`` finished with all of its epochs."""
    record = record_of(run, records)
    if record is None or record.status != "finished" or not record.history:
        return None
    last = record.final
    if last.test_error is None or last.epoch != run.train.epochs:
        return None
    return Final(last.test_error, last.validation_error, last.train_error)


def has_diverged(run: Run, records: Mapping[str, Record]) -> bool:
    """Whether training ``run`` ended in numbers that are none: a fault of its learning rate, not of the machine."""
    record = record_of(run, records)
    return record is not None and record.failure is not None and record.failure.kind == "diverged"


def choose(runs: Sequence[Run], records: Mapping[str, Record], criterion: Criterion) -> Selection:
    """The learning rate of ``runs``, which are those of one model on one data set."""
    rates = sorted({run.lr for run in runs})
    candidates = tuple(_candidate(lr, [run for run in runs if run.lr == lr], records, criterion) for lr in rates)
    if len(rates) == 1:
        return Selection(lr=rates[0], criterion=None, candidates=candidates)
    in_race = [candidate for candidate in candidates if not candidate.diverged]
    seeds = len({run.seed for run in runs})
    missing = sum(seeds - candidate.finished for candidate in in_race)
    if reason := _undecided(in_race, missing, len(runs)):
        return Selection(lr=None, criterion=criterion, candidates=candidates, missing=missing, reason=reason)
    ranked = sorted((candidate.mean, candidate.lr) for candidate in in_race if candidate.mean is not None)
    return Selection(lr=ranked[0][1], criterion=criterion, candidates=candidates)


def _undecided(in_race: Sequence[Candidate], missing: int, planned: int) -> str:
    """Why there is no choice yet; empty where there is one."""
    if not in_race:
        return "training diverged at every learning rate"
    if missing:
        return f"{missing} of {planned} runs that choose the learning rate are missing"
    if any(candidate.mean is None for candidate in in_race):
        return "the runs have no validation error to choose the learning rate by"
    return ""


def _candidate(lr: float, runs: Sequence[Run], records: Mapping[str, Record], criterion: Criterion) -> Candidate:
    """How ``lr`` did."""
    finals = [final for run in runs if (final := final_errors(run, records)) is not None]
    values = [final.test if criterion == "test-error" else final.validation for final in finals]
    known = [value for value in values if value is not None]
    return Candidate(
        lr=lr,
        mean=round(mean(known), _DIGITS) if len(known) == len(runs) else None,
        finished=len(finals),
        diverged=tuple(run.seed for run in runs if has_diverged(run, records)),
    )
