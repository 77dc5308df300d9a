"""Finding specs by path or by id."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from pkbench.errors import UsageError
from pkbench.spec.base import IDENTIFIER
from pkbench.spec.words import did_you_mean


def find_spec(name_or_path: str) -> Path:
    """The spec's file: ``name_or_path`` itself, or ``specs/<id>.toml`` in this folder or one above it.

    Raises:
        UsageError: there is neither.
    """
    path = Path(name_or_path)
    if _holds(path.exists) and not path.is_dir():
        return path
    folders = list(_folders())
    file_name = f"{name_or_path.removesuffix('.toml')}.toml"
    if re.match(IDENTIFIER, file_name):
        for folder in folders:
            candidate = folder / file_name
            if _holds(candidate.is_file):
                return candidate
    if _holds(path.is_dir):
        files = sorted(path.glob("*.toml"))
        remedy = f"name a file in it, like {files[0]}" if files else "name a spec's file or id"
        raise UsageError(
            f"{name_or_path or 'an empty name'} is a folder", constraint="a spec is a TOML file", remedy=remedy
        )
    ids = [file.stem for folder in folders for file in sorted(folder.glob("*.toml"))]
    looked = ", ".join([str(path), *(str(folder / file_name) for folder in folders)])
    near = did_you_mean(path.stem, ids)
    known = f"specs here: {', '.join(dict.fromkeys(ids))}" if ids else "`pkbench new <id>` writes one to start from"
    raise UsageError(f"there is no spec {name_or_path}", constraint=f"looked for {looked}", remedy=near or known)


def find_specs(names: list[str]) -> list[Path]:
    """The files of ``names``, each once; without names, every spec in the nearest ``specs/`` folder.

    Raises:
        UsageError: one of them is not there, or there are none.
    """
    found = [find_spec(name) for name in names]
    if not names:
        folder = nearest_folder()
        found = sorted(folder.glob("*.toml")) if folder else []
        if not found:
            raise UsageError(
                f"there are no specs in {folder}" if folder else "there is no specs/ folder here or above",
                remedy="name a file, or write a spec with `pkbench new <id>`",
            )
    once: dict[Path, Path] = {}
    for path in found:
        once.setdefault(path.resolve(), path)
    return list(once.values())


def nearest_folder() -> Path | None:
    """The ``specs/`` folder in the current folder or the nearest one above it."""
    return next(_folders(), None)


def _folders() -> Iterator[Path]:
    here = Path.cwd()
    for folder in (here, *here.parents):
        specs = folder / "specs"
        if _holds(specs.is_dir):
            yield specs.relative_to(here) if folder == here else specs


def _holds(question: Callable[[], bool]) -> bool:
    """The answer; a path that cannot even be asked about (too long, no permission) is not there."""
    try:
        return question()
    except OSError:
        return False
