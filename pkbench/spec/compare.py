"""``[[compare]]``: trained models held against each other."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pkbench.spec.base import Identifier, Part, Seed, Size, Text

Batch = Annotated[int, Field(ge=4, le=100_000)]


class Compare(Part):
    """Mini-batch CKA of the features of two trained models on test images (Nguyen et al. 2021, eq. 2-3; Fig. 2).

    Two models are compared at each seed. A model with itself is compared at disjoint pairs of seeds, first with
    second, third with fourth: what similarity between runs of one model means.
    """

    id: Identifier
    """Name of the comparison."""
    kind: Literal["cka"]
    """cka: similarity of the features just before each skip, every mixing block of a with every one of b."""
    statement: Text
    """What is compared and why, in plain words."""
    a: Identifier
    """A model's id."""
    b: Identifier
    """A model's id; the same as a: other seeds of it."""
    batch: Batch
    """Images a mini-batch (256 in the paper's source); the last, smaller one is left out."""
    passes: Size
    """Passes over the test images, each in another order (10 in the paper's source)."""
    seed: Seed
    """Seed of these orders."""
