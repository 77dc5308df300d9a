"""Python, the libraries, the compiler and the code itself."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from collections.abc import Iterator

from pkbench import __version__
from pkbench.doctor.symptom import Symptom
from pkbench.execute.context import code_identity
from pkbench.native.library import UnavailableError, find_compiler, library

_OLDEST, _NEWEST = (3, 11), (3, 13)
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_EXTRAS = {"mlflow": "mirrors results in MLflow's pages", "dvc": "runs all specs as a pipeline"}


def software() -> Iterator[Symptom]:
    """Everything that is installed, or is not."""
    yield _python()
    yield _code()
    yield _libraries()
    yield from (_extra(name, purpose) for name, purpose in _EXTRAS.items())
    yield _compiler()


def _python() -> Symptom:
    here = sys.version_info[:2]
    found = sys.version.split()[0]
    if here < _OLDEST:
        return Symptom(
            "Python", "missing", found, "install Python 3.11, 3.12 or 3.13, then `make demo PYTHON=python3.12`"
        )
    if here > _NEWEST:
        return Symptom("Python", "note", f"{found}, which nothing is tested with", "`make demo PYTHON=python3.13`")
    return Symptom("Python", "ok", found)


def _code() -> Symptom:
    code = code_identity()
    if code.commit is None:
        return Symptom("code", "ok", f"pkbench {__version__}, no checkout; files {code.files_sha256 or '?'}")
    found = f"pkbench {__version__}, commit {code.commit[:12]}"
    if code.dirty:
        remedy = "commit them before results that others are to repeat: `git status`"
        return Symptom("code", "note", f"{found}, with uncommitted changes", remedy)
    return Symptom("code", "ok", found)


def _libraries() -> Symptom:
    """The libraries that pkbench says it needs, by what is installed; nothing is imported."""
    try:
        required = importlib.metadata.requires("pkbench") or []
    except importlib.metadata.PackageNotFoundError:
        return Symptom("libraries", "note", "pkbench itself is not installed here", "`pip install .` in its folder")
    names = [match[0] for text in required if "extra ==" not in text and (match := _NAME.match(text))]
    absent = [name for name in names if _version(name) is None]
    if absent:
        return Symptom(
            "libraries", "missing", f"{', '.join(absent)} not installed", f"`pip install {' '.join(absent)}`"
        )
    return Symptom("libraries", "ok", f"all {len(names)} are installed")


def _extra(name: str, purpose: str) -> Symptom:
    version = _version(name)
    if version is None:
        return Symptom(
            name, "note", f"not installed; it {purpose}, and nothing else needs it", f"`pip install '.[{name}]'`"
        )
    return Symptom(name, "ok", version)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _compiler() -> Symptom:
    """The compiler, and whether the native engine can be made with it: it is made if it was not."""
    try:
        command = " ".join(find_compiler())
        tiles = library().pk_has_tiles()
    except UnavailableError as error:
        found = f"{error}; Mixers on a CPU are trained by PyTorch, which takes longer"
        return Symptom("native engine", "note", found, "install a C compiler (`apt install gcc`), or name one in CC")
    unit = ", with products of bf16 by the processor's matrix unit" if tiles else ""
    return Symptom("native engine", "ok", f"compiled by {command}{unit}")
