"""The training loss, of mixed images too, and what counts as wrong."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from pkbench.data.mixing import Mixed


def training_loss(logits: Tensor, batch: Mixed, label_smoothing: float) -> Tensor:
    """Mean cross-entropy in nats of ``logits`` (B, classes) with the soft targets of ``batch``.

    The target is ``share`` of the own label's and the rest of the partner's distribution; cross-entropy is linear in the
    target, so this is the same mixture of two losses, and no (B, classes) target is made.
    """
    own = functional.cross_entropy(logits, batch.labels, label_smoothing=label_smoothing)
    if batch.share == 1:
        return own
    other = functional.cross_entropy(logits, batch.partners, label_smoothing=label_smoothing)
    return batch.share * own + (1 - batch.share) * other


def count_wrong(logits: Tensor, batch: Mixed) -> Tensor:
    """How many of ``logits`` (B, classes) have their largest entry elsewhere than at the label with the larger share."""
    return (logits.argmax(dim=1) != batch.main_labels).sum()
