import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The variables of a user who has never run pkbench, with caches of the session's user for speed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PKBENCH_", "MLFLOW_"))}
    return kept | {"COLUMNS": "200", "MLFLOW_DISABLE_TELEMETRY": "true"}


@pytest.fixture
def pkbench(tmp_path: Path, environment: dict[str, str]) -> Command:
    """Runs the command in ``tmp_path``."""

    def run(*arguments: str, cwd: Path = tmp_path, timeout: float = 120) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "pkbench", *arguments],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run
