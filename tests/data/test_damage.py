"""Whatever bytes a user's file has, what comes out is data or one clear error."""

import contextlib
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkbench.data.pixels import BadImageError, decode
from pkbench.data.sources import parquet
from pkbench.data.sources.table import read
from pkbench.errors import DataError
from tests.data.factory import data_of, encoded, labels_of, pixels, write_audio, write_npz, write_parquet, write_text

LARGE = (40, 30, 3)


def damaged(content: bytes, seed: int) -> bytes:
    """``content`` cut off, or with some bytes changed, replaced or zeroed."""
    source = random.Random(seed)
    changed = bytearray(content)
    start = source.randrange(len(changed))
    match source.randrange(4):
        case 0:
            return bytes(changed[:start])
        case 1:
            for _ in range(source.randrange(1, 8)):
                changed[source.randrange(len(changed))] = source.randrange(256)
        case 2:
            changed[start : start + source.randrange(1, 200)] = source.randbytes(source.randrange(200))
        case _:
            changed[start : start + 64] = bytes(64)
    return bytes(changed)


def write_compressed(path: Path) -> Path:
    with np.load(write_npz(path)) as arrays:
        np.savez_compressed(path, **arrays)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


@pytest.mark.parametrize(
    ("source", "name", "write"),
    [
        ("parquet", "train.parquet", lambda path: write_parquet(path, pixels(12), labels_of(12))),
        ("npz", "arrays.npz", write_npz),
        ("npz", "arrays.npz", write_compressed),
        ("audio", "recordings.npz", write_audio),
        ("text", "train.txt", write_text),
    ],
    ids=["parquet", "npz", "compressed npz", "audio", "text"],
)
def test_a_damaged_file_is_data_or_an_error(
    source: str, name: str, write: Callable[[Path], Path], folder: Path
) -> None:
    whole = write(folder / name).read_bytes()
    messages = []
    for seed in range(200):
        (folder / name).write_bytes(damaged(whole, seed))
        try:
            read(data_of(source), folder)
        except DataError as error:
            messages.append(error.message)
    assert len(messages) > 100
    assert all(str(folder / name) in message or "training image" in message for message in messages)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_damaged_image_is_an_image_or_an_error(form: str, seed: int) -> None:
    content = encoded(pixels(1, LARGE)[0], form)
    with contextlib.suppress(BadImageError):
        assert decode(damaged(content, seed), LARGE, resize=False).shape == LARGE


def test_a_member_of_an_archive_that_is_no_array(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "arrays.npz", "w") as archive:
        archive.writestr("x_train.npy", b"hello")
    with pytest.raises(DataError, match="x_train cannot be read: it is no array"):
        read(data_of("npz"), tmp_path)


@pytest.mark.parametrize(("stated", "said"), [(11, "states 11 rows and has more"), (13, "states 13 rows and has 12")])
def test_a_parquet_file_that_lies_about_its_rows(stated: int, said: str, tmp_path: Path) -> None:
    batch = pa.record_batch({"image": [encoded(image) for image in pixels(12)], "label": labels_of(12)})
    file = SimpleNamespace(metadata=SimpleNamespace(num_rows=stated), iter_batches=lambda *_, **__: [batch])
    with pytest.raises(ValueError, match=said):
        parquet._rows(file, tmp_path / "train.parquet", data_of("parquet"))  # type: ignore[arg-type]


def test_a_parquet_file_with_a_column_name_that_is_no_text(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "train.parquet", pixels(12), labels_of(12))
    path.write_bytes(path.read_bytes().replace(b"label", b"la\xec\xffl"))
    with pytest.raises(DataError, match=r"train\.parquet"):
        read(data_of("parquet"), tmp_path)
