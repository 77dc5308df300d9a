"""The loss of mixed images is cross-entropy with soft targets, and errors count against the larger label."""

import pytest
import torch
from torch.nn import functional

from pkbench.data.mixing import Mixed, unmixed
from pkbench.train.loss import count_wrong, training_loss

GENERATOR = torch.Generator().manual_seed(0)
LOGITS = torch.randn(6, 5, generator=GENERATOR, dtype=torch.float64)
LABELS = torch.tensor([0, 1, 2, 3, 4, 4])


def mixed(share: float) -> Mixed:
    return Mixed(torch.zeros(6, 1, 2, 2), LABELS, LABELS.flip(0), share)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_it_is_cross_entropy_with_soft_targets_written_out(share: float, smoothing: float) -> None:
    logits = LOGITS.clone().requires_grad_()
    loss = training_loss(logits, mixed(share), smoothing)
    loss.backward()
    total = 0.0
    gradient = torch.zeros_like(LOGITS)
    for row in range(6):
        target = torch.full((5,), smoothing / 5, dtype=torch.float64)
        target[LABELS[row]] += (1 - smoothing) * share
        target[LABELS[5 - row]] += (1 - smoothing) * (1 - share)
        probabilities = LOGITS[row].exp() / LOGITS[row].exp().sum()
        total -= float((target * probabilities.log()).sum()) / 6
        gradient[row] = (probabilities - target) / 6
    assert loss.item() == pytest.approx(total, rel=1e-12)
    torch.testing.assert_close(logits.grad, gradient, rtol=1e-10, atol=1e-12)


def test_without_mixing_it_is_the_plain_loss_to_the_bit() -> None:
    batch = unmixed(torch.zeros(6, 1, 2, 2), LABELS)
    expected = functional.cross_entropy(LOGITS, LABELS, label_smoothing=0.1)
    assert torch.equal(training_loss(LOGITS, batch, 0.1), expected)


def test_wrong_is_what_misses_the_label_with_the_larger_share() -> None:
    perfect = torch.eye(5)[LABELS]
    assert int(count_wrong(perfect, mixed(0.6))) == 0
    # Rows 2 and 3 are mixed with each other, 0 with 5 and 1 with 4: no pair has one label.
    assert int(count_wrong(perfect, mixed(0.4))) == 6
    assert int(count_wrong(torch.eye(5)[LABELS.flip(0)], mixed(0.4))) == 0
