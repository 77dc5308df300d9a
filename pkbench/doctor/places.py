"""Folders and data: whether they can be written, are large enough, and are there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import platformdirs
from filelock import FileLock

from pkbench.data.identity import content_files
from pkbench.data.places import data_folder
from pkbench.doctor.symptom import State, Symptom
from pkbench.errors import DataError, PkbenchError
from pkbench.execute.prepare import at_profile
from pkbench.spec.data import TorchvisionData
from pkbench.spec.load import LoadedSpec, load_any

_LEAST_GB = 1.0


def folders(project: Path, results: Path) -> Iterator[Symptom]:
    """The folders that pkbench writes to."""
    yield _writable("results", results, needed=True, remedy="choose another with --results or PKBENCH_RESULTS")
    yield _writable("reports", project / "reports", needed=True, remedy="choose another with --out")
    cache = platformdirs.user_cache_path("pkbench")
    yield _writable("cache", cache, needed=False, remedy="set XDG_CACHE_HOME to a folder that can be written")
    yield _writable("data", data_folder(), needed=False, remedy="set PKBENCH_DATA to a folder that can be written")
    yield _space(results)


def _writable(name: str, folder: Path, *, needed: bool, remedy: str) -> Symptom:
    """Whether a file can be made and locked in ``folder``, or where that would be made; nothing is left there."""
    there = _nearest(folder)
    try:
        with (
            tempfile.TemporaryDirectory(prefix=".pkbench-doctor-", dir=there) as trial,
            FileLock(Path(trial) / "lock", timeout=1),
        ):
            (Path(trial) / "file").write_bytes(b"pkbench")
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        state: State = "missing" if needed else "note"
        return Symptom(f"{name} folder", state, f"{folder}: cannot be written or locked ({reason})", remedy)
    return Symptom(f"{name} folder", "ok", str(folder))


def _space(folder: Path) -> Symptom:
    free = shutil.disk_usage(_nearest(folder)).free / 1e9
    found = f"{free:.1f} GB free"
    if free < _LEAST_GB:
        return Symptom("disk", "missing", found, "free space: `pkbench clean` lists what can go")
    return Symptom("disk", "ok", found)


def _nearest(folder: Path) -> Path:
    return next(above for above in (folder, *folder.parents) if above.is_dir())


def data(specs: list[Path]) -> Iterator[Symptom]:
    """The data sets of ``specs``: those of a default profile are needed, the others are told."""
    needed: dict[str, list[str]] = {}
    later: dict[str, list[str]] = {}
    here: set[str] = set()
    for path in specs:
        try:
            loaded = load_any(path)
        except PkbenchError as error:
            first = error.message.splitlines()[0]
            yield Symptom(f"spec {path.stem}", "missing", first, f"`pkbench validate {path}` names every fault of it")
            continue
        if isinstance(loaded, LoadedSpec):
            _sort(loaded, needed, later, here)
    if here:
        yield Symptom("data", "ok", f"here: {', '.join(sorted(here))}")
    for command, users in needed.items():
        yield Symptom("data", "missing", f"not here, and needed by {_some(users)}", command)
    for command, users in later.items():
        if command not in needed:
            yield Symptom("data", "note", f"not here; larger profiles use it: {_some(users)}", command)


def _sort(loaded: LoadedSpec, needed: dict[str, list[str]], later: dict[str, list[str]], here: set[str]) -> None:
    """Put the data sets of ``loaded`` where they belong, by the command that gets each."""
    names = list(loaded.spec.profile)
    default = "quick" if "quick" in names else names[0]
    used = {found.id for found in at_profile(loaded, default).data}
    spec_id = loaded.spec.experiment.id
    for found in loaded.spec.data:
        try:
            content_files(found, loaded.path.parent)
        except DataError as error:
            users = needed if found.id in used else later
            command = f"`pkbench data get {spec_id} {found.id}`"
            if isinstance(found, TorchvisionData):
                # One download serves all specs.
                command = next((known for known in users if known.endswith(f" {found.id}`")), command)
            else:
                command = error.remedy or command
            users.setdefault(command, []).append(f"{spec_id} ({found.id})")
        else:
            here.add(found.id)


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
