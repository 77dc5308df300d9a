"""A data set of an extension's is told by content, counted for plans, and checked like somebody's file."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pkbench.data.assemble import assemble
from pkbench.data.identity import checksum, content_files, looked_at
from pkbench.data.size import image_counts
from pkbench.errors import DataError
from pkbench.spec.extension import ExtensionData
from tests.extend.packages import DATA_SET, install, on_path

DATA = {
    "id": "own",
    "source": "extension",
    "name": "set",
    "shape": [2, 2, 1],
    "classes": 3,
    "validation_count": 6,
    "test_count": 6,
    "split_seed": 0,
    "normalize": "none",
}


def data(**changes: Any) -> ExtensionData:
    return ExtensionData.model_validate(DATA | changes)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("site")
    with on_path(folder):
        install(
            folder,
            "pack",
            {"pkbench.data": {"set": "set_module:Set"}},
            {"set_module": DATA_SET.replace("BODY", "pass")},
        )
        yield folder


def test_it_is_split_like_any_other(site: Path, tmp_path: Path) -> None:
    found = assemble(data(), tmp_path)
    assert [len(part) for part in (found.train, found.validation, found.test)] == [18, 6, 6]
    assert image_counts(data(), tmp_path) == (18, 12)
    rows = np.concatenate([part.images.reshape(len(part), 4) for part in (found.train, found.validation, found.test)])
    assert np.array_equal(rows[np.argsort(rows[:, 0])], np.arange(120, dtype=np.uint8).reshape(30, 4))


def test_without_files_name_options_and_version_are_its_content(site: Path, tmp_path: Path) -> None:
    first = checksum(data(), tmp_path)
    assert first == checksum(data(options={"shift": 0}), tmp_path)
    assert first != checksum(data(options={"shift": 1}), tmp_path)
    assert content_files(data(), tmp_path) == looked_at(data(), tmp_path) == ()
    assert data().identity()["options"] == {"shift": 0}
    assert data().identity()["extension_version"] == 1


def test_with_files_their_bytes_are_and_not_their_places(site: Path, tmp_path: Path) -> None:
    for name, content in (("a.bin", b"1"), ("b.bin", b"1"), ("c.bin", b"2")):
        (tmp_path / name).write_bytes(content)
    a, b, c = (data(options={"file": f"{name}.bin"}) for name in "abc")
    assert a.identity() == b.identity() == c.identity()
    assert checksum(a, tmp_path) == checksum(b, tmp_path) != checksum(c, tmp_path)
    total = hashlib.sha256((3).to_bytes(8, "big") + b"all" + hashlib.sha256(b"1").digest())
    assert checksum(a, tmp_path) == total.hexdigest()
    with pytest.raises(DataError, match=r"d\.bin is not there"):
        checksum(data(options={"file": "d.bin"}), tmp_path)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("return 3", "read gives a int"),
        ("raise RuntimeError('x\\ny')", "failed in read: RuntimeError: x y"),
        ("raise ValueError('no such set')", "refuses in read: no such set"),
        ("images = images.tolist()", "train_images is a list; images and labels are NumPy arrays"),
        ("images = images.astype(float)", "train_images is float64; images are uint8"),
        ("images = images.astype(object)", "train_images is object"),
        ("images = images[:, :, :1]", "train_images holds images of 2 x 1"),
        ("images = images.repeat(3, 3)", "train_images has shape (30, 2, 2, 3)"),
        ("images = images[:0]", "train_images has shape (0, 2, 2, 1)"),
        ("labels = labels[:-1]", "train_labels has 29 labels; there are 30 images"),
        ("labels = labels.astype(float)", "train_labels is float64; labels are integers"),
        ("labels = labels - 1", "10 of 30 images cannot be used"),
        ("labels = labels.astype(np.uint64) + np.uint64(2**63)", "30 of 30 images cannot be used"),
        ("labels = np.zeros(30, int)", "2 of 3 classes have no training image"),
        ("labels = labels[:, None]", "train_labels has shape (30, 1)"),
        ("images = np.broadcast_to(np.uint8(0), (2**40, 2, 2, 1))", "GiB of memory are free"),
        ("return Arrays(train_images=images, train_labels=labels, test_images=images, test_labels=labels)", "it has test images, and the spec states test_count = 6"),
        ("return Arrays(train_images=images, train_labels=labels, test_images=images)", "it has test images and no test labels"),
    ],
)  # fmt: skip
def test_what_it_gives_is_checked(tmp_path: Path, body: str, told: str) -> None:
    other = tmp_path / "site"
    with on_path(other):
        install(
            other, "pack2", {"pkbench.data": {"odd": "odd_module:Set"}}, {"odd_module": DATA_SET.replace("BODY", body)}
        )
        with pytest.raises(DataError) as caught:
            assemble(data(name="odd"), tmp_path)
    assert told in caught.value.message
    assert "data set own" in caught.value.message
    assert "\n" not in caught.value.message


def test_neither_a_test_part_nor_a_count_of_one(site: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="it has no test images, and the spec states no test_count"):
        assemble(data(test_count=None), tmp_path)


def test_arrays_that_change_later_change_nothing(tmp_path: Path) -> None:
    other = tmp_path / "site"
    body = "global kept; kept = images"
    with on_path(other):
        install(
            other,
            "pack3",
            {"pkbench.data": {"late": "late_module:Set"}},
            {"late_module": DATA_SET.replace("BODY", body)},
        )
        from pkbench.data.sources.table import read

        raw = read(data(name="late"), tmp_path)
        import late_module  # type: ignore[import-not-found]

        late_module.kept[:] = 0
    assert raw.train_images.max() == 119


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('return {"all"', 'return {1', "it has to give a Path for each role"),
        ('Path(options.file)} if', 'options.file} if', "it has to give a Path for each role"),
        ('return {"all"', 'raise OSError("gone") or {"all"', "failed in files: OSError: gone"),
    ],
)  # fmt: skip
def test_files_that_are_none(tmp_path: Path, old: str, new: str, told: str) -> None:
    other = tmp_path / "site"
    assert old in DATA_SET
    with on_path(other):
        text = DATA_SET.replace("BODY", "pass").replace(old, new)
        install(other, "pack4", {"pkbench.data": {"odd": "odd_files:Set"}}, {"odd_files": text})
        with pytest.raises(DataError) as caught:
            checksum(data(name="odd", options={"file": "x"}), tmp_path)
    assert told in caught.value.message


@pytest.mark.parametrize("count", ["-1, 0", "30.0, 0", "True, 0", "30", "1 // 0, 0"])
def test_counts_that_are_none_only_cost_the_estimate(tmp_path: Path, count: str) -> None:
    other = tmp_path / "site"
    with on_path(other):
        text = DATA_SET.replace("BODY", "pass").replace("return 30, 0", f"return {count}")
        install(other, "pack5", {"pkbench.data": {"odd": "odd_counts:Set"}}, {"odd_counts": text})
        assert image_counts(data(name="odd"), tmp_path) is None
