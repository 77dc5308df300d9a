"""The number that a finished run contributes to a claim."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from statistics import fmean, median
from typing import Final

from pkbench.spec.metric import METRICS, MetricName
from pkbench.store.record import Record

_MEASURED: Final[Mapping[MetricName, str]] = {
    "largest_singular_value": "largest singular value",
    "gradient_norm": "gradient norm",
    "weight_sparsity": "share nearly zero",
    "degree_distance": "row degree, KS distance from binomial",
}
"""What of the probe's measurements each metric is the mean of."""

_HOYER = "Hoyer sparsity"
_NO_BLOCK = "the rest"
"""Where the probe has the gradient norm of all parameters outside the blocks."""


def value_of(metric: MetricName, record: Record) -> float | None:
    """The value of ``metric`` in a finished ``record``; ``None`` where it has none."""
    if metric in _MEASURED:
        return _mean_measured(record, _MEASURED[metric])
    reader = _READERS.get(metric)
    return None if reader is None else reader(record)


def _mean_measured(record: Record, name: str, *, first: bool = False) -> float | None:
    """Mean over the parts of the model of what was measured last, or first."""
    found = [item for item in record.measured if item.name == name and item.where != _NO_BLOCK]
    if not found:
        return None
    epoch = (min if first else max)(item.epoch for item in found)
    return fmean(item.value for item in found if item.epoch == epoch)


def _effective_sparsity(record: Record, *, first: bool = False) -> float | None:
    """Of the products ``V (x) W`` where there are any: their factors by themselves act on nothing."""
    product = _mean_measured(record, f"V ⊗ W, {_HOYER}", first=first)
    return _mean_measured(record, _HOYER, first=first) if product is None else product


def _sparsity_gain(record: Record) -> float | None:
    at_end, at_start = _effective_sparsity(record), _effective_sparsity(record, first=True)
    return None if at_end is None or at_start is None else at_end - at_start


def _loss_gap(record: Record) -> float | None:
    test = record.final.test_loss
    return None if test is None else test - record.final.train_loss


def _log_epoch_seconds(record: Record) -> float | None:
    """Of the epochs after the first, which pays for what is done once.

    ``None`` where the clock did not move, or where others were trained at the same time in one stack.
    """
    if record.stacked is not None:
        return None
    seconds = [epoch.seconds for epoch in record.history]
    typical = median(seconds[1:] or seconds)
    return 100 * math.log(typical) if typical > 0 else None


_READERS: Final[Mapping[MetricName, Callable[[Record], float | None]]] = {
    "test_error": lambda record: record.final.test_error,
    "train_error": lambda record: record.final.train_error,
    "test_loss": lambda record: record.final.test_loss,
    "train_loss": lambda record: record.final.train_loss,
    "loss_gap": _loss_gap,
    "log_epoch_seconds": _log_epoch_seconds,
    "effective_sparsity": _effective_sparsity,
    "sparsity_gain": _sparsity_gain,
}


def amount(value: float, metric: MetricName) -> str:
    """A value with its unit: ``12.07 %``, ``0.612``."""
    return f"{_number(value, metric, '')} {METRICS[metric].unit}".rstrip()


def difference(value: float, metric: MetricName) -> str:
    """A difference of two values with its sign, without a unit."""
    return _number(value, metric, "+")


def with_unit(value: float, metric: MetricName) -> str:
    """A difference of two values with sign and unit: ``−0.40 points``."""
    return f"{difference(value, metric)} {METRICS[metric].difference}".rstrip()


def _number(value: float, metric: MetricName, sign: str) -> str:
    digits = METRICS[metric].digits
    # Adding 0.0 turns a rounded -0.0 into 0.0.
    return f"{round(value, digits) + 0.0:{sign}.{digits}f}".replace("-", "−")
