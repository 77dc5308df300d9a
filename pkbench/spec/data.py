"""``[[data]]``: where images come from, how they are split and what shape they have.

``shape`` and ``classes`` are stated so that a spec can be planned without opening the data; loading checks
them. Paths are looked up beside the spec, then under ``$PKBENCH_DATA``; they are not part of a run's
identity, the bytes behind them are.

Whatever is not an image becomes one of height, width and colours: a text of S words is S x 1 with the E entries of
each word's vector as its colours, a recording T frames x 1 with F frequency bands as colours (or T x F in one colour).
With ``patch = 1`` a token is then a word or a frame.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pkbench.spec.base import FilePath, Name, Part, Seed, Size
from pkbench.spec.data_parts import Count, DataPart, ImagePart, ImageShape
from pkbench.spec.extension import ExtensionData

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

QUESTION_CLASSES, TONE_CLASSES = 6, 10
"""Classes of the generated questions and tones."""
TONE_SAMPLE_RATE = 8_000
"""Samples a second of the generated tones."""

Column = Annotated[int, Field(ge=1, le=10_000)]


class DigitsData(ImagePart):
    """Handwritten digits that ship with scikit-learn: 1,797 grey images of 8 x 8; no download."""

    source: Literal["digits"]
    """Where the images come from."""
    test_count: Count
    """Images held out as the test part, by class proportion."""


class TorchvisionData(ImagePart):
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


class ParquetData(ImagePart):
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


class NpzData(ImagePart):
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


class ImageFolderData(ImagePart):
    """Folders of image files, one sub-folder a class, classes numbered in alphabetical order."""

    source: Literal["imagefolder"]
    """Where the images come from."""
    train_path: FilePath
    """Folder with one sub-folder a class."""
    test_path: FilePath | None = None
    """The same for the test images; absent: give ``test_count``."""
    test_count: Count | None = None
    """Test images to cut from the training folder where ``test_path`` is absent."""


class WordsPart(DataPart):
    """What every source of text has."""

    shape: ImageShape
    """[S, 1, E]: the first S words of each text, E entries of each word's vector."""
    embedding_seed: Seed
    """Names the words' fixed random vectors: a word has the same one in every text and on every machine."""


class TextData(WordsPart):
    """Labelled lines of text; classes are numbered in alphabetical order of their labels in the training file."""

    source: Literal["text"]
    """Where the texts come from."""
    train_path: FilePath
    """File of the training texts."""
    test_path: FilePath | None = None
    """File of the test texts; absent: give ``test_count``."""
    test_count: Count | None = None
    """Test texts to cut from the training file where ``test_path`` is absent."""
    format: Literal["trec", "tsv"]
    """trec: a line is ``CLASS:detail text``, as TREC's questions are; tsv: columns between tabs, without quoting."""
    encoding: Literal["utf-8", "latin-1"]
    """Encoding of the files; TREC's training file is Latin-1."""
    header: bool = False
    """Whether the first line of a tsv file names its columns."""
    label_column: Column = 1
    """Column of a tsv file that holds the labels, counted from 1."""
    text_column: Column = 2
    """Column of a tsv file that holds the texts, counted from 1."""


class SoundPart(DataPart):
    """What every source of sound has."""

    shape: ImageShape
    """[T, 1, bands] or [T, bands, 1]: recordings are cut or filled with silence at their end to T frames."""
    window: Annotated[int, Field(ge=2, le=65_536)]
    """Samples of a frame, weighted by Hann's window."""
    hop: Annotated[int, Field(ge=1, le=65_536)]
    """Samples from the start of a frame to the start of the next."""
    bands: Size
    """Frequency bands, equally wide on the mel scale from 0 Hz to half the sampling rate."""


class AudioData(SoundPart):
    """A NumPy archive of mono recordings: all samples in one array, and where in it each recording starts and ends."""

    source: Literal["audio"]
    """Where the recordings come from."""
    path: FilePath
    """The .npz file."""
    sample_rate: Size
    """Samples a second."""
    samples: Name = "samples"
    """Key of the samples (integers or finite floats) of all recordings, one after the other."""
    offsets: Name = "offsets"
    """Key of N + 1 rising integers: recording i is samples[offsets[i]:offsets[i + 1]]."""
    labels: Name = "label"
    """Key of the N integer labels."""
    is_test: Name = "is_test"
    """Key of N booleans that mark the test recordings; not looked up where ``test_count`` is given."""
    test_count: Count | None = None
    """Test recordings to cut from all of them, for an archive that marks none."""


class GeneratedPart(Part):
    """What every generator has. What it makes is artificial: results on it say nothing about language or speech."""

    generator_seed: Seed
    """Names what is generated; an example depends on this and on its own number alone."""
    count: Count
    """Examples in all, classes in turn."""
    test_count: Count
    """Examples held out as the test part, by class proportion."""


class QuestionsData(GeneratedPart, WordsPart):
    """Generated questions of six classes, some with a negated clause of another class; no file."""

    source: Literal["generated:questions"]
    """Where the texts come from."""


class TonesData(GeneratedPart, SoundPart):
    """Generated recordings (8 kHz, 0.6 s) of ten two-syllable words of rising and falling tones in noise; no file."""

    source: Literal["generated:tones"]
    """Where the recordings come from."""


ImageData = DigitsData | TorchvisionData | ParquetData | NpzData | ImageFolderData
GeneratedData = QuestionsData | TonesData
AnyData = ImageData | TextData | AudioData | GeneratedData | ExtensionData
"""A data set of any source."""

Data = Annotated[AnyData, Field(discriminator="source")]
