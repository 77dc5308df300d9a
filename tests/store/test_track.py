"""``pkbench sync`` and ``pkbench ui``: what they are pointed at and what they refuse."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pkbench.cli.main import app
from pkbench.errors import PkbenchError, UsageError
from pkbench.store.files import Store
from pkbench.store.mirror import Target, resolve_target

from .factory import make_record


def call(*arguments: str | Path) -> Any:
    """The command in this process; what it raised is in the result."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def refused(*arguments: str | Path) -> str:
    """The message of the error the command ends with."""
    error = call(*arguments).exception
    assert isinstance(error, PkbenchError)
    assert error.exit_code == 2
    return error.message


@pytest.fixture
def project(store: Store, target: Target, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with one record of ``toy``; the working directory is elsewhere in it."""
    folder = store.root.parent
    (folder / "specs").mkdir()
    (folder / "deep" / "down").mkdir(parents=True)
    monkeypatch.chdir(folder / "deep" / "down")
    store.write(make_record())
    return folder


def test_the_project_around_the_working_directory_is_synced(project: Path, target: Target) -> None:
    result = call("sync")
    assert result.stdout == f"1 pushed, 0 replaced, 0 already there: {target.uri}\n"
    assert result.exit_code == 0


def test_a_spec_file_says_which_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    result = call("sync", project / "specs" / "toy.toml")
    assert result.stdout.startswith("1 pushed")


def test_damaged_records_are_named(project: Path, store: Store) -> None:
    path = store.write(make_record(1))
    path.write_text("{")
    result = call("sync", "toy")
    assert result.stdout.startswith("1 pushed")
    assert result.stderr == f"warning: {path}: it is not a whole JSON record; not mirrored\n"


def test_without_results_there_is_nothing_to_push(tmp_path: Path) -> None:
    assert call("sync", "--results", tmp_path / "none").stdout.startswith("0 pushed, 0 replaced, 0 already there")
    assert not (tmp_path / "none").exists()


def test_progress_is_shown_on_a_terminal_only(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pkbench.cli.track._on_terminal", lambda: True)
    assert call("sync").stderr == "\r\x1b[Ktoy: 0/1\r\x1b[K"


def test_specs_without_results_are_named(project: Path, store: Store) -> None:
    message = refused("sync", "toy", "nope", "--results", store.root)
    assert (
        message == f"no results of nope in {store.root}; specs with results: toy; compute some first: pkbench run nope"
    )
    assert refused("sync", "nope", "--results", "none").endswith(
        "no spec has results; compute some first: pkbench run nope"
    )


def test_without_mlflow(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pkbench.store.mirror.target.is_installed", lambda: False)
    assert "pip install 'pkbench[mlflow]'" in refused("ui", "--results", store.root)


def test_a_port_in_use_is_said(store: Store, target: Target) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = refused("ui", "--results", store.root, "--port", str(port), "--no-browser")
    assert message.startswith(f"cannot listen on 127.0.0.1:{port} (Address already in use)")


def test_a_mirror_that_is_not_there_yet_is_said(store: Store) -> None:
    message = refused("ui", "--results", store.root, "--no-browser")
    assert message == f"nothing is mirrored yet in {resolve_target(store.root).uri}; run `pkbench sync` first"


def test_a_server_has_its_own_interface(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:secret@host")
    result = call("ui", "--results", store.root, "--no-browser")
    assert result.stdout == "https://***@host is a server and has its own user interface\n"


def test_other_hosts_are_warned_of(store: Store, target: Target) -> None:
    result = call("ui", "--results", store.root, "--host", "192.0.2.1", "--no-browser")
    assert isinstance(result.exception, UsageError)
    assert result.stderr.startswith("warning: whoever reaches 192.0.2.1 can read and change the mirror")
