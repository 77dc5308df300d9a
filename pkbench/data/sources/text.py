"""Labelled lines of text, as TREC's questions are published or in tab-separated columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pkbench.data.faults import RowFaults, choices, file_error
from pkbench.data.places import resolve_file
from pkbench.data.raw import Images, Labels, RawImages, check_memory
from pkbench.data.words import encode, words
from pkbench.spec.data import TextData

Line = tuple[int, str]
"""Number of a line, from 1, and the line without its end."""
Example = tuple[int, str, str]
"""Number of a line, its label and its text."""

_TREC = re.compile(r"([^\s:]+):\S*\s+(.*)")


class _BadLineError(Exception):
    """A line that cannot be used; the message says why."""


def read(data: TextData, base: Path) -> RawImages:
    """Read the files that ``data`` names; blank lines are passed over.

    Raises:
        DataError: a file is missing, of another encoding or holds lines that cannot be used, or labels are not as many
            as the spec states or, in the test file, not those of the training file.
    """
    file = resolve_file(data.train_path, base)
    train = _examples(file, data)
    names = sorted({label for _, label, _ in train})
    if len(names) != data.classes:
        raise file_error(
            file,
            f"has {len(names)} labels ({', '.join(names[:5])}{', …' if len(names) > 5 else ''})",
            f"the spec states classes = {data.classes}",
            "correct classes, the columns in the spec, or the file",
        )
    number = {name: label for label, name in enumerate(names)}
    if data.test_path is None:
        return RawImages(*_encoded(train, number, data, file))
    test_file = resolve_file(data.test_path, base)
    test = _examples(test_file, data)
    _check_labels(test, number, test_file)
    return RawImages(*_encoded(train, number, data, file), *_encoded(test, number, data, test_file))


def _examples(file: Path, data: TextData) -> list[Example]:
    """Every labelled text of ``file``."""
    lines = list(_lines(file, data.encoding))
    found: list[Example] = []
    faults = RowFaults(file, "lines")
    columns: int | None = None
    if data.format == "tsv" and lines:
        columns = lines[0][1].count("\t") + 1
        lines = lines[1:] if data.header else lines
    for number, line in lines:
        try:
            label, text = _trec(line) if columns is None else _tsv(line, columns, data)
        except _BadLineError as error:
            faults.add(f"line {number}", str(error))
        else:
            found.append((number, label, text))
    faults.check(len(lines), f"a line is {_form(data)}, with a label and at least one word")
    return found


def _form(data: TextData) -> str:
    """What a line has to look like, for people."""
    if data.format == "trec":
        return "'CLASS:detail text'"
    return f"columns between tabs, as many as the first has, the label in {data.label_column} and the text in {data.text_column}"


def _lines(file: Path, encoding: str) -> Iterator[Line]:
    """The lines of ``file`` that are not blank. Only a line feed ends one: Latin-1 text may hold other separators."""
    # Its bytes, its text and its lines: all of it may be one.
    check_memory(6 * file.stat().st_size, "its bytes and text", file)
    try:
        raw = file.read_bytes()
        # A byte order mark is no part of the first label.
        text = raw.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise file_error(
            file,
            f"line {line} is not {encoding}: {error.reason}",
            "the spec states this encoding",
            'write encoding = "latin-1", or convert the file',
        ) from error
    except (OSError, MemoryError) as error:
        raise file_error(
            file, f"cannot be read: {error}", "it is a file that fits into memory", "check the file and its rights"
        ) from error
    for number, content in enumerate(text.split("\n"), start=1):
        if content.strip():
            yield number, content.removesuffix("\r")


def _trec(line: str) -> tuple[str, str]:
    """Coarse label and text of ``COARSE:fine text``."""
    match = _TREC.fullmatch(line)
    if match is None:
        raise _BadLineError("no label before the text")
    return _checked(match[1], match[2])


def _tsv(line: str, columns: int, data: TextData) -> tuple[str, str]:
    """Label and text of a line of ``columns`` columns."""
    cells = line.split("\t")
    if len(cells) != columns:
        raise _BadLineError(f"{len(cells)} columns, and the first line has {columns}")
    if columns < max(data.label_column, data.text_column):
        raise _BadLineError(f"{columns} column{'s'[: columns > 1]}")
    return _checked(cells[data.label_column - 1].strip(), cells[data.text_column - 1])


def _checked(label: str, text: str) -> tuple[str, str]:
    if not label:
        raise _BadLineError("no label")
    if not words(text):
        raise _BadLineError("no word")
    return label, text


def _check_labels(test: list[Example], number: dict[str, int], file: Path) -> None:
    """Check that every label of the test file is in the training file."""
    faults = RowFaults(file, "lines")
    for line, label, _ in test:
        if label not in number:
            faults.add(f"line {line}", f"label '{label}'")
    faults.check(len(test), "its labels are those of the training file", choices("", number))


def _encoded(examples: list[Example], number: dict[str, int], data: TextData, file: Path) -> tuple[Images, Labels]:
    """Examples as images and labels."""
    labels = np.array([number[label] for _, label, _ in examples], dtype=np.int64)
    return encode([text for _, _, text in examples], data.shape, data.embedding_seed, file), labels
