"""Parquet files with one encoded image and one integer label a row, as public hubs write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pkbench.data.faults import RowFaults, choices, file_error
from pkbench.data.pixels import decode_all
from pkbench.data.places import resolve_file
from pkbench.data.raw import Images, Labels, RawImages, check_memory, empty_images, shape_text
from pkbench.spec.data import ParquetData

_BATCH = 2048
"""Rows held in encoded form at a time."""

_DAMAGE = (pa.ArrowException, OSError, ValueError, MemoryError)
"""What pyarrow raises on files that are no Parquet, cut off, damaged, or that lie about their size."""


def read(data: ParquetData, base: Path) -> RawImages:
    """Read the files that ``data`` names.

    Raises:
        DataError: a file is missing or not Parquet, a column is missing or of another type, or rows cannot be used.
    """
    train = _part(resolve_file(data.train_path, base), data)
    if data.test_path is None:
        return RawImages(*train)
    return RawImages(*train, *_part(resolve_file(data.test_path, base), data))


def _part(file: Path, data: ParquetData) -> tuple[Images, Labels]:
    """Images and labels of one file, in its order."""
    try:
        # As a dictionary: a few bytes of the file can stand for one large image in millions of rows.
        with pq.ParquetFile(file, read_dictionary=_byte_columns(file, data.image_column)) as parquet:
            _check_columns(parquet.schema_arrow, file, data)
            check_memory(_largest_group(parquet.metadata), "the columns of a row group", file)
            return _rows(parquet, file, data)
    except _DAMAGE as error:
        raise file_error(
            file,
            f"is not readable as Parquet: {str(error).rstrip('.')}",
            "it is a whole Parquet file",
            "get or write the file again",
        ) from error


def _byte_columns(file: Path, name: str) -> list[str]:
    """Paths of the columns of bytes in the column called ``name``."""
    schema = pq.read_metadata(file).schema
    columns = [schema.column(place) for place in range(len(schema))]
    paths = [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]
    return [path for path in dict.fromkeys(paths) if path in (name, f"{name}.bytes") and paths.count(path) == 1]


def _check_columns(schema: Any, file: Path, data: ParquetData) -> None:
    """Check that both columns are there, once, and of a type that can hold what they should."""
    for name in (data.image_column, data.label_column):
        if schema.names.count(name) != 1:
            found = "two columns" if name in schema.names else "no column"
            raise file_error(file, f"has {found} '{name}'", "the spec names it", choices(name, schema.names))
    image = schema.field(data.image_column).type
    if pa.types.is_struct(image):
        fields = [image.field(position).name for position in range(image.num_fields)]
        if "bytes" not in fields:
            raise file_error(
                file,
                f"column '{data.image_column}' is a struct of {', '.join(fields)}",
                "a struct holds the image in its field 'bytes'",
                "write the images as encoded bytes",
            )
        image = image.field(fields.index("bytes")).type
    image = image.value_type if pa.types.is_dictionary(image) else image
    if not (pa.types.is_binary(image) or pa.types.is_large_binary(image) or pa.types.is_binary_view(image)):
        raise file_error(
            file,
            f"column '{data.image_column}' is {image}",
            "images are encoded bytes (PNG, JPEG, …)",
            "name the column of bytes as image_column",
        )
    label = schema.field(data.label_column).type
    if not pa.types.is_integer(label.value_type if pa.types.is_dictionary(label) else label):
        raise file_error(
            file,
            f"column '{data.label_column}' is {label}",
            "labels are integers",
            "name the column of integers as label_column, or number the classes 0, 1, …",
        )


def _rows(parquet: Any, file: Path, data: ParquetData) -> tuple[Images, Labels]:
    """Decode all rows of an open file whose columns have been checked."""
    count = parquet.metadata.num_rows
    images = empty_images(count, data.shape, file)
    labels = np.empty(count, dtype=np.int64)
    faults = RowFaults(file)
    start = 0
    for batch in parquet.iter_batches(_BATCH, columns=[data.image_column, data.label_column]):
        rows = slice(start, start + batch.num_rows)
        start = rows.stop
        if start > count:
            break
        found = decode_all(_encoded(batch.column(data.image_column)), images[rows], data.resize is not None)
        found += _labels(batch.column(data.label_column), labels[rows], data.classes)
        for row, what in sorted(found):
            faults.add(rows.start + row, what)
    if start != count:
        raise ValueError(f"it states {count} rows and has {'more' if start > count else start}")
    size = "" if data.resize else ' (or set resize = "bilinear")'
    faults.check(
        count,
        f"a row has a whole image of 8 bits and {shape_text(data.shape)}{size} and a label 0 … {data.classes - 1}",
    )
    return images, labels


def _largest_group(metadata: Any) -> int:
    """Bytes, decompressed, of the largest row group."""
    return max((metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups)), default=0)


def _encoded(column: Any) -> list[bytes | None]:
    """The encoded image of each row."""
    if pa.types.is_struct(column.type):
        # Not column.field(): that would hand out the bytes behind rows that are null as a whole.
        column = pc.struct_field(column, "bytes")
    if pa.types.is_dictionary(column.type):
        # Not decoded by Arrow, which would repeat the bytes for every row.
        images = column.dictionary.to_pylist()
        return [None if place is None else images[place] for place in column.indices.to_pylist()]
    encoded: list[bytes | None] = column.to_pylist()
    return encoded


def _labels(column: Any, out: Labels, classes: int) -> list[tuple[int, str]]:
    """Write the labels of a batch to ``out``; returns position and value of those out of range or null."""
    values = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    numbers = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
    absent = pc.is_null(values).to_numpy(zero_copy_only=False)
    bad = absent | (numbers < 0) | (numbers >= classes)
    out[:] = np.where(bad, 0, numbers)
    return [(int(row), f"label {'null' if absent[row] else numbers[row]}") for row in np.flatnonzero(bad)]
