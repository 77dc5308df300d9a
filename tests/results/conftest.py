"""A project to work in."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pkbench.cli.main import app
from tests.results.made import Made, make_project


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """A finished project, in the current folder."""
    monkeypatch.delenv("PKBENCH_RESULTS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    found = make_project(folder)
    found.finish()
    found.finish_checks()
    return found


def call(*arguments: str) -> Result:
    """The command, as a user types it."""
    return CliRunner().invoke(app, list(arguments))
