import hashlib
import os
import time
from pathlib import Path

import platformdirs
import pytest

from pkbench.data import hashing
from pkbench.data.hashing import file_digests
from pkbench.errors import DataError

OLD = time.time_ns() - 3_600 * 10**9


def write(path: Path, content: bytes, modified: int = OLD) -> Path:
    path.write_bytes(content)
    os.utime(path, ns=(modified, modified))
    return path


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose content is really hashed."""
    names: list[str] = []
    original = hashlib.file_digest

    def counted(file, digest):  # type: ignore[no-untyped-def]
        names.append(Path(file.name).name)
        return original(file, digest)

    monkeypatch.setattr(hashlib, "file_digest", counted)
    return names


def test_digests_are_of_the_content_and_remembered(tmp_path: Path, reads: list[str]) -> None:
    a, b = write(tmp_path / "a", b"one"), write(tmp_path / "b", b"two")
    assert file_digests([a, b]) == {a: sha(b"one"), b: sha(b"two")}
    assert file_digests([b, a]) == {a: sha(b"one"), b: sha(b"two")}
    assert reads == ["a", "b"]


@pytest.mark.parametrize("change", ["content of the same size", "time", "replaced"])
def test_a_changed_file_is_read_again(change: str, tmp_path: Path, reads: list[str]) -> None:
    path = write(tmp_path / "a", b"one")
    file_digests([path])
    if change == "replaced":
        write(tmp_path / "new", b"two").replace(path)
    else:
        write(path, b"two" if "content" in change else b"one", OLD + 1)
    expected = b"one" if change == "time" else b"two"
    assert file_digests([path]) == {path: sha(expected)}
    assert reads == ["a", "a"]


def test_a_file_changed_just_now_is_not_remembered(tmp_path: Path, reads: list[str]) -> None:
    path = write(tmp_path / "a", b"one", time.time_ns())
    file_digests([path])
    file_digests([path])
    assert reads == ["a", "a"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"a": 1}',
        b'{"a": [[1, 2, 3, 4], "zz"]}',
        b'{"a": [[1, 2, 3, 4], "00"]}',
        b'{"a": [[1], "00"]}',
        b'{"a": [null, 7]}',
    ],
)
def test_a_damaged_memory_is_done_without_and_replaced(content: bytes, tmp_path: Path, reads: list[str]) -> None:
    path = write(tmp_path / "a", b"one")
    file_digests([path])
    (memory,) = (platformdirs.user_cache_path("pkbench") / "checksums").iterdir()
    memory.write_bytes(content)
    assert file_digests([path]) == {path: sha(b"one")}
    assert file_digests([path]) == {path: sha(b"one")}
    assert reads == ["a", "a"]


def test_an_unwritable_memory_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    # Below a file nothing can be written, not even by root.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file" / "cache"))
    path = write(tmp_path / "a", b"one")
    assert file_digests([path]) == {path: sha(b"one")}


def test_a_memory_that_fails_half_way_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(hashing.json, "dump", full)
    path = write(tmp_path / "a", b"one")
    assert file_digests([path]) == {path: sha(b"one")}
    assert list((platformdirs.user_cache_path("pkbench") / "checksums").iterdir()) == []


def test_files_that_cannot_be_read_are_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(DataError, match="cannot be read"):
            file_digests([path])


def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a", b"one")
    original = hashlib.file_digest

    def growing(file, digest):  # type: ignore[no-untyped-def]
        result = original(file, digest)
        write(path, b"longer")
        return result

    monkeypatch.setattr(hashlib, "file_digest", growing)
    with pytest.raises(DataError, match="changed while it was read"):
        file_digests([path])
