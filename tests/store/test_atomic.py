"""Writing files: all or nothing."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pkbench.atomic import unfinished, write_bytes
from pkbench.errors import StoreError

from .processes import wait_until


def test_folders_are_made(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a" / "b" / "c.json", b"content")
    assert (tmp_path / "a" / "b" / "c.json").read_bytes() == b"content"


def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.json"
    write_bytes(path, b"old")

    def fail(*_args: object, **_kwargs: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreError, match=r"cannot write .*x\.json: No space left on device; free space"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_rename_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    (path / "inside").mkdir(parents=True)  # a folder is in the way
    with pytest.raises(StoreError, match="cannot write"):
        write_bytes(path, b"new")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_the_umask_is_honoured(mask: int, mode: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        write_bytes(tmp_path / "x.json", b"content")
        assert os.umask(mask) == mask, "and left as it was"
    finally:
        os.umask(before)
    assert (tmp_path / "x.json").stat().st_mode & 0o777 == mode


def test_what_is_being_written_is_known_by_the_name_it_will_have(tmp_path: Path) -> None:
    assert list(unfinished(tmp_path / "none")) == []
    write_bytes(tmp_path / "x.json", b"old")
    (tmp_path / ".hidden").touch()
    found: list[tuple[str, Path]] = []

    def seen() -> bool:
        found.extend(unfinished(tmp_path))
        return bool(found)

    assert not seen()
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "x.json")])
    try:
        wait_until(seen)
    finally:
        process.kill()
        process.wait()
    assert {name for name, _ in found} == {"x.json"}


@pytest.mark.parametrize("letters", ["x" * 250, "ü" * 125])
def test_long_names_are_written(tmp_path: Path, letters: str) -> None:
    path = tmp_path / f"{letters}.json"
    write_bytes(path, b"content")
    assert path.read_bytes() == b"content"


@contextmanager
def without_privileges() -> Iterator[Path]:
    """A folder to work in, as a user who is not root: root may write anywhere."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            if root:
                os.seteuid(0)


def test_a_folder_one_may_not_write_to_is_said() -> None:
    with without_privileges() as folder:
        closed = folder / "closed"
        closed.mkdir(mode=0o500)
        with pytest.raises(StoreError, match="Permission denied; free space or choose another folder"):
            write_bytes(closed / "x.json", b"content")
        with pytest.raises(StoreError, match="Permission denied"):
            write_bytes(closed / "deeper" / "x.json", b"content")
        assert list(closed.iterdir()) == []


WRITER = """
import sys
from pathlib import Path
from pkbench.atomic import write_bytes
path, number = Path(sys.argv[1]), 0
while True:
    write_bytes(path, str(number % 10).encode() * 3_000_000)
    number += 1
"""


def test_killed_writers_and_readers_in_between_see_whole_files(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)])
        wait_until(path.exists)
        for _ in range(20):
            content = path.read_bytes()
            assert len(content) == 3_000_000
            assert len(set(content)) == 1
        writer.kill()
        writer.wait()
        content = path.read_bytes()
        assert (len(content), len(set(content))) == (3_000_000, 1)
        path.unlink()
