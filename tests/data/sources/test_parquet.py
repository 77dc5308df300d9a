from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pkbench.data.sources import parquet
from pkbench.errors import DataError
from tests.data.factory import data_of, encoded, labels_of, pixels, write_parquet


def png() -> list[bytes]:
    return [encoded(image) for image in pixels(12)]


def in_structs() -> list[dict[str, Any]]:
    return [{"bytes": content, "path": None} for content in png()]


STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


@pytest.mark.parametrize(
    "images",
    [
        pa.array(png(), pa.binary()),
        pa.array(png(), pa.large_binary()),
        pa.array(in_structs(), STRUCT),
        pa.array(in_structs(), pa.struct([("path", pa.string()), ("bytes", pa.large_binary())])),
    ],
    ids=["binary", "large binary", "struct", "struct of large binary"],
)
@pytest.mark.parametrize(
    "labels",
    [
        pa.array(labels_of(12), pa.uint8()),
        pa.array(labels_of(12), pa.int64()),
        pa.array(labels_of(12), pa.uint64()),
        pa.array(labels_of(12), pa.int32()).dictionary_encode(),
    ],
    ids=["uint8", "int64", "uint64", "dictionary"],
)
def test_every_column_type_is_read(images: pa.Array, labels: pa.Array, tmp_path: Path) -> None:
    write_parquet(tmp_path / "train.parquet", images, labels, name=pa.array(["a"] * 12))
    raw = parquet.read(data_of("parquet"), tmp_path)
    assert np.array_equal(raw.train_images, pixels(12))
    assert np.array_equal(raw.train_labels, labels_of(12))
    assert raw.test_images is None


def test_columns_are_the_specs_and_a_test_file_is_read(tmp_path: Path) -> None:
    for name, count in (("train", 12), ("test", 6)):
        table = pa.table({"img.png": png()[:count], "fine": labels_of(count)})
        pq.write_table(table, tmp_path / f"{name}.parquet")
    fields = {"image_column": "img.png", "label_column": "fine", "test_path": "test.parquet", "test_count": None}
    raw = parquet.read(data_of("parquet", **fields), tmp_path)
    assert raw.test_images is not None
    assert np.array_equal(raw.test_images, pixels(12)[:6])


def test_rows_keep_their_order_over_batches_and_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_BATCH", 5)
    table = pa.table({"image": png(), "label": labels_of(12)})
    pq.write_table(table, tmp_path / "train.parquet", row_group_size=7)
    assert np.array_equal(parquet.read(data_of("parquet"), tmp_path).train_images, pixels(12))


def test_faulty_rows_are_named_across_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_BATCH", 5)
    images: list[Any] = png()
    images[2], images[4], images[6], images[11] = None, b"no image", images[6][:50], encoded(pixels(1, (5, 5, 3))[0])
    labels = labels_of(12).tolist()
    labels[1], labels[4], labels[7] = None, 3, -2
    write_parquet(tmp_path / "train.parquet", pa.array(images, pa.binary()), pa.array(labels, pa.int8()))
    with pytest.raises(DataError) as caught:
        parquet.read(data_of("parquet"), tmp_path)
    message = caught.value.message
    assert message.startswith(f"{tmp_path / 'train.parquet'}: 7 of 12 images cannot be used")
    assert "row 1: label null, row 2: no image, row 4: label 3, row 4: not an image" in message
    assert "row 6: damaged image" in message
    assert "and 2 more; a row has a whole image of 8 bits and 6 x 4 x 3" in message
    assert "label 0 … 2" in message


@pytest.mark.parametrize("nullable", [True, False])
def test_a_null_struct_is_no_image(nullable: bool, tmp_path: Path) -> None:
    fields = [pa.field("bytes", pa.binary(), nullable), pa.field("path", pa.string())]
    mask = pa.array([row == 3 for row in range(12)])
    rows = pa.StructArray.from_arrays(
        [pa.array(png(), pa.binary()), pa.nulls(12, pa.string())], fields=fields, mask=mask
    )
    write_parquet(tmp_path / "train.parquet", rows, labels_of(12))
    with pytest.raises(DataError, match=r"1 of 12 images .*row 3: no image"):
        parquet.read(data_of("parquet"), tmp_path)


def test_a_struct_that_only_names_a_file_is_no_image(tmp_path: Path) -> None:
    rows: list[Any] = in_structs()
    rows[5] = {"bytes": None, "path": "somewhere.png"}
    write_parquet(tmp_path / "train.parquet", pa.array(rows, STRUCT), labels_of(12))
    with pytest.raises(DataError, match="row 5: no image"):
        parquet.read(data_of("parquet"), tmp_path)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"imgae": png(), "label": labels_of(12)}, "no column 'image'.*did you mean 'imgae'"),
        ({"image": png(), "y": labels_of(12)}, "no column 'label'; .*there are 'image', 'y'"),
        ({"image": ["a"] * 12, "label": labels_of(12)}, "column 'image' is string"),
        ({"image": [[1, 2]] * 12, "label": labels_of(12)}, "column 'image' is list"),
        ({"image": [{"path": "a"}] * 12, "label": labels_of(12)}, "is a struct of path"),
        ({"image": [{"bytes": "a"}] * 12, "label": labels_of(12)}, "column 'image' is string"),
        ({"image": png(), "label": ["cat"] * 12}, "column 'label' is string; labels are integers.*number the classes"),
        ({"image": png(), "label": [0.5] * 12}, "column 'label' is double"),
        ({"image": png(), "label": [True] * 12}, "column 'label' is bool"),
        ({"image": pa.array([], pa.binary()), "label": pa.array([], pa.int64())}, "holds no images"),
    ],
)
def test_faulty_columns(columns: dict[str, Any], message: str, tmp_path: Path) -> None:
    pq.write_table(pa.table(columns), tmp_path / "train.parquet")
    with pytest.raises(DataError, match=rf"train\.parquet: .*{message}"):
        parquet.read(data_of("parquet"), tmp_path)


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    table = pa.Table.from_arrays(
        [pa.array(png()), pa.array(png()), pa.array(labels_of(12))], ["image", "image", "label"]
    )
    pq.write_table(table, tmp_path / "train.parquet")
    with pytest.raises(DataError, match="two columns 'image'"):
        parquet.read(data_of("parquet"), tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"image,label\n" * 9,
        lambda content: content[: len(content) // 2],
        lambda content: content[:100] + bytes(1000) + content[1100:],
    ],
    ids=["empty", "text", "cut off", "zeros inside"],
)
def test_damaged_files(damage: Any, tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "train.parquet", pixels(12), labels_of(12))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=r"train\.parquet: .*(not readable as Parquet|cannot be used)"):
        parquet.read(data_of("parquet"), tmp_path)
