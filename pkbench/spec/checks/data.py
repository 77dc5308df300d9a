"""Checks of the data sets: against what is known of their sources without opening them."""

from __future__ import annotations

from collections.abc import Iterator

from pkbench.errors import Fault
from pkbench.spec.checks.extensions import extension_faults
from pkbench.spec.data import (
    DIGITS_IMAGES,
    DIGITS_SHAPE,
    QUESTION_CLASSES,
    TONE_CLASSES,
    TONE_SAMPLE_RATE,
    TORCHVISION_SHAPES,
    TORCHVISION_TRAIN_IMAGES,
    AnyData,
    AudioData,
    DigitsData,
    ImageData,
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
from pkbench.spec.parts import Parts
from pkbench.spec.positions import Loc


def check_data(parts: Parts, index: int) -> Iterator[Fault]:
    """Faults of the data set at ``index``."""
    data = parts.data[index]
    loc: Loc = ("data", index)
    match data:
        case DigitsData():
            yield from _check_shape(parts, loc, data, *DIGITS_SHAPE)
        case TorchvisionData():
            yield from _check_shape(parts, loc, data, *TORCHVISION_SHAPES[data.source])
        case ParquetData() | ImageFolderData():
            yield from _check_test_part(parts, loc, data)
        case NpzData():
            yield from _check_not_looked_up(parts, loc, data, {"test_images", "test_labels"})
        case TextData():
            yield from _check_test_part(parts, loc, data)
            yield from _check_columns(parts, loc, data)
            yield from _check_words(parts, loc, data)
        case AudioData():
            yield from _check_not_looked_up(parts, loc, data, {"is_test"})
            yield from _check_sound(parts, loc, data, data.sample_rate)
        case QuestionsData():
            yield from _check_classes(parts, loc, data, QUESTION_CLASSES)
            yield from _check_words(parts, loc, data)
        case TonesData():
            yield from _check_classes(parts, loc, data, TONE_CLASSES)
            yield from _check_sound(parts, loc, data, TONE_SAMPLE_RATE)
        case ExtensionData():
            yield from extension_faults(parts, loc, data)
    yield from _check_counts(parts, loc, data)


def training_images(data: AnyData) -> int | None:
    """Images of ``data`` that are trained on; ``None`` where only the files can tell."""
    if isinstance(data, DigitsData):
        return DIGITS_IMAGES - data.test_count - data.validation_count
    if isinstance(data, TorchvisionData):
        return TORCHVISION_TRAIN_IMAGES[data.source] - data.validation_count
    if isinstance(data, QuestionsData | TonesData):
        return data.count - data.test_count - data.validation_count
    return None


def test_images(data: AnyData) -> int | None:
    """Images of ``data`` that are tested on; ``None`` where only the files can tell."""
    return None if isinstance(data, TorchvisionData) else data.test_count


def _check_shape(parts: Parts, loc: Loc, data: ImageData, shape: tuple[int, int, int], classes: int) -> Iterator[Fault]:
    native = f"{data.source} has images of {_size(shape)} in {_colours(shape[2])}"
    at = (*loc, "shape")
    if data.shape[2] != shape[2]:
        what = f"`data.{data.id}.shape` is {list(data.shape)}, images in {_colours(data.shape[2])}"
        yield parts.fault((*at, 2), what, native, f"write shape = [{data.shape[0]}, {data.shape[1]}, {shape[2]}]")
    elif data.shape != shape and data.resize is None:
        what = f"`data.{data.id}.shape` is {list(data.shape)} and nothing resizes"
        yield parts.fault(at, what, native, f'write shape = {list(shape)}, or add resize = "bilinear"')
    yield from _check_classes(parts, loc, data, classes)


def _check_classes(parts: Parts, loc: Loc, data: AnyData, classes: int) -> Iterator[Fault]:
    if data.classes != classes:
        what = f"`data.{data.id}.classes` is {data.classes}"
        yield parts.fault((*loc, "classes"), what, f"{data.source} has {classes} classes", f"write {classes}")


def _size(shape: tuple[int, int, int]) -> str:
    return f"{shape[0]} x {shape[1]} pixels"


def _colours(count: int) -> str:
    return f"{count} colour{'' if count == 1 else 's'}"


def _check_test_part(parts: Parts, loc: Loc, data: ParquetData | ImageFolderData | TextData) -> Iterator[Fault]:
    if data.test_path is not None and data.test_count is not None:
        what = f"`data.{data.id}` gives both test_path and test_count"
        constraint = "the test images are either a part of their own or cut from the training images"
        yield parts.fault((*loc, "test_count"), what, constraint, "leave one of them out")
    if data.test_path is None and data.test_count is None:
        what = f"`data.{data.id}` says nothing about its test images"
        yield parts.fault(loc, what, "it needs test_path or test_count", "add one of them")


def _check_not_looked_up(parts: Parts, loc: Loc, data: NpzData | AudioData, names: set[str]) -> Iterator[Fault]:
    if data.test_count is None:
        return
    for name in sorted(data.model_fields_set & names):
        what = f"`data.{data.id}` gives both test_count and {name}"
        constraint = f"{name} is not looked up where the test images are cut from the training images"
        yield parts.fault((*loc, name), what, constraint, "leave one of them out")


def _check_columns(parts: Parts, loc: Loc, data: TextData) -> Iterator[Fault]:
    if data.format == "trec":
        for name in sorted(data.model_fields_set & {"header", "label_column", "text_column"}):
            what = f'`data.{data.id}` gives {name} with format = "trec"'
            yield parts.fault((*loc, name), what, "only tsv files have columns", "take it out")
    elif data.label_column == data.text_column:
        what = f"`data.{data.id}` has labels and texts in column {data.text_column}"
        constraint = "labels and texts are in columns of their own, counted from 1"
        yield parts.fault((*loc, "text_column"), what, constraint, "name the column of each")


def _check_words(parts: Parts, loc: Loc, data: WordsPart) -> Iterator[Fault]:
    words, width, size = data.shape
    if width != 1:
        what = f"`data.{data.id}.shape` is {list(data.shape)}, texts of width {width}"
        constraint = "texts have shape [S, 1, E]: S words, E entries of each word's vector"
        yield parts.fault((*loc, "shape", 1), what, constraint, f"write shape = [{words}, 1, {size}]")


def _check_sound(parts: Parts, loc: Loc, data: SoundPart, sample_rate: int) -> Iterator[Fault]:
    frames, bands = data.shape[0], data.bands
    if data.shape[1:] not in ((1, bands), (bands, 1)):
        what = f"`data.{data.id}.shape` is {list(data.shape)} and bands {bands}"
        constraint = "T frames have shape [T, 1, bands], or [T, bands, 1] to be cut into square patches"
        yield parts.fault((*loc, "shape"), what, constraint, f"write shape = [{frames}, 1, {bands}], or correct bands")
    if data.hop > data.window:
        what = f"`data.{data.id}` has hop = {data.hop} and window = {data.window}"
        yield parts.fault((*loc, "hop"), what, "frames leave no samples out", f"write at most {data.window}")
    first, step = _first_band(bands, sample_rate), sample_rate / data.window
    if first <= step:
        what = f"`data.{data.id}` has {bands} bands, the first from 0 to {first:.1f} Hz, and window = {data.window}"
        constraint = f"a band holds at least one of the window's frequencies, which are {step:.1f} Hz apart"
        yield parts.fault((*loc, "bands"), what, constraint, "take fewer bands or a longer window")


def _first_band(bands: int, sample_rate: int) -> float:
    """Upper end in Hz of the lowest and narrowest band: two of bands + 1 equal steps of 2595 log10(1 + f/700)."""
    return float(700 * ((1 + sample_rate / 1400) ** (2 / (bands + 1)) - 1))


def _check_counts(parts: Parts, loc: Loc, data: AnyData) -> Iterator[Fault]:
    left = training_images(data)
    if left is None:
        return
    test_count = 0 if isinstance(data, TorchvisionData) else data.test_count or 0
    total = left + data.validation_count + test_count
    if left < 1:
        held_out = f"test_count = {test_count} and " if test_count else ""
        what = f"`data.{data.id}`: {held_out}validation_count = {data.validation_count} leave no image to train on"
        yield parts.fault((*loc, "validation_count"), what, f"there are {total:,} images", "hold out fewer")
