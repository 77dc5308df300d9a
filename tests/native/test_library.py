"""Compiling the C part: once, by whatever compiler is here, and never a reason to fail."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from pkbench.native import library as module
from pkbench.native.library import UnavailableError, find_compiler, library


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache folder, and no library loaded yet."""
    monkeypatch.setattr(module, "cache_folder", lambda: tmp_path / "cache")
    module._library_or_why_not.cache_clear()
    yield tmp_path / "cache" / "native"
    module._library_or_why_not.cache_clear()


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o700)
    return str(path)


@pytest.fixture
def compiler(tmp_path: Path) -> str:
    """A compiler that counts how often it is given our source."""
    try:
        real = find_compiler()[0]
    except UnavailableError as error:
        pytest.skip(str(error))
    return script(tmp_path / "cc", f'case "$*" in *mixer.c*) echo called >>{tmp_path}/calls;; esac\nexec {real} "$@"')


def calls(tmp_path: Path) -> int:
    return len((tmp_path / "calls").read_text(encoding="utf-8").splitlines())


def test_it_is_compiled_once(compiler: str, fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", compiler)
    tile = library().pk_tile()
    assert tile % 8 == 0
    module._library_or_why_not.cache_clear()
    assert library().pk_tile() == tile
    assert calls(tmp_path) == 1
    assert [path.suffix for path in fresh.iterdir()] == [".so"]


def test_other_flags_are_another_library(
    compiler: str, fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", compiler)
    library()
    monkeypatch.setenv("CC", f"{compiler} -DOTHER")
    module._library_or_why_not.cache_clear()
    library()
    assert calls(tmp_path) == 2
    assert len(list(fresh.iterdir())) == 2


@pytest.mark.skipif(os.name != "posix", reason="about POSIX modes")
def test_what_others_may_have_written_is_not_loaded(
    compiler: str, fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", compiler)
    library()
    (made,) = fresh.iterdir()
    made.chmod(made.stat().st_mode | stat.S_IWOTH)
    module._library_or_why_not.cache_clear()
    library()
    assert calls(tmp_path) == 2
    (made,) = fresh.iterdir()
    assert not made.stat().st_mode & 0o022


def test_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UnavailableError, match="no C compiler here"):
        library()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[ "$1" = --version ] || { echo "mixer.c:1: no such thing" >&2; exit 1; }', "no such thing"),
        ("exit 3", "returned non-zero"),
        ("exit 0", "made no library"),
    ],
)
def test_a_compiler_that_fails(
    text: str, said: str, fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", script(tmp_path / "bad", text))
    with pytest.raises(UnavailableError, match=said):
        library()
    assert not [path for path in fresh.glob("*") if path.stat().st_size]


def test_no_place_to_keep_it(compiler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is made for this process alone, and nothing of it stays."""
    monkeypatch.setenv("CC", compiler)
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    for times in (1, 2):
        module._library_or_why_not.cache_clear()
        assert library().pk_tile() % 8 == 0
        assert calls(tmp_path) == times
    assert not list((tmp_path / "tmp").iterdir())


def test_no_place_at_all(compiler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", compiler)
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    with pytest.raises(UnavailableError):
        library()


def test_a_compiler_that_fails_is_called_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches and sparse layers ask each time whether there is a library."""
    monkeypatch.setenv(
        "CC", script(tmp_path / "cc", f'case "$*" in *mixer.c*) echo called >>{tmp_path}/calls; exit 1;; esac')
    )
    assert not module.available()
    assert not module.available()
    with pytest.raises(UnavailableError, match="exit code 1"):
        library()
    assert calls(tmp_path) == 1
