"""What a claim compares, and what a family of models is laid out along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

MetricName = Literal[
    "test_error",
    "train_error",
    "test_loss",
    "train_loss",
    "loss_gap",
    "log_epoch_seconds",
    "largest_singular_value",
    "gradient_norm",
    "weight_sparsity",
    "effective_sparsity",
    "sparsity_gain",
    "degree_distance",
    "cka",
]
XName = Literal[
    "width",
    "m",
    "m/m_max",
    "S",
    "C",
    "C/S",
    "depth",
    "gamma",
    "gamma_S/gamma_C",
    "p",
    "1/p",
    "omega",
    "connections",
    "parameters",
    "patch",
]
"""A size of a model: width is gamma*m, m_max the largest m of a Mixer with as many connections (eq. 15), the rest the paper's letters."""


MEASURED_SWITCHES: Final[dict[MetricName, str]] = {
    "largest_singular_value": "spectrum",
    "gradient_norm": "gradients",
    "weight_sparsity": "sparsity",
    "effective_sparsity": "sparsity",
    "sparsity_gain": "sparsity",
    "degree_distance": "degrees",
}
"""The field of ``[train.probe]`` without which a metric is not measured."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One number of a finished run (or, for CKA, of a pair of runs).

    Attributes:
        meaning: what it is, in words.
        unit: of a value; empty for a plain number.
        difference: unit of a difference.
        digits: decimals that are shown.
    """

    meaning: str
    unit: str
    difference: str
    digits: int


def noun(metric: MetricName) -> str:
    """A metric's name in a sentence."""
    return "CKA" if metric == "cka" else metric.replace("_", " ")


METRICS: Final[dict[MetricName, Metric]] = {
    "test_error": Metric("test error of the final epoch", "%", "points", 2),
    "train_error": Metric("training error of the final epoch, augmentation included", "%", "points", 2),
    "test_loss": Metric("test loss of the final epoch", "nats", "nats", 3),
    "train_loss": Metric("training loss of the final epoch, augmentation and smoothing included", "nats", "nats", 3),
    "loss_gap": Metric("test loss minus training loss of the final epoch", "nats", "nats", 3),
    # A difference of d is a ratio of exp(d / 100): about d per cent where d is small.
    "log_epoch_seconds": Metric(
        "100 times the natural logarithm of the median seconds of an epoch", "", "hundredths of a log", 1
    ),
    "largest_singular_value": Metric("largest singular value at the end, mean over layers", "", "", 3),
    "gradient_norm": Metric("norm of the gradient at the end, mean over blocks", "", "", 4),
    "weight_sparsity": Metric("share of nearly-zero weights at the end, mean over layers", "", "", 4),
    "effective_sparsity": Metric(
        "Hoyer sparsity at the end, of V ⊗ W where it is the matrix and else of the layer's weights, mean over them",
        "",
        "",
        4,
    ),
    "sparsity_gain": Metric("the same less that at initialisation", "", "", 4),
    "degree_distance": Metric(
        "Kolmogorov-Smirnov distance of row degrees from a binomial law, mean over layers", "", "", 3
    ),
    "cka": Metric("mean CKA of blocks of the same depth", "", "", 3),
}
"""Every metric by its name in a spec."""
