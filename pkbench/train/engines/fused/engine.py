"""The engine of CUDA GPUs: stacks whose passes are :class:`FusedMixer`'s."""

from __future__ import annotations

from pkbench.train.engines.batch_last.engine import BatchLastEngine
from pkbench.train.engines.batch_last.stack import Arithmetic
from pkbench.train.engines.fused.loss import cross_entropy
from pkbench.train.engines.fused.network import FusedMixer
from pkbench.train.engines.fused.optimize import optimize

IN_KERNELS = Arithmetic(FusedMixer, cross_entropy, optimize)


class FusedEngine(BatchLastEngine):
    """See :class:`pkbench.train.engines.base.Engine`; as :class:`BatchLastEngine` otherwise."""

    name = "fused"
    arithmetic = IN_KERNELS
