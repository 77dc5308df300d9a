"""What the tables of different sources of data have in common."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from pkbench.spec.base import Identifier, Part, Seed, Size

LABELS = frozenset({"id", "path", "train_path", "test_path"})
"""Fields that name a data set or say where it lies: the bytes behind them are part of a run's identity, they are not."""

Count = Annotated[int, Field(ge=1, le=10_000_000)]
ImageShape = Annotated[tuple[Size, Size, Size], Field(strict=False)]


class DataPart(Part):
    """What every source has."""

    id: Identifier
    """Name of this data set in claims, profiles and reports."""
    shape: ImageShape
    """Height, width and colours of an image as the model sees it."""
    classes: Annotated[int, Field(ge=2, le=100_000)]
    """Number of classes; labels are 0 … classes-1."""
    validation_count: Annotated[int, Field(ge=0, le=10_000_000)]
    """Images held out of the training part, by class proportion, for choosing the learning rate."""
    split_seed: Seed
    """Seed of the split into training, validation and (where cut here) test part."""
    normalize: Literal["train-statistics", "none"]
    """Pixels are scaled to [0, 1]; train-statistics then subtracts the training part's mean per colour and divides by its deviation."""

    def identity(self) -> dict[str, Any]:
        """What of this table determines a result, as JSON values: names and places left out."""
        return self.model_dump(mode="json", exclude=set(LABELS))


class ImagePart(DataPart):
    """What every source of images has."""

    resize: Literal["bilinear"] | None = None
    """Resize images to ``shape``; without it they must have that shape."""
