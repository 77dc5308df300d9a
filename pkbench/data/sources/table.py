"""Which source reads what."""

from __future__ import annotations

from pathlib import Path

from pkbench.data.raw import RawImages, check_classes, shape_text
from pkbench.errors import DataError
from pkbench.spec.data import (
    QUESTION_CLASSES,
    TONE_CLASSES,
    AnyData,
    AudioData,
    DigitsData,
    GeneratedData,
    ImageFolderData,
    NpzData,
    ParquetData,
    QuestionsData,
    SoundPart,
    TextData,
    TonesData,
    TorchvisionData,
    WordsPart,
)
from pkbench.spec.extension import ExtensionData


def read(data: AnyData, base: Path) -> RawImages:
    """All images and labels of ``data``, checked against what its spec states, not yet split.

    Args:
        data: the data set.
        base: folder of the spec, where relative paths begin.

    Raises:
        DataError: it is missing, damaged or not what the spec states.
    """
    raw = _read(data, base)
    check_classes(raw.train_labels, data.classes, data.id)
    return raw


def _read(data: AnyData, base: Path) -> RawImages:
    """Hand ``data`` to its source; each is imported only when used, because each brings a large library."""
    match data:
        case DigitsData():
            from pkbench.data.sources import digits

            return digits.read(data)
        case TorchvisionData():
            from pkbench.data.sources import torchvision_sets

            return torchvision_sets.read(data, base)
        case NpzData():
            from pkbench.data.sources import npz

            return npz.read(data, base)
        case ParquetData():
            _check_test_part(data)
            _check_colours(data)
            from pkbench.data.sources import parquet

            return parquet.read(data, base)
        case ImageFolderData():
            _check_test_part(data)
            _check_colours(data)
            from pkbench.data.sources import imagefolder

            return imagefolder.read(data, base)
        case _:
            return _read_others(data, base)


def _read_others(data: TextData | AudioData | GeneratedData | ExtensionData, base: Path) -> RawImages:
    """The same for texts, recordings and what an extension has."""
    match data:
        case TextData():
            _check_test_part(data)
            _check_word_shape(data)
            from pkbench.data.sources import text

            return text.read(data, base)
        case AudioData():
            _check_sound_shape(data)
            from pkbench.data.sources import audio

            return audio.read(data, base)
        case QuestionsData():
            _check_word_shape(data)
            _check_generated_classes(data, QUESTION_CLASSES)
            from pkbench.data.sources import questions

            return questions.read(data)
        case TonesData():
            _check_sound_shape(data)
            _check_generated_classes(data, TONE_CLASSES)
            from pkbench.data.sources import tones

            return tones.read(data)
        case ExtensionData():
            from pkbench.data.sources import extension

            return extension.read(data, base)


def _check_test_part(data: ParquetData | ImageFolderData | TextData) -> None:
    """Check that the spec says in exactly one way where test images come from."""
    if (data.test_path is None) == (data.test_count is None):
        raise DataError(
            f"data set {data.id} has {'neither test_path nor' if data.test_path is None else 'both test_path and'} test_count",
            constraint="test images come from a place of their own or out of the training part",
            remedy="give exactly one of the two",
        )


def _check_colours(data: ParquetData | ImageFolderData) -> None:
    """Check that images can be decoded."""
    if data.shape[2] not in (1, 3):
        raise DataError(
            f"data set {data.id}: shape states {data.shape[2]} colours",
            constraint="encoded images have 1 (grey) or 3 (RGB)",
            remedy="correct shape in the spec",
        )


def _check_word_shape(data: WordsPart) -> None:
    """Check that the shape is that of texts."""
    if data.shape[1] != 1:
        raise DataError(
            f"data set {data.id}: shape states a width of {data.shape[1]}",
            constraint="texts have shape [S, 1, E], of S words and E entries of each word's vector",
            remedy="correct shape in the spec",
        )


def _check_sound_shape(data: SoundPart) -> None:
    """Check that the shape is that of spectrograms with the bands that the spec states."""
    if data.shape[1:] not in ((1, data.bands), (data.bands, 1)):
        raise DataError(
            f"data set {data.id}: shape states {shape_text(data.shape)}",
            constraint=f"with {data.bands} bands, T frames have shape [T, 1, {data.bands}] or [T, {data.bands}, 1]",
            remedy="correct shape or bands in the spec",
        )


def _check_generated_classes(data: GeneratedData, classes: int) -> None:
    """Check that the classes are those that are generated."""
    if data.classes != classes:
        raise DataError(
            f"data set {data.id}: classes is {data.classes}",
            constraint=f"{data.source} has {classes}",
            remedy="correct classes in the spec",
        )
