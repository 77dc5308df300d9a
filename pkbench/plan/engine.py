"""Which engine computes a run: the one place that decides.

Engines of a precision compute the same mathematics and differ by rounding alone, so the choice is no part of a run's identity;
its record says which it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType

from pkbench.errors import UsageError
from pkbench.plan.run import Run
from pkbench.spec.mixer import MlpMixer, SMixer
from pkbench.spec.other_models import SFc
from pkbench.spec.train import BetaLasso

ENGINES = ("native", "fused", "batch-last", "reference")
"""By name. native: Mixers on a CPU, in C. fused: Mixers on a CUDA GPU, images innermost, several runs at once, with
kernels written in Triton. batch-last: the same on any device, in PyTorch alone. reference: the module as it is written, for every
run."""

_PREFERRED: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {"cpu": ("native", "reference"), "cuda": ("fused", "batch-last", "reference")}
)
"""What is tried without a wish on a kind of device, in this order, each faster than the next for a run alone; elsewhere the reference."""

FEWEST_IMAGES = 8
"""Images of a batch for each thread from which the native engine pays: it computes as many at once, and with fewer it computes zeros."""

AUTO = "auto"

DIVIDING = "reference"
"""The engine that can compute a batch in parts. The native one works in slices of at most 64 images whatever the memory."""


def candidates(wanted: str, run: Run, device: str) -> tuple[str, ...]:
    """The engines that may compute ``run`` on a kind of device (``cpu``, ``cuda``, ...), by preference.

    Whether one of them is to be had on this machine, the native one without a compiler for instance, shows when it is made.
    """
    names = _PREFERRED.get(device, (DIVIDING,)) if wanted == AUTO else (wanted,)
    if wanted == AUTO and run.train.batch_size < FEWEST_IMAGES * run.train.cpu_threads:
        names = tuple(name for name in names if name != "native")
    return tuple(name for name in names if obstacle(name, run, device) is None)


def obstacle(name: str, run: Run, device: str) -> str | None:
    """Why the engine called ``name`` cannot compute ``run`` on a kind of device, ``None`` where it can."""
    return _OBSTACLES[name](run, device)


def check_engine(wanted: str, runs: Sequence[Run], device: str) -> None:
    """Accept ``wanted``, a name of :data:`ENGINES` or ``auto``, for all of ``runs``.

    Raises:
        UsageError: there is no such engine, or it cannot compute one of the runs.
    """
    if wanted not in (AUTO, *ENGINES):
        raise UsageError(
            f"--engine {wanted} is no engine", constraint=" or ".join((AUTO, *ENGINES)), remedy=f"try --engine {AUTO}"
        )
    for run in runs:
        reason = None if wanted == AUTO else obstacle(wanted, run, device)
        if reason is not None:
            raise UsageError(
                f"--engine {wanted} cannot compute {run.label}: {reason}",
                remedy=f"choose runs with --only, or leave it to --engine {AUTO}",
            )


def engine_for_parts(wanted: str, parts: int | None) -> str:
    """The engine to ask for so that batches are computed in ``parts`` (``None``: as many as memory demands, where it can).

    Raises:
        UsageError: the engine that is wanted computes batches whole.
    """
    if parts is None or parts == 1:
        return wanted
    if wanted not in (AUTO, DIVIDING):
        raise UsageError(
            f"--accumulate {parts} with --engine {wanted}",
            constraint=f"only engine {DIVIDING} computes a batch in parts",
            remedy=f"leave out one of the two, or write --engine {DIVIDING}",
        )
    return DIVIDING


def check_parts(parts: int | None, runs: Sequence[Run]) -> None:
    """Accept ``parts`` of a batch for all of ``runs``; with ``None`` those that cannot be divided are computed whole.

    Raises:
        UsageError: one of them normalises over a batch, and would be another model on a part of it.
    """
    if parts is None or parts == 1:
        return
    for run in runs:
        if isinstance(run.model, SFc):
            raise UsageError(
                f"--accumulate {parts} cannot compute {run.label}",
                constraint=f"a model of kind {run.model.kind} normalises over a batch: on parts of it, it is another one",
                remedy="choose runs with --only, or leave --accumulate out",
            )


def check_precision(runs: Sequence[Run], device: str) -> None:
    """Accept ``runs`` for a kind of device (``cpu``, ``cuda``, ...) by their precision.

    Raises:
        UsageError: there is no such arithmetic on it.
    """
    for run in runs:
        reason = precision_obstacle(run, device)
        if reason is not None:
            raise UsageError(
                f"{run.label} cannot be computed on {device}: {reason}",
                remedy='run it on such a GPU, or write precision = "fp32", which is another run',
            )


def precision_obstacle(run: Run, device: str) -> str | None:
    """Why no engine can compute ``run`` on a kind of device in its precision, ``None`` where one can."""
    return "precision tf32 is for CUDA GPUs" if run.train.precision == "tf32" and device != "cuda" else None


def _native(run: Run, device: str) -> str | None:
    if device != "cpu":
        return "it is for CPUs"
    if run.train.stochastic_depth is not None:
        return "it has no stochastic depth"
    return _batch_last(run, device)


def _fused(run: Run, device: str) -> str | None:
    if device != "cuda":
        return "it is for CUDA GPUs"
    return _batch_last(run, device)


def _batch_last(run: Run, device: str) -> str | None:
    reason = precision_obstacle(run, device)
    if reason is not None:
        return reason
    if not isinstance(run.model, MlpMixer | SMixer):
        return f"it knows Mixers only, not a model of kind {run.model.kind}"
    if isinstance(run.train.optimizer, BetaLasso):
        return f"it has no optimizer {run.train.optimizer.kind}"
    return None


_OBSTACLES: MappingProxyType[str, Callable[[Run, str], str | None]] = MappingProxyType(
    {"native": _native, "fused": _fused, "batch-last": _batch_last, "reference": precision_obstacle}
)
