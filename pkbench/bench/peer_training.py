"""The training loop around a peer's model, as people write it: autocast, AdamW, optionally ``torch.compile``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import torch
from torch import nn
from torch.nn import functional

from pkbench.bench.images import LoaderFeed, ResidentFeed
from pkbench.bench.variant import Label, UnavailableError
from pkbench.train.engines.precision import float32_products, rounded

LEARNING_RATE: Final = 1e-3
WEIGHT_DECAY: Final = 0.05


class PeerTraining:
    """Trains ``model`` on ``feed``; see :class:`pkbench.bench.variant.Training`.

    ``fused`` chooses AdamW's fused kernel; without it the optimizer is what ``torch.optim.AdamW(model.parameters())`` gives.
    """

    def __init__(
        self, model: nn.Module, feed: ResidentFeed | LoaderFeed, device: torch.device, label: Label, *, fused: bool
    ) -> None:
        self._feed = feed
        self._device = device
        self._precision = label.precision
        model = model.to(device).train()
        self._optimizer = torch.optim.AdamW(
            model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=fused or None
        )
        self._counter = GraphCounter()
        self._model = self._counter.compile(model) if label.compiled else model

    def data(self) -> None:
        """As :meth:`Training.data`."""
        self._feed.next()

    def step(self) -> None:
        """As :meth:`Training.step`."""
        inputs, labels = self._feed.next()
        self._optimizer.zero_grad(set_to_none=True)
        with float32_products(self._precision, self._device):
            with rounded(self._precision, self._device):
                logits = self._model(inputs)
            functional.cross_entropy(logits.float(), labels).backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()

    def evaluate(self) -> None:
        """As :meth:`Training.evaluate`."""
        self._model.eval()
        wrong = torch.zeros((), dtype=torch.int64, device=self._device)
        exact, half = float32_products(self._precision, self._device), rounded(self._precision, self._device)
        with torch.no_grad(), exact, half:
            for inputs, labels in self._feed.test():
                wrong += (self._model(inputs).argmax(dim=1) != labels).sum()
        wrong.item()
        self._model.train()

    def held(self) -> int:
        """As :meth:`Training.held`: PyTorch allocates for every step anew."""
        return 0

    def graphs(self) -> int:
        """As :meth:`Training.graphs`."""
        return self._counter.graphs

    def close(self) -> None:
        """As :meth:`Training.close`."""
        self._feed.close()


class GraphCounter:
    """Counts the graphs that ``torch.compile`` makes of one model: training, evaluation, and every recompilation.

    Dynamo stops compiling a function that it has compiled too often and runs it eagerly, without a word: a count says
    whether that can have happened.
    """

    def __init__(self) -> None:
        self.graphs = 0

    def compile(self, model: Callable[..., Any]) -> Any:
        """``torch.compile(model)``, of a module or a function, with its default backend.

        Raises:
            UnavailableError: there is no such backend here.
        """
        from torch._dynamo.backends.registry import lookup_backend

        try:
            inductor: Callable[..., Any] = lookup_backend("inductor")
        except Exception as error:
            raise UnavailableError(f"torch.compile is not available: {type(error).__name__}") from error

        def counted(graph: torch.fx.GraphModule, examples: list[torch.Tensor]) -> Any:
            self.graphs += 1
            return inductor(graph, examples)

        return torch.compile(model, backend=counted)
