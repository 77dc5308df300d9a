import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pkbench.data.identity import checksum, content_files, looked_at
from pkbench.data.places import data_folder
from pkbench.errors import DataError
from pkbench.spec.data import TORCHVISION_SHAPES
from tests.data.factory import data_of, pixels, write_audio, write_folder, write_npz, write_text, write_torchvision

HEAVY = {"numpy", "torch", "torchvision", "sklearn", "pyarrow", "PIL", "scipy", "pandas"}


def test_identity_imports_nothing_heavy() -> None:
    code = (
        "import sys; from pathlib import Path; from pkbench.spec.data import DigitsData; "
        "from pkbench.data.identity import checksum; "
        "data = DigitsData(id='d', source='digits', shape=(8, 8, 1), classes=10, test_count=1, "
        "validation_count=0, split_seed=0, normalize='none'); "
        "checksum(data, Path('.')); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "pkbench" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize("source", ["digits", *TORCHVISION_SHAPES])
def test_the_checksum_is_the_same_from_anywhere(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_torchvision(source, data_folder(), monkeypatch)
    first = checksum(data_of(source), tmp_path)
    monkeypatch.setenv("PKBENCH_DATA", str(shutil.copytree(data_folder(), tmp_path / "elsewhere")))
    assert checksum(data_of(source), tmp_path / "other") == first
    assert len(bytes.fromhex(first)) == 32


@pytest.mark.parametrize("source", TORCHVISION_SHAPES)
def test_every_content_file_counts(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_torchvision(source, data_folder(), monkeypatch)
    data = data_of(source)
    seen = {checksum(data, tmp_path)}
    for _, path in content_files(data, tmp_path):
        path.write_bytes(path.read_bytes() + b"!")
        seen.add(checksum(data, tmp_path))
    assert len(seen) == 1 + len(content_files(data, tmp_path))


def test_two_files_swapped_are_other_data(tmp_path: Path) -> None:
    for name, content in (("a", b"1"), ("b", b"2")):
        (tmp_path / name).write_bytes(content)
    one = data_of("parquet", train_path="a", test_path="b", test_count=None)
    other = data_of("parquet", train_path="b", test_path="a", test_count=None)
    alone = data_of("parquet", train_path="a")
    assert len({checksum(data, tmp_path) for data in (one, other, alone)}) == 3


def test_a_renamed_file_is_the_same_data(tmp_path: Path) -> None:
    write_npz(tmp_path / "a.npz")
    before = checksum(data_of("npz", path="a.npz"), tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.npz").rename(tmp_path / "sub" / "b.npz")
    assert checksum(data_of("npz", path="sub/b.npz"), tmp_path) == before


def test_in_a_folder_of_images_names_and_contents_count_and_nothing_else(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "train", pixels(6))
    data = data_of("imagefolder")
    before = checksum(data, tmp_path)
    (root / "ant" / "notes.txt").touch()
    (root / "ant" / "000.png").touch()
    assert checksum(data, tmp_path) == before
    root.rename(tmp_path / "images")
    assert checksum(data_of("imagefolder", train_path="images"), tmp_path) == before
    (tmp_path / "images/ant/000.png").rename(tmp_path / "images/bee/000.png")
    assert checksum(data_of("imagefolder", train_path="images"), tmp_path) != before


def test_a_name_cannot_pass_for_the_content_of_a_file_before_it(tmp_path: Path) -> None:
    # One image whose name holds what two images would add to the checksum: name, digest, name.
    digests = {content: hashlib.sha256(content).digest() for content in (bytes([number]) for number in range(50))}
    content = next(content for content, digest in digests.items() if b"/" not in digest and b"\0" not in digest)
    two = write_folder(tmp_path / "two", pixels(0), ("x",)) / "x"
    (two / "a.png").write_bytes(content)
    (two / "b.png").write_bytes(b"last")
    one = tmp_path / "one" / "x" / os.fsdecode(b"a.png" + digests[content] + b"train") / "x"
    one.mkdir(parents=True)
    (one / "b.png").write_bytes(b"last")
    assert len({checksum(data_of("imagefolder", train_path=name), tmp_path) for name in ("one", "two")}) == 2


@pytest.mark.parametrize("source", ["parquet", "npz", "imagefolder", "text", "audio", *TORCHVISION_SHAPES])
def test_absent_data_is_an_error_with_a_remedy(source: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        checksum(data_of(source), tmp_path)
    assert str(data_folder()) in caught.value.message
    assert caught.value.remedy


def test_texts_and_recordings_are_the_bytes_of_their_files(tmp_path: Path) -> None:
    write_text(tmp_path / "train.txt")
    write_text(tmp_path / "test.txt", 6)
    write_audio(tmp_path / "recordings.npz")
    both = data_of("text", test_path="test.txt", test_count=None)
    for data, count in ((data_of("text"), 1), (both, 2), (data_of("audio"), 1)):
        before = checksum(data, tmp_path)
        files = content_files(data, tmp_path)
        assert len(files) == count
        assert looked_at(data, tmp_path) == tuple(path for _, path in files)
        for _, path in files:
            path.write_bytes(path.read_bytes() + b"!")
            assert checksum(data, tmp_path) != before
    # How they are encoded is in a run's configuration.
    assert checksum(data_of("text", embedding_seed=7), tmp_path) == checksum(data_of("text"), tmp_path)


@pytest.mark.parametrize("source", ["generated:questions", "generated:tones"])
def test_generated_data_is_what_its_generator_is_given(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = data_of(source)
    assert content_files(data, tmp_path) == looked_at(data, tmp_path) == ()
    first = checksum(data, tmp_path)
    assert checksum(data_of(source, id="renamed", validation_count=0, normalize="none"), Path("elsewhere")) == first
    others = {
        checksum(data_of(source, generator_seed=1), tmp_path),
        checksum(data_of(source, count=31), tmp_path),
        first,
    }
    monkeypatch.setattr("pkbench.data.identity.GENERATOR_VERSION", 99)
    assert len(others | {checksum(data, tmp_path)}) == 4


def test_the_checksums_of_generated_data_are_pinned(tmp_path: Path) -> None:
    """They are in the ids of results on people's disks: they change with GENERATOR_VERSION and never otherwise."""
    found = [checksum(data_of(source), tmp_path)[:16] for source in ("generated:questions", "generated:tones")]
    assert found == ["4d4406d2756cd9f4", "8f373a5e93381dcb"]


def test_places_are_where_it_is_or_everywhere_that_was_looked(tmp_path: Path) -> None:
    data = data_of("npz")
    assert looked_at(data, tmp_path) == (tmp_path / "arrays.npz", data_folder() / "arrays.npz")
    write_npz(tmp_path / "arrays.npz")
    assert looked_at(data, tmp_path) == (tmp_path / "arrays.npz",)
    assert looked_at(data_of("torchvision:CIFAR10"), tmp_path) == (data_folder(),)
    assert looked_at(data_of("digits"), tmp_path)[0].is_file()
    folder = data_of("imagefolder", test_path="test", test_count=None)
    assert len(looked_at(folder, tmp_path)) == 4
