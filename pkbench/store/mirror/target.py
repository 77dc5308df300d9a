"""Where the mirror is: the tracking URI, its folder beside the results, and how it may be shown."""

from __future__ import annotations

import importlib.util
import os
import re
from dataclasses import dataclass
from pathlib import Path

TRACKING_URI = "MLFLOW_TRACKING_URI"
INSTALL = "pip install 'pkbench[mlflow]'"
_USER = re.compile(r"(?<=://)\S*@")
_QUERY = re.compile(r"([?&;][^\s=&;?]+)=[^\s&;'\")]+")


@dataclass(frozen=True, slots=True)
class Target:
    """An MLflow store.

    Attributes:
        uri: its tracking URI, credentials included: never print it, print :attr:`shown`.
        folder: the mirror's own folder under the results: locks, and database and artifacts by default.
    """

    uri: str
    folder: Path

    @property
    def shown(self) -> str:
        """The URI without credentials."""
        return masked(self.uri)

    @property
    def is_server(self) -> bool:
        """Whether a tracking server answers there, rather than a database that this process opens."""
        return self.uri.startswith(("http://", "https://"))

    @property
    def artifacts(self) -> Path:
        """Folder of the artifacts where no server keeps them."""
        return self.folder / "artifacts"

    @property
    def sqlite_file(self) -> Path | None:
        """The file of an SQLite URI."""
        found = re.fullmatch(r"sqlite(?:\+\w+)?:///([^?]+)(?:\?.*)?", self.uri)
        return Path(found[1]) if found and found[1] != ":memory:" else None


def is_installed() -> bool:
    """Whether MLflow can be imported; a folder that is merely called ``mlflow`` does not count."""
    found = importlib.util.find_spec("mlflow")
    return found is not None and found.origin is not None


def resolve_target(results: Path, uri: str | None = None) -> Target:
    """``uri``, or ``$MLFLOW_TRACKING_URI``, or a database under ``results``.

    MLflow's own default is a database in the working directory: it would move with every ``cd``.
    """
    folder = results.resolve() / "_mlflow"
    return Target(uri or os.environ.get(TRACKING_URI) or f"sqlite:///{folder / 'mlflow.db'}", folder)


def masked(text: str) -> str:
    """``text`` with user, password and query values of every URI in it replaced by stars."""
    return _QUERY.sub(r"\1=***", _USER.sub("***@", text))
