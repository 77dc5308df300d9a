"""The learning rate as a function of the step."""

from __future__ import annotations

import math

from pkbench.spec.train import Cosine, Linear


def learning_rate(schedule: Cosine | Linear, peak: float, step: int, steps_per_epoch: int, epochs: int) -> float:
    """The learning rate of ``step`` (from 0): linear warm-up to ``peak``, then half a cosine or a line to ``final_lr``.

    The decay starts at the peak and would reach ``final_lr`` one step after the last.
    """
    warmup = round(schedule.warmup_epochs * steps_per_epoch)
    if step < warmup:
        return schedule.warmup_lr + (peak - schedule.warmup_lr) * step / warmup
    progress = (step - warmup) / (epochs * steps_per_epoch - warmup)
    match schedule:
        case Cosine():
            return schedule.final_lr + (peak - schedule.final_lr) * (1 + math.cos(math.pi * progress)) / 2
        case Linear():
            return schedule.final_lr + (peak - schedule.final_lr) * (1 - progress)
