from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pkbench.data.raw import RawImages
from pkbench.data.sources import text
from pkbench.data.words import encode
from pkbench.errors import DataError
from tests.data.factory import data_of, write_text

TREC = "B:x Who was it ?\nA:y one: two\n\n \nC:z it's three\n"


def read_text(folder: Path, content: str | bytes, **fields: Any) -> RawImages:
    (folder / "train.txt").write_bytes(content.encode() if isinstance(content, str) else content)
    return text.read(data_of("text", **fields), folder)


def test_trec_lines(tmp_path: Path) -> None:
    raw = read_text(tmp_path, TREC)
    assert raw.train_labels.tolist() == [1, 0, 2]
    assert np.array_equal(raw.train_images, encode(["Who was it ?", "one: two", "it's three"], (5, 1, 8), 0, "made"))
    assert raw.test_images is None


def test_both_files_have_the_training_files_labels(tmp_path: Path) -> None:
    write_text(tmp_path / "train.txt")
    (tmp_path / "test.txt").write_text("C:q see\nA:q and")
    raw = text.read(data_of("text", test_path="test.txt", test_count=None), tmp_path)
    assert raw.test_labels is not None
    assert raw.test_labels.tolist() == [2, 0]
    assert raw.test_images is not None
    assert np.array_equal(raw.test_images, encode(["see", "and"], (5, 1, 8), 0, "made"))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_tsv_columns_with_and_without_a_header(end: str, tmp_path: Path) -> None:
    lines = ["one\t7\tx", "two\t10\ty", "three\t7\tz"]
    fields: dict[str, Any] = {"format": "tsv", "label_column": 2, "text_column": 1, "classes": 2}
    raw = read_text(tmp_path, end.join(lines), **fields)
    # Labels are words: "10" comes before "7".
    assert raw.train_labels.tolist() == [1, 0, 1]
    assert np.array_equal(raw.train_images, encode(["one", "two", "three"], (5, 1, 8), 0, "made"))
    again = read_text(tmp_path, end.join(["text\tlabel\tmore", *lines, ""]), header=True, **fields)
    assert np.array_equal(again.train_images, raw.train_images)


def test_encodings_and_marks(tmp_path: Path) -> None:
    # 0x85 is a line separator in Unicode: in a Latin-1 file it is a character of its line.
    latin = "A:x caf\xe9 \x85 b\nB:x b\nC:x c".encode("latin-1")
    raw = read_text(tmp_path, latin, encoding="latin-1")
    assert raw.train_labels.tolist() == [0, 1, 2]
    utf = read_text(tmp_path, "\ufeffA:x caf\xe9 b\nB:x b\nC:x c")
    assert utf.train_labels.tolist() == [0, 1, 2]
    assert np.array_equal(raw.train_images[0, 0], utf.train_images[0, 0])
    with pytest.raises(DataError, match=r'train\.txt: line 1 is not utf-8: .*write encoding = "latin-1"'):
        read_text(tmp_path, latin)


@pytest.mark.parametrize(
    ("content", "fields", "message"),
    [
        ("", {}, "has 0 labels"),
        (
            TREC + "no label\n",
            {},
            r"1 of 4 lines cannot be used: line 6: no label before the text; .*CLASS:detail text",
        ),
        ("A:x\nB:x b\n:x c\n", {}, "2 of 3 lines cannot be used: line 1: no label .*line 3: no label"),
        ("A:x \t \nB:x b", {}, "line 1: no "),
        ("A:x a\nB:x b", {}, r"has 2 labels \(A, B\); the spec states classes = 3"),
        ("A\ta\nB\n", {"format": "tsv"}, "line 2: 1 columns, and the first line has 2; .*as many as the first"),
        ("A a\n", {"format": "tsv"}, "line 1: 1 column;"),
        ("A\t \n\tb\n", {"format": "tsv"}, "line 1: no word, line 2: no label"),
        (b"\x7fELF\x00\x01\xff" * 99, {"encoding": "latin-1"}, "cannot be used: line 1"),
    ],
)
def test_faulty_files(content: str | bytes, fields: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"train\.txt: .*{message}"):
        read_text(tmp_path, content, **fields)


def test_labels_that_only_the_test_file_has(tmp_path: Path) -> None:
    write_text(tmp_path / "train.txt")
    (tmp_path / "test.txt").write_text("A:q and\nZ\x1b:q zed\nB:q be")
    with pytest.raises(DataError, match=r"test\.txt: 1 of 3 lines .*line 2: label 'Z\?'; .*there are 'A', 'B', 'C'"):
        text.read(data_of("text", test_path="test.txt", test_count=None), tmp_path)


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> bytes:
        raise OSError(5, "Input/output error")

    write_text(tmp_path / "train.txt")
    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(DataError, match=r"train\.txt: cannot be read: .*Input/output error"):
        text.read(data_of("text"), tmp_path)
