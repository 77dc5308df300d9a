"""Making the engine of a run; :mod:`pkbench.plan.engine` says which may be."""

from __future__ import annotations

import torch
from torch import nn

from pkbench.errors import UsageError
from pkbench.models.mixers import Mixer
from pkbench.native.library import UnavailableError
from pkbench.plan.engine import AUTO, candidates
from pkbench.plan.run import Run
from pkbench.plan.stack import STACKING
from pkbench.spec.train import Train
from pkbench.train.engines.base import Engine
from pkbench.train.engines.batch_last.engine import BatchLastEngine
from pkbench.train.engines.native import NativeEngine
from pkbench.train.engines.precision import check_arithmetic
from pkbench.train.engines.reference import ReferenceEngine


def make_engine(wanted: str, run: Run, model: nn.Module, device: torch.device, parts: int | None = 1) -> Engine:
    """The engine called ``wanted`` for ``run``, or with ``auto`` the best that is to be had here.

    Batches are computed in ``parts``, or in as many as memory demands (``None``), where the engine can do that.

    Raises:
        UsageError: the engine that is wanted cannot compute the run, or is not to be had here.
    """
    reason = "it is not for such a run"
    for name in candidates(wanted, run, device.type):
        try:
            return engine_called(name, model, run.train, run.lr, image_of(run), device, parts)
        except UnavailableError as error:
            reason = str(error)
    raise UsageError(f"engine {wanted} cannot compute {run.label}: {reason}", remedy=f"leave it to --engine {AUTO}")


def engine_called(
    name: str,
    model: nn.Module,
    recipe: Train,
    lr: float,
    image: tuple[int, int, int],
    device: torch.device,
    parts: int | None = 1,
) -> Engine:
    """The engine called ``name`` for a model and recipe that it can have; ``image`` is (colours, height, width).

    ``parts`` are as in :func:`make_engine`.

    Raises:
        UnavailableError: it is not to be had here.
        TypeError: it does not know such a model.
    """
    check_arithmetic(recipe.precision, device)
    if name == "reference":
        return ReferenceEngine(model, recipe, lr, device, parts)
    if not isinstance(model, Mixer):
        raise TypeError(f"engine {name} knows Mixers, not a {type(model).__name__}")
    if name in STACKING:
        return stacking_engine(name)(model, recipe, image, device)
    return NativeEngine(model, recipe, image)


def image_of(run: Run) -> tuple[int, int, int]:
    """(colours, height, width) of the run's images."""
    height, width, colours = run.data.shape
    return colours, height, width


def stacking_engine(name: str) -> type[BatchLastEngine]:
    """The engine called ``name``, one of those that compute stacks.

    Raises:
        UnavailableError: it is not to be had here.
    """
    if name != "fused":
        return BatchLastEngine
    # Its kernels are compiled by Triton, which PyTorch brings along where there is one for the system.
    try:
        from pkbench.train.engines.fused.engine import FusedEngine
    except ImportError as error:
        raise UnavailableError(f"it needs Triton: {error}") from error
    return FusedEngine
