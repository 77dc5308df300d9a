"""The loss and its gradient in one pass."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def cross_entropy(
    logits, labels, main, partners, share, losses, wrong, gradient,
    B, classes, of_run, of_image, of_class, smoothing,
    IMAGES: tl.constexpr, CLASSES: tl.constexpr,
):  # fmt: skip
    """Some images of a run: their losses' sum and how many are wrong, in (K, pieces of the batch), and the mean loss's ``gradient``.

    ``of_run`` and so on are strides of ``logits`` and of ``gradient``.
    """
    run, piece = tl.program_id(1).to(tl.int64), tl.program_id(0)
    b = piece * IMAGES + tl.arange(0, IMAGES)
    c = tl.arange(0, CLASSES)
    in_batch, in_classes = b < B, c < classes
    inside = in_batch[:, None] & in_classes[None, :]
    place = run * of_run + b[:, None] * of_image + c[None, :] * of_class
    z = tl.load(logits + place, mask=inside, other=float("-inf"))
    top = tl.where(in_batch, tl.max(z, 1), 0.0)
    powers = tl.exp(z - top[:, None])
    total = tl.where(in_batch, tl.sum(powers, 1), 1.0)
    label = tl.load(labels + run * B + b, mask=in_batch, other=0)
    target = tl.where(c[None, :] == label[:, None], 1.0, 0.0)
    if partners is not None:
        part = tl.load(share + run)
        partner = tl.load(partners + run * B + b, mask=in_batch, other=0)
        target = target * part + tl.where(c[None, :] == partner[:, None], 1.0 - part, 0.0)
    target = target * (1.0 - smoothing) + smoothing / classes
    # Beyond the classes, where the logits are minus infinity, there is no loss.
    logarithm = tl.where(inside, z - top[:, None] - tl.log(total)[:, None], 0.0)
    loss = -tl.sum(target * logarithm, 1)
    tl.store(gradient + place, (powers / total[:, None] - target) / B, mask=inside)
    expected = tl.load(main + run * B + b, mask=in_batch, other=0)
    missed = in_batch & (tl.argmax(z, 1) != expected)
    at = run * tl.num_programs(0) + piece
    tl.store(losses + at, tl.sum(tl.where(in_batch, loss, 0.0), 0))
    tl.store(wrong + at, tl.sum(missed.to(tl.int64), 0))
