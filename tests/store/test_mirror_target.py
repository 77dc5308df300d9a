"""Where the mirror is, how its address is shown, and what is said when it refuses."""

import logging
import os
import sys
from pathlib import Path

import pytest
from filelock import Timeout

from pkbench.store.mirror.refusal import refusal
from pkbench.store.mirror.settings import mirror_settings
from pkbench.store.mirror.target import Target, is_installed, masked, resolve_target


def test_default_is_an_absolute_database_in_the_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    target = resolve_target(Path("results"))
    assert target.uri == f"sqlite:///{tmp_path}/results/_mlflow/mlflow.db"
    assert target.sqlite_file == tmp_path / "results/_mlflow/mlflow.db"
    assert target.artifacts == tmp_path / "results/_mlflow/artifacts"


def test_what_is_asked_for_goes_before_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://environment")
    assert resolve_target(tmp_path).uri == "http://environment"
    assert resolve_target(tmp_path, "http://asked").uri == "http://asked"


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("http://host:5000", "http://host:5000"),
        ("https://me:secret@host/x", "https://***@host/x"),
        ("postgresql://me:se@cret@host/db", "postgresql://***@host/db"),
        ("https://host/x?token=secret&user=me", "https://host/x?token=***&user=***"),
        ("sqlite:////a/b.db", "sqlite:////a/b.db"),
    ],
)
def test_credentials_are_not_shown(uri: str, shown: str) -> None:
    assert Target(uri, Path("x")).shown == shown


def test_credentials_within_a_message_are_masked() -> None:
    text = "API request to http://me:secret@host:1/api?token=secret failed; url: /api?key=secret"
    assert "secret" not in masked(text)
    assert "host:1/api" in masked(text)


def test_a_refusal_shows_no_credentials() -> None:
    target = Target("http://me:secret@host", Path("x"))
    error = refusal(target, RuntimeError("API request to http://me:secret@host/api failed\nand more"))
    assert "secret" not in error.message
    assert "http://***@host" in error.message
    assert "\n" not in error.message


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("[Errno 111] Connection refused"), "connection refused"),
        (RuntimeError("Read timed out. (read timeout=4)"), "does not answer in time"),
        (Timeout("x.lock"), "another process"),
        (RuntimeError(""), "RuntimeError"),
    ],
)
def test_a_refusal_is_one_clear_line(error: Exception, reason: str) -> None:
    assert reason in refusal(Target("http://host", Path("x")), error).message


def test_settings_of_the_user_stay_and_ours_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "77")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    level = logging.getLogger("alembic").level
    with mirror_settings():
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "77"
        assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "0"
        assert logging.getLogger("alembic").level == logging.CRITICAL
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in os.environ
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "77"
    assert logging.getLogger("alembic").level == level


def test_a_folder_called_mlflow_is_not_mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_installed()
    (tmp_path / "mlflow").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    for name in [name for name in sys.modules if name == "mlflow" or name.startswith("mlflow.")]:
        monkeypatch.delitem(sys.modules, name)
    assert not is_installed()
