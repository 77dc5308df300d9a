from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the user's data or leaves anything in the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PKBENCH_DATA", str(tmp_path / "data"))
    # platformdirs looks here on macOS.
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
