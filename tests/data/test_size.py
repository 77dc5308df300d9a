from pathlib import Path

import pytest

from pkbench.data.dataset import load
from pkbench.data.size import image_counts
from tests.data.factory import data_of, labels_of, pixels, write_folder, write_npz, write_parquet


@pytest.mark.parametrize("test_count", [None, 5])
@pytest.mark.parametrize("source", ["digits", "parquet", "npz", "imagefolder"])
def test_counts_from_metadata_are_those_of_the_loaded_data(source: str, test_count: int | None, tmp_path: Path) -> None:
    for part, count in (("train", 30), ("test", 12)):
        write_parquet(tmp_path / f"{part}.parquet", pixels(count), labels_of(count))
        write_folder(tmp_path / part, pixels(count))
    write_npz(tmp_path / "arrays.npz", 30, 12)
    test_path = {"parquet": "test.parquet", "imagefolder": "test"}.get(source)
    fields: dict[str, object] = {} if source == "digits" else {"test_count": test_count}
    if test_count is None and test_path:
        fields["test_path"] = test_path
    data = data_of(source, **fields)
    loaded = load(data, tmp_path, "cpu")
    assert image_counts(data, tmp_path) == (len(loaded.train), len(loaded.validation) + len(loaded.test))


@pytest.mark.parametrize("source", ["parquet", "npz", "imagefolder"])
def test_absent_data_has_no_counts(source: str, tmp_path: Path) -> None:
    assert image_counts(data_of(source), tmp_path) is None
