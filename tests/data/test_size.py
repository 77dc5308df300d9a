from pathlib import Path

import pytest

from pkbench.data.dataset import load
from pkbench.data.size import image_counts
from tests.data.factory import (
    data_of,
    labels_of,
    pixels,
    write_audio,
    write_folder,
    write_npz,
    write_parquet,
    write_text,
)


@pytest.mark.parametrize("test_count", [None, 5])
@pytest.mark.parametrize("source", ["digits", "parquet", "npz", "imagefolder", "text", "audio"])
def test_counts_from_metadata_are_those_of_the_loaded_data(source: str, test_count: int | None, tmp_path: Path) -> None:
    for part, count in (("train", 30), ("test", 12)):
        write_parquet(tmp_path / f"{part}.parquet", pixels(count), labels_of(count))
        write_folder(tmp_path / part, pixels(count))
        write_text(tmp_path / f"{part}.txt", count)
    write_npz(tmp_path / "arrays.npz", 30, 12)
    write_audio(tmp_path / "recordings.npz", 30, 12)
    test_path = {"parquet": "test.parquet", "imagefolder": "test", "text": "test.txt"}.get(source)
    fields: dict[str, object] = {} if source == "digits" else {"test_count": test_count}
    if test_count is None and test_path:
        fields["test_path"] = test_path
    data = data_of(source, **fields)
    loaded = load(data, tmp_path, "cpu")
    assert image_counts(data, tmp_path) == (len(loaded.train), len(loaded.validation) + len(loaded.test))


@pytest.mark.parametrize("source", ["generated:questions", "generated:tones"])
def test_counts_of_generated_data_are_the_specs(source: str, tmp_path: Path) -> None:
    data = data_of(source)
    loaded = load(data, tmp_path, "cpu")
    assert image_counts(data, tmp_path) == (len(loaded.train), len(loaded.validation) + len(loaded.test))
    assert len(loaded.train) + len(loaded.validation) + len(loaded.test) == 30


def test_headers_and_blank_lines_are_not_counted(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("label\ttext\n\nA\tone\n \nB\ttwo\nC\tthree\nA\tfour")
    data = data_of("text", format="tsv", header=True, test_count=1, validation_count=0)
    assert image_counts(data, tmp_path) == (3, 1)


def test_damaged_marks_have_no_counts(tmp_path: Path) -> None:
    write_audio(tmp_path / "recordings.npz", is_test=None)
    assert image_counts(data_of("audio"), tmp_path) is None


@pytest.mark.parametrize("source", ["parquet", "npz", "imagefolder", "text", "audio"])
def test_absent_data_has_no_counts(source: str, tmp_path: Path) -> None:
    assert image_counts(data_of(source), tmp_path) is None
