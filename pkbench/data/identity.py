"""What a data set is: the SHA-256 of its bytes, whatever its files are called and wherever they lie.

Of generated data it is that of what the generator is given, because there are no files.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from pkbench.data.hashing import file_digests
from pkbench.data.layout import digits_file, torchvision_files, torchvision_root
from pkbench.data.listing import image_files
from pkbench.data.outside import outside_files
from pkbench.data.places import candidates, exists, resolve_file, resolve_folder
from pkbench.spec.data import (
    AnyData,
    AudioData,
    DigitsData,
    GeneratedData,
    ImageFolderData,
    NpzData,
    ParquetData,
    QuestionsData,
    TextData,
    TonesData,
    TorchvisionData,
)
from pkbench.spec.extension import ExtensionData

_EXTENSION = ("name", "options", "extension_version")
"""What determines the data of an extension that has no files."""
GENERATOR_VERSION = 1
"""Raised whenever a generator makes other sentences or sounds: it stands for the bytes of files that do not exist."""


def content_files(data: AnyData, base: Path) -> tuple[tuple[str, Path], ...]:
    """Every file that holds images or labels of ``data``, with its role in the data set.

    Roles take the place of names where the spec names the file; in a folder of images the names relative
    to the folder are part of the data, because they give the labels. Generated data has no file.

    Args:
        data: the data set.
        base: folder of the spec, where relative paths begin.

    Raises:
        DataError: a file or folder is not there or not what it should be.
    """
    match data:
        case DigitsData():
            return (("digits", digits_file()),)
        case TorchvisionData():
            return torchvision_files(data, base)
        case NpzData() | AudioData() | ParquetData() | TextData():
            return tuple((role, resolve_file(path, base)) for role, path in _parts(data))
        case ImageFolderData():
            return tuple(file for role, path in _parts(data) for file in _folder_files(role, path, base))
        case QuestionsData() | TonesData():
            return ()
        case ExtensionData():
            return outside_files(data, base)


def looked_at(data: AnyData, base: Path) -> tuple[Path, ...]:
    """Where ``data`` is, or, where it is not here, everywhere that was looked; for people."""
    match data:
        case TorchvisionData():
            return (torchvision_root(data, base),)
        case DigitsData():
            return (digits_file(),)
        case QuestionsData() | TonesData():
            return ()
        case ExtensionData():
            return tuple(path for _, path in outside_files(data, base))
        case NpzData() | AudioData() | ParquetData() | ImageFolderData() | TextData():
            paths = [path for _, path in _parts(data)]
    found: list[Path] = []
    for path in paths:
        options = candidates(path, base)
        found += [place for place in options if exists(place)][:1] or options
    return tuple(found)


def checksum(data: AnyData, base: Path, *, afresh: bool = False) -> str:
    """Hexadecimal SHA-256 that identifies the content of ``data`` on disk.

    Contents of files count, paths and times do not. Digests of unchanged files are remembered, unless every byte is to be
    read ``afresh``: a file can change and keep its time.

    Raises:
        DataError: files are missing (the message says how to get them) or cannot be read.
    """
    if isinstance(data, QuestionsData | TonesData):
        return _generated_checksum(data)
    files = content_files(data, base)
    if isinstance(data, ExtensionData) and not files:
        return _digest({"source": data.source} | {key: data.identity()[key] for key in _EXTENSION})
    digests = file_digests((path for _, path in files), afresh=afresh)
    total = hashlib.sha256()
    for role, path in files:
        name = os.fsencode(role)
        # Length first, so that no file name can pass for the end of one entry and the start of the next.
        total.update(len(name).to_bytes(8, "big"))
        total.update(name)
        total.update(bytes.fromhex(digests[path]))
    return total.hexdigest()


def _generated_checksum(data: GeneratedData) -> str:
    """SHA-256 of what determines generated sentences or sounds; how they are encoded is in a run's configuration."""
    recipe = {
        "source": data.source,
        "version": GENERATOR_VERSION,
        "generator_seed": data.generator_seed,
        "count": data.count,
    }
    return _digest(recipe)


def _digest(recipe: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()


def _parts(data: NpzData | AudioData | ParquetData | ImageFolderData | TextData) -> tuple[tuple[str, str], ...]:
    """Role and path of the one file, or of the training and, where given, the test part."""
    if isinstance(data, NpzData | AudioData):
        return (("arrays", data.path),)
    train = ("train", data.train_path)
    return (train,) if data.test_path is None else (train, ("test", data.test_path))


def _folder_files(role: str, path: str, base: Path) -> tuple[tuple[str, Path], ...]:
    """Role and path of every image in a folder."""
    listing = image_files(resolve_folder(path, base))
    return tuple((f"{role}/{name}", listing.path(name)) for name in listing.names)
