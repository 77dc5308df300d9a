"""``[[data]]``: where images come from, how they are split and what shape they have.

``shape`` and ``classes`` are stated so that a spec can be planned without opening the data; loading checks
them. Paths are looked up beside the spec, then under ``$PKBENCH_DATA``; they are not part of a run's
identity, the bytes behind them are.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pkbench.spec.base import FilePath, Identifier, Name, Part, Seed, Size

TORCHVISION_SHAPES: dict[str, tuple[tuple[int, int, int], int]] = {
    "torchvision:CIFAR10": ((32, 32, 3), 10),
    "torchvision:CIFAR100": ((32, 32, 3), 100),
    "torchvision:STL10": ((96, 96, 3), 10),
    "torchvision:MNIST": ((28, 28, 1), 10),
    "torchvision:FashionMNIST": ((28, 28, 1), 10),
    "torchvision:SVHN": ((32, 32, 3), 10),
}
"""Native ``((height, width, colours), classes)`` of each torchvision source."""

TORCHVISION_TRAIN_IMAGES: dict[str, int] = {
    "torchvision:CIFAR10": 50_000,
    "torchvision:CIFAR100": 50_000,
    "torchvision:STL10": 5_000,
    "torchvision:MNIST": 60_000,
    "torchvision:FashionMNIST": 60_000,
    "torchvision:SVHN": 73_257,
}
"""Images of each torchvision source's training part, before any are held out."""

DIGITS_SHAPE = ((8, 8, 1), 10)
"""Native shape and classes of scikit-learn's handwritten digits."""
DIGITS_IMAGES = 1_797
"""All of them: the test part is cut from these."""


Count = Annotated[int, Field(ge=1, le=10_000_000)]


class DataPart(Part):
    """What every source has."""

    id: Identifier
    """Name of this data set in claims, profiles and reports."""
    shape: Annotated[tuple[Size, Size, Size], Field(strict=False)]
    """Height, width and colours of an image as the model sees it."""
    classes: Annotated[int, Field(ge=2, le=100_000)]
    """Number of classes; labels are 0 … classes-1."""
    validation_count: Annotated[int, Field(ge=0, le=10_000_000)]
    """Images held out of the training part, by class proportion, for choosing the learning rate."""
    split_seed: Seed
    """Seed of the split into training, validation and (where cut here) test part."""
    normalize: Literal["train-statistics", "none"]
    """Pixels are scaled to [0, 1]; train-statistics then subtracts the training part's mean per colour and divides by its deviation."""
    resize: Literal["bilinear"] | None = None
    """Resize images to ``shape``; without it they must have that shape."""


class DigitsData(DataPart):
    """Handwritten digits that ship with scikit-learn: 1,797 grey images of 8 x 8; no download."""

    source: Literal["digits"]
    """Where the images come from."""
    test_count: Count
    """Images held out as the test part, by class proportion."""


class TorchvisionData(DataPart):
    """A data set of torchvision's, fetched by ``pkbench data get`` and never inside a run."""

    source: Literal[
        "torchvision:CIFAR10",
        "torchvision:CIFAR100",
        "torchvision:STL10",
        "torchvision:MNIST",
        "torchvision:FashionMNIST",
        "torchvision:SVHN",
    ]
    """Where the images come from."""
    path: FilePath | None = None
    """Folder that holds (or will hold) the files; absent: the data folder, see ``pkbench data list``."""


class ParquetData(DataPart):
    """Parquet files with one encoded image and one integer label a row, as public hubs write them."""

    source: Literal["parquet"]
    """Where the images come from."""
    train_path: FilePath
    """File of the training images."""
    test_path: FilePath | None = None
    """File of the test images; absent: give ``test_count``."""
    test_count: Count | None = None
    """Test images to cut from the training file where ``test_path`` is absent."""
    image_column: Name = "image"
    """Column of encoded bytes, or of a struct with a ``bytes`` field."""
    label_column: Name = "label"
    """Column of integer labels."""


class NpzData(DataPart):
    """A NumPy archive: uint8 images ``(N, H, W)`` or ``(N, H, W, colours)`` and integer labels ``(N,)``."""

    source: Literal["npz"]
    """Where the images come from."""
    path: FilePath
    """The .npz file."""
    train_images: Name = "x_train"
    """Key of the training images."""
    train_labels: Name = "y_train"
    """Key of the training labels."""
    test_images: Name = "x_test"
    """Key of the test images; not looked up where ``test_count`` is given."""
    test_labels: Name = "y_test"
    """Key of the test labels; not looked up where ``test_count`` is given."""
    test_count: Count | None = None
    """Test images to cut from the training arrays, for an archive without a test part."""


class ImageFolderData(DataPart):
    """Folders of image files, one sub-folder a class, classes numbered in alphabetical order."""

    source: Literal["imagefolder"]
    """Where the images come from."""
    train_path: FilePath
    """Folder with one sub-folder a class."""
    test_path: FilePath | None = None
    """The same for the test images; absent: give ``test_count``."""
    test_count: Count | None = None
    """Test images to cut from the training folder where ``test_path`` is absent."""


Data = Annotated[DigitsData | TorchvisionData | ParquetData | NpzData | ImageFolderData, Field(discriminator="source")]
