"""Where data files lie: as an absolute path, beside the spec, or in the user's data folder."""

from __future__ import annotations

import os
from pathlib import Path

from pkbench.cache import cache_folder
from pkbench.errors import DataError


def data_folder() -> Path:
    """``$PKBENCH_DATA``, or ``pkbench/data`` in the user's cache folder. It need not exist.

    Raises:
        DataError: ``$PKBENCH_DATA`` begins in the home of a user who has none.
    """
    configured = os.environ.get("PKBENCH_DATA")
    return _at_home(configured).absolute() if configured else cache_folder() / "data"


def candidates(path: str, base: Path) -> tuple[Path, ...]:
    """Every place ``path`` of a spec can mean, first choice first; ``base`` is the spec's folder.

    Raises:
        DataError: it begins in the home of a user who has none.
    """
    given = _at_home(path) if Path(path).parts[:1] == ("~",) else Path(path)
    if given.is_absolute():
        return (given,)
    return (base.absolute() / given, data_folder() / given)


def _at_home(path: str) -> Path:
    """``path`` with '~' as the user's home."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise DataError(
            f"{path} is in a home folder, and the system knows none of this user",
            remedy="set HOME, or write the path in full",
        ) from error


def resolve(path: str, base: Path) -> Path:
    """The first of :func:`candidates` that exists.

    Raises:
        DataError: there is nothing at any of them.
    """
    places = candidates(path, base)
    for place in places:
        if exists(place):
            return place
    raise DataError(
        f"{path} is not there",
        constraint=f"looked for {' and '.join(str(place) for place in places)}",
        remedy="put it there, correct the path in the spec, or set PKBENCH_DATA to the folder that holds it",
    )


def resolve_file(path: str, base: Path) -> Path:
    """:func:`resolve` for a path that has to be a file (DataError otherwise)."""
    place = resolve(path, base)
    if not place.is_file():
        raise DataError(f"{place} is not a file", constraint="this source reads one file", remedy="name the file")
    return place


def resolve_folder(path: str, base: Path) -> Path:
    """:func:`resolve` for a path that has to be a folder (DataError otherwise)."""
    place = resolve(path, base)
    if not place.is_dir():
        raise DataError(
            f"{place} is not a folder", constraint="this source reads a folder", remedy="name the folder of images"
        )
    return place


def exists(place: Path) -> bool:
    """Whether something is at ``place``; a path the system cannot even look up holds nothing."""
    try:
        place.stat()
    except (OSError, ValueError):
        return False
    return True
