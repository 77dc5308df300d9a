"""MLflow's settings while the mirror talks to it: quiet, private, and quick to give up."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

REQUEST_SECONDS = 4
"""How long one request to a server may take. MLflow's own default blocks for minutes when a server dies."""

_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # No retries: MLflow would also retry the creation of a run, which then exists twice. The next sync retries.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": str(REQUEST_SECONDS),
}
_LOGGERS = ("mlflow", "alembic", "sqlalchemy", "urllib3")


@contextmanager
def mirror_settings() -> Iterator[None]:
    """Set what the user has not set, and mute the loggers; both are put back at the end."""
    added = {name: value for name, value in _SETTINGS.items() if name not in os.environ}
    levels = {name: logging.getLogger(name).level for name in _LOGGERS}
    os.environ.update(added)
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name in added:
            os.environ.pop(name, None)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
