"""``[recipe.*]``: parts of the recipe that single models have of their own, as methods from other papers need."""

from __future__ import annotations

from pkbench.spec.base import Part, Size
from pkbench.spec.train import Augment, Optimizer, Schedule


class Recipe(Part):
    """What models with ``recipe = "<name>"`` have instead of the same tables and values of ``[train]``."""

    epochs: Size | None = None
    """Passes over the training part."""
    batch_size: Size | None = None
    """Images a step."""
    optimizer: Optimizer | None = None
    """The optimizer and its settings."""
    schedule: Schedule | None = None
    """The learning rate over time."""
    augment: Augment | None = None
    """Changes of training images."""
