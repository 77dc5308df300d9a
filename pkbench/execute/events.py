"""What an executor tells while it works: small values, safe to send between processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pkbench.train.result import EpochResult


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run begins, after ``resumed_after`` epochs done earlier (0: from the start)."""

    run_id: str
    resumed_after: int


@dataclass(frozen=True, slots=True)
class EpochEnded:
    """A run completed an epoch."""

    run_id: str
    result: EpochResult


Status = Literal["finished", "failed", "interrupted"]


@dataclass(frozen=True, slots=True)
class RunEnded:
    """A run is over. ``message`` is the reason of a failure; an interrupted run can be resumed."""

    run_id: str
    status: Status
    message: str
    test_error: float | None
    """Of the last epoch, in per cent; ``None`` unless finished."""
    by_other: bool = False
    """Whether another pkbench computed it meanwhile."""


@dataclass(frozen=True, slots=True)
class RunTaken:
    """A run is left to another pkbench, which computes it at this moment."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something the user should know, in one sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class ComparisonEnded:
    """Two trained models, by their runs' labels, were compared; ``diagonal_mean`` is ``None`` where it has no meaning."""

    compare_id: str
    a: str
    b: str
    diagonal_mean: float | None


Event = RunStarted | EpochEnded | RunEnded | RunTaken | ComparisonEnded | Note
