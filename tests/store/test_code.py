"""The hash of the package's files: of what is here, and of a commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pkbench.store import code


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in a checkout, below its top."""
    folder = tmp_path / "checkout" / "package"
    (folder / "room").mkdir(parents=True)
    (folder / "a.py").write_text("a = 1\n")
    (folder / "room" / "b.c").write_text("int b;\n")
    (folder.parent / "README.md").write_text("not of the package")
    monkeypatch.setattr(code, "_PACKAGE", folder)
    code.commit_sha256.cache_clear()
    return folder


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    done = subprocess.run(["git", "-C", folder, *identity, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def committed(package: Path) -> str:
    git(package.parent, "init", "-q")
    git(package.parent, "add", ".")
    git(package.parent, "commit", "-q", "-m", "one")
    return git(package.parent, "rev-parse", "HEAD")


def test_a_clean_checkout_is_its_commit(package: Path) -> None:
    commit = committed(package)
    assert code.commit_sha256(commit) == code.package_sha256()


def test_every_change_is_seen_and_leftovers_of_python_are_not(package: Path) -> None:
    commit, before = committed(package), code.package_sha256()
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "a.pyc").write_bytes(b"compiled")
    assert code.package_sha256() == before
    (package / "room" / "b.c").write_text("int c;\n")
    changed = code.package_sha256()
    (package / "room" / "b.c").rename(package / "room" / "c.c")
    assert len({before, changed, code.package_sha256()}) == 3
    assert code.commit_sha256(commit) == before


@pytest.mark.parametrize("commit", ["0" * 40, "HEAD", "--output=/tmp/x", ""])
def test_what_is_no_commit_here_has_no_hash(package: Path, commit: str) -> None:
    committed(package)
    assert code.commit_sha256(commit) is None


def test_without_a_checkout_there_is_none(package: Path) -> None:
    assert code.commit_sha256("1" * 40) is None
    assert len(code.package_sha256()) == 64
