"""What training yields."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EpochResult:
    """Numbers of one epoch (from 1): losses in nats, errors in per cent, seconds of wall time.

    Evaluations are ``None`` in epochs without one, and the validation's where nothing was held out.
    """

    epoch: int
    lr: float
    train_loss: float
    train_error: float
    validation_loss: float | None
    validation_error: float | None
    test_loss: float | None
    test_error: float | None
    seconds: float
    data_seconds: float
    """Of them, waiting for batches, or making their inputs."""
