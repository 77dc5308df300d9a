"""The cache folder of users with a home, and of those without."""

import pwd
from pathlib import Path

import pytest

from pkbench.cache import cache_folder


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)


def test_it_is_below_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder().is_relative_to(tmp_path)
    assert cache_folder().name == "pkbench"


def test_a_user_without_home_and_name_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no folder called '~' in the working directory."""

    def unknown(_number: int) -> None:
        raise KeyError("no such user")

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert cache_folder().is_absolute()
    assert not cache_folder().parent.exists()
