"""Where data files lie: as an absolute path, beside the spec, or in the user's data folder."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from pkbench.errors import DataError


def data_folder() -> Path:
    """``$PKBENCH_DATA``, or ``pkbench/data`` in the user's cache folder. It need not exist."""
    configured = os.environ.get("PKBENCH_DATA")
    if configured:
        return Path(configured).expanduser().absolute()
    return platformdirs.user_cache_path("pkbench") / "data"


def candidates(path: str, base: Path) -> tuple[Path, ...]:
    """Every place ``path`` of a spec can mean, first choice first; ``base`` is the spec's folder."""
    given = Path(path)
    if given.parts[:1] == ("~",):
        given = Path.home().joinpath(*given.parts[1:])
    if given.is_absolute():
        return (given,)
    return (base.absolute() / given, data_folder() / given)


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
