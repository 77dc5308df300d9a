"""What a test part of so many images can tell apart, and what it says about other images.

Seeds vary the training, not the test images: a difference that every seed shows can still be that of a few
images. These checks only ever hold back or qualify a decision.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from pkbench.claims.groups import Group
from pkbench.claims.selection import record_of
from pkbench.claims.statistics import TTest, mean
from pkbench.spec.claim import AnyPair
from pkbench.store.record import Record

_NOISE = 1e-9
"""Relative rounding error of a mean: a whole image up to this is an image."""

_NORMAL_975 = 1.96


def image_count(group: Group, records: Mapping[str, Record]) -> int | None:
    """Images of the test part, as the runs of ``group`` recorded them; ``None`` where none did."""
    for run in group.runs:
        record = record_of(run, records)
        if record is not None and record.data is not None:
            return record.data.test
    return None


def too_fine(test: TTest | None, claim: AnyPair, images: int | None) -> tuple[str, ...]:
    """Why a difference below one test image is no decision, where the test alone would make it one."""
    if images is None or test is None or not decides(test, claim.alpha):
        return ()
    step = 100 / images
    if is_visible(claim.distance(test.effect), images):
        return ()
    size = f"({images:,} images, {step:.2g} points each)"
    if claim.margin:
        return (f"the difference lies within one test image of the claimed margin {size}",)
    return (f"the difference is smaller than one test image {size}",)


def other_images_note(
    test: TTest | None, claim: AnyPair, a: Sequence[float], b: Sequence[float], images: int | None
) -> tuple[str, ...]:
    """A warning where another draw of test images could undo what these show; ``a`` and ``b`` are errors in per cent.

    For each image let D be the difference of the two models' error rates over seeds. ``Var(D) <= E|D| <=`` the sum
    of both error rates, so the difference over ``N`` images has a standard error of at most
    ``sqrt((error_a + error_b) / N)``. It is a bound: the true one is smaller where both models err on the same images.
    """
    if images is None or test is None or not decides(test, claim.alpha):
        return ()
    bound = 100 * math.sqrt((mean(a) + mean(b)) / 100 / images)
    if abs(claim.distance(test.effect)) >= _NORMAL_975 * bound:
        return ()
    return (
        f"the seeds speak about these {images:,} test images: for other images of the same kind the choice of images alone "
        f"moves the difference by up to {bound:.2f} points (standard error, upper bound), so it need not hold there",
    )


def decides(test: TTest, alpha: float) -> bool:
    """Whether the uncorrected test falls on one side."""
    return min(test.p_for, test.p_against) <= alpha


def is_visible(distance: float, images: int) -> bool:
    """Whether a difference of errors (points) is one of at least one of ``images`` test images."""
    return abs(distance) > 100 / images * (1 - _NOISE)
