from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pkbench.data.sound import encode
from pkbench.data.sources import audio
from pkbench.errors import DataError
from tests.data.factory import data_of, labels_of, write_audio


def test_recordings_are_cut_by_their_offsets(tmp_path: Path) -> None:
    write_audio(tmp_path / "recordings.npz")
    data = data_of("audio")
    with np.load(tmp_path / "recordings.npz") as arrays:
        bounds = arrays["offsets"]
        pieces = [arrays["samples"][bounds[row] : bounds[row + 1]].astype(float) for row in range(len(bounds) - 1)]
    expected = encode(pieces, 18, 8000, data, "made")
    raw = audio.read(data, tmp_path)
    assert np.array_equal(raw.train_images, expected[:12])
    assert raw.test_images is not None
    assert np.array_equal(raw.test_images, expected[12:])
    assert np.array_equal(raw.train_labels, labels_of(12))
    assert np.array_equal(raw.test_labels, labels_of(6))


def test_with_a_test_count_marks_are_not_looked_up(tmp_path: Path) -> None:
    write_audio(tmp_path / "recordings.npz", is_test=None)
    raw = audio.read(data_of("audio", test_count=3), tmp_path)
    assert raw.test_images is None
    assert len(raw.train_images) == 18


def test_keys_are_the_specs_and_floats_and_unsigned_offsets_are_read(tmp_path: Path) -> None:
    source = np.random.default_rng(0).normal(size=300).astype(np.float32)
    arrays = {"a": source, "b": np.array([0, 100, 300], np.uint64), "c": np.array([0, 1]), "d": np.array([True, False])}
    np.savez(tmp_path / "recordings.npz", **arrays)
    keys = {"samples": "a", "offsets": "b", "labels": "c", "is_test": "d"}
    raw = audio.read(data_of("audio", **keys), tmp_path)
    assert raw.train_labels.tolist() == [1]


TOTAL = int((100 + 17 * np.arange(18)).sum())
OFFSETS = np.concatenate([[0], np.cumsum(100 + 17 * np.arange(18))])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"samples": None, "Samples": np.zeros(3)}, "no array 'samples'.*did you mean 'Samples'"),
        ({"samples": np.zeros((TOTAL, 2), np.int16)}, r"samples is int16 of shape \(4401, 2\); .*one channel"),
        ({"samples": np.zeros(TOTAL, np.uint8)}, "samples is uint8"),
        ({"samples": np.zeros(TOTAL, np.complex64)}, "samples is complex64"),
        ({"samples": np.array([None] * 3)}, "samples cannot be read: it holds Python objects"),
        (
            {"samples": np.array([0.0, np.nan, np.inf] + [0.0] * (TOTAL - 3))},
            "samples has nan at 1; samples are finite",
        ),
        ({"offsets": OFFSETS.astype(float)}, "offsets is float64"),
        ({"offsets": np.array([0])}, r"offsets is int64 of shape \(1,\)"),
        ({"offsets": np.array(0)}, r"offsets is int64 of shape \(\)"),
        ({"offsets": OFFSETS[:-1]}, "offsets goes from 0 to 4012; it goes from 0 to the number of samples, 4401"),
        ({"offsets": np.concatenate([[-1], OFFSETS[1:]])}, "offsets goes from -1"),
        (
            {"offsets": np.concatenate([OFFSETS[:3], OFFSETS[2:3], OFFSETS[4:]]).astype(np.uint32)},
            r"1 of 18 recordings cannot be used.*row 2: from sample 217 to 217",
        ),
        ({"offsets": np.concatenate([[0, 500], OFFSETS[2:]]).astype(np.uint64)}, "row 1: from sample 500 to 217"),
        ({"label": labels_of(11)}, "label has 11 labels"),
        ({"label": labels_of(18) + 1}, "labels are 0 … 2"),
        ({"is_test": np.zeros(18, np.uint8)}, r"is_test is uint8 of shape \(18,\); it is bool of shape \(18,\)"),
        ({"is_test": np.zeros(3, bool)}, r"is_test is bool of shape \(3,\)"),
        ({"is_test": np.zeros(18, bool)}, "is_test marks no recordings"),
        ({"is_test": np.ones(18, bool)}, "is_test marks all recordings"),
        ({"is_test": None}, "no array 'is_test'"),
    ],
)
def test_faulty_arrays(arrays: dict[str, Any], message: str, tmp_path: Path) -> None:
    write_audio(tmp_path / "recordings.npz", **arrays)
    with pytest.raises(DataError, match=rf"recordings\.npz: .*{message}"):
        audio.read(data_of("audio"), tmp_path)


def test_a_header_that_cannot_be_parsed(tmp_path: Path) -> None:
    """numpy lets Python's tokenizer raise what it likes on some of these."""
    content = write_audio(tmp_path / "recordings.npz").read_bytes()
    for broken in (b"(441(,),", b"(4401,  ", b"{4401,) ", b"\\4401,) "):
        (tmp_path / "recordings.npz").write_bytes(content.replace(b"(4401,),", broken.ljust(8)[:8]))
        with pytest.raises(DataError, match="samples cannot be read"):
            audio.read(data_of("audio"), tmp_path)
