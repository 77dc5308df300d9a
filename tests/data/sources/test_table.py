from pathlib import Path
from typing import Any

import pytest

from pkbench.data.places import data_folder
from pkbench.data.sources.table import read
from pkbench.errors import DataError
from tests.data.factory import (
    SOURCES,
    data_of,
    labels_of,
    pixels,
    write_audio,
    write_folder,
    write_npz,
    write_parquet,
    write_text,
    write_torchvision,
)


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_has_its_reader(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_torchvision(source, data_folder(), monkeypatch)
    write_parquet(tmp_path / "train.parquet", pixels(12), labels_of(12))
    write_npz(tmp_path / "arrays.npz")
    write_folder(tmp_path / "train", pixels(12))
    write_text(tmp_path / "train.txt")
    write_audio(tmp_path / "recordings.npz")
    data = data_of(source)
    raw = read(data, tmp_path)
    assert raw.train_images.shape == (len(raw.train_labels), *data.shape)
    own_test_part = source in {"npz", "audio"} or source.startswith("torchvision:")
    assert (raw.test_images is not None) == own_test_part


@pytest.mark.parametrize("source", ["parquet", "imagefolder"])
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"test_count": None}, "has neither test_path nor test_count; .*exactly one"),
        ({"test_path": "a"}, "has both test_path and test_count"),
        ({"shape": [6, 4, 2]}, r"2 colours; encoded images have 1 \(grey\) or 3"),
    ],
)
def test_specs_that_make_no_sense(source: str, fields: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        read(data_of(source, **fields), tmp_path)


@pytest.mark.parametrize(
    ("source", "fields", "message"),
    [
        ("text", {"test_count": None}, "has neither test_path nor test_count"),
        ("text", {"shape": [5, 2, 8]}, "width of 2; texts have shape"),
        ("generated:questions", {"shape": [12, 8, 1]}, "width of 8; texts have shape"),
        ("generated:questions", {"classes": 5}, "classes is 5; generated:questions has 6"),
        ("generated:tones", {"classes": 3}, "classes is 3; generated:tones has 10"),
        ("generated:tones", {"bands": 5}, r"20 x 1 x 6; with 5 bands, T frames have shape \[T, 1, 5\] or \[T, 5, 1\]"),
        ("audio", {"shape": [6, 7, 1]}, "6 x 7 x 1; with 6 bands"),
    ],
)
def test_shapes_that_no_text_or_sound_has(source: str, fields: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        read(data_of(source, **fields), tmp_path)


def test_classes_without_images_are_an_error(tmp_path: Path) -> None:
    write_npz(tmp_path / "arrays.npz")
    with pytest.raises(DataError, match=r"2 of 5 classes have no training image \(labels 3, 4\)"):
        read(data_of("npz", classes=5), tmp_path)
