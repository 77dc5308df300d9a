"""The engine of CUDA GPUs: stacks whose passes are :class:`FusedMixer`'s."""

from __future__ import annotations

from pkbench.train.engines.batch_last.engine import BatchLastEngine
from pkbench.train.engines.fused.network import FusedMixer


class FusedEngine(BatchLastEngine):
    """See :class:`pkbench.train.engines.base.Engine`; as :class:`BatchLastEngine` otherwise."""

    name = "fused"
    network = FusedMixer
