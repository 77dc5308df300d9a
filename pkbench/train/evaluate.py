"""Error and loss of a model on a whole part of the data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn import functional

from pkbench.data.dataset import Dataset, Part

EVALUATION_BATCH = 1000
"""Images a forward pass; sums are exact integers for the error, so it does not shape it."""


@torch.inference_mode()
def evaluate(logits_of: Callable[[Tensor], Tensor], data: Dataset, part: Part) -> tuple[float, float]:
    """``(loss in nats, error in per cent)``: means over ``part``, which must not be empty.

    ``logits_of`` gives float32 (B, classes) for normalised images (B, colours, H, W).
    """
    loss = torch.zeros((), dtype=torch.float64, device=part.labels.device)
    wrong = torch.zeros((), dtype=torch.int64, device=part.labels.device)
    for start in range(0, len(part.labels), EVALUATION_BATCH):
        labels = part.labels[start : start + EVALUATION_BATCH]
        logits = logits_of(data.to_input(part.images[start : start + EVALUATION_BATCH]))
        with _this_thread_alone():
            loss += functional.cross_entropy(logits, labels, reduction="sum")
            wrong += (logits.argmax(dim=1) != labels).sum()
    return loss.item() / len(part.labels), 100 * wrong.item() / len(part.labels)


@contextmanager
def _this_thread_alone() -> Iterator[None]:
    """While open, PyTorch's operations on the CPU use no other thread.

    What the engines' own threads leave to them is too little to share, and theirs look for more of it for ten milliseconds
    afterwards, on the processor that the next steps need.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
