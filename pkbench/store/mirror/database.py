"""Creating the mirror's database: once, whole or not at all.

MLflow creates its tables in place. Several processes doing so at once, or one killed half-way, leave a
file that MLflow can never open again (measured: 3 of 8 kills). So the tables are made in a folder nobody
else looks into, under a lock, and the finished file is renamed into place.
"""

from __future__ import annotations

import importlib
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from filelock import FileLock

from pkbench.store.mirror.target import Target

_LOCK_SECONDS = 60


def ensure_database(target: Target) -> None:
    """Create the SQLite file of ``target``, if it is one and is not there yet."""
    file = target.sqlite_file
    if file is None or file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_name(f".{file.name}.lock"), timeout=_LOCK_SECONDS):
        if not file.exists():
            _create(file)


def _create(file: Path) -> None:
    prefix = f".{file.name}.creating-"
    for abandoned in file.parent.glob(f"{prefix}*"):  # by a process killed here; nobody else holds the lock
        shutil.rmtree(abandoned, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=file.parent))
    try:
        made, whole = folder / "made.db", folder / "whole.db"
        importlib.import_module("mlflow").MlflowClient(f"sqlite:///{made}").search_experiments(max_results=1)
        # MLflow keeps a connection to the file it made: the file put into place is a copy no one has open.
        with closing(sqlite3.connect(made)) as source, closing(sqlite3.connect(whole)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=WAL")  # the UI reads while a sync writes
        whole.replace(file)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
