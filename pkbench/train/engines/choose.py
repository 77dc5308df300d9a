"""Making the engine of a run; :mod:`pkbench.plan.engine` says which may be."""

from __future__ import annotations

import torch
from torch import nn

from pkbench.errors import UsageError
from pkbench.models.mixers import Mixer
from pkbench.plan.engine import AUTO, candidates
from pkbench.plan.run import Run
from pkbench.train.engines.base import Engine
from pkbench.train.engines.reference import ReferenceEngine


def make_engine(wanted: str, run: Run, model: nn.Module, device: torch.device) -> Engine:
    """The engine called ``wanted`` for ``run``, or with ``auto`` the best that is to be had here.

    Raises:
        UsageError: the engine that is wanted cannot compute the run, or is not to be had here.
    """
    reason = "it is not for such a run"
    for name in candidates(wanted, run, device.type):
        if name == "reference":
            return ReferenceEngine(model, run.train, run.lr, device)
        made = _batch_last(run, model, device) if name == "batch-last" else _native(run, model)
        if not isinstance(made, str):
            return made
        reason = made
    raise UsageError(f"engine {wanted} cannot compute {run.label}: {reason}", remedy=f"leave it to --engine {AUTO}")


def _native(run: Run, model: nn.Module) -> Engine | str:
    """The native engine, or why there is none here."""
    # Imported here: it looks for a compiler, which other runs have no use for.
    from pkbench.native.library import UnavailableError
    from pkbench.train.engines.native import NativeEngine

    try:
        return NativeEngine(_mixer(model), run.train, run.lr, image_of(run))
    except UnavailableError as error:
        return str(error)


def _batch_last(run: Run, model: nn.Module, device: torch.device) -> Engine:
    from pkbench.train.engines.batch_last.engine import BatchLastEngine

    return BatchLastEngine(_mixer(model), run.train, run.lr, image_of(run), device)


def image_of(run: Run) -> tuple[int, int, int]:
    """(colours, height, width) of the run's images."""
    height, width, colours = run.data.shape
    return colours, height, width


def _mixer(model: nn.Module) -> Mixer:
    if not isinstance(model, Mixer):
        raise TypeError(f"{type(model).__name__} is no Mixer")
    return model
