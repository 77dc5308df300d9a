"""Fixtures of the store's tests: nothing of the user's environment reaches them, and nothing they start stays."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pkbench.store.files import Store
from pkbench.store.mirror.database import ensure_database
from pkbench.store.mirror.interface import address, free_port
from pkbench.store.mirror.settings import mirror_settings
from pkbench.store.mirror.target import Target, resolve_target

from .processes import children


@pytest.fixture(autouse=True)
def _no_foreign_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_URI", "PKBENCH_RESULTS", "MLFLOW_HTTP_REQUEST_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")


@pytest.fixture(autouse=True)
def _no_process_left() -> Iterator[None]:
    before = children()
    yield
    left = children() - before
    assert not left, f"left running: {left}"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty results folder."""
    return Store(tmp_path / "results")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's empty database, made once: it takes seconds."""
    results = tmp_path_factory.mktemp("template")
    target = resolve_target(results, f"sqlite:///{results / 'mlflow.db'}")
    with mirror_settings():
        ensure_database(target)
    return results / "mlflow.db"


@pytest.fixture
def target(store: Store, empty_database: Path) -> Target:
    """The default mirror of ``store``, its database made already."""
    found = resolve_target(store.root)
    assert found.sqlite_file is not None
    found.folder.mkdir(parents=True)
    shutil.copy(empty_database, found.sqlite_file)
    return found


@pytest.fixture
def hanging() -> Iterator[str]:
    """The address of something that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        yield address("127.0.0.1", listener.getsockname()[1])


@pytest.fixture
def refused() -> str:
    """An address nobody listens on."""
    return address("127.0.0.1", free_port("127.0.0.1", 0))
