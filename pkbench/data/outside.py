"""What an extension's data set is before anything of it is read: its files and how many images it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pkbench.data.places import resolve_file
from pkbench.errors import DataError, ExtensionError
from pkbench.spec.extension import ExtensionData


@contextmanager
def calling(data: ExtensionData, method: str) -> Iterator[None]:
    """While ``method`` of the extension behind ``data`` is called, and what it gave is looked at.

    Raises:
        DataError: something is wrong with that; the message names data set and extension.
    """
    try:
        with data.loaded().calling(method):
            yield
    except ExtensionError as error:
        what = f"data set {data.id}: {error.what}"
        raise DataError(what, constraint=error.constraint, remedy=error.remedy) from error


def outside_files(data: ExtensionData, base: Path) -> tuple[tuple[str, Path], ...]:
    """Role and place of every file behind ``data``, in order of their roles; none where it is generated.

    Raises:
        DataError: the extension fails or names no files, or one of them is not there.
    """
    with calling(data, "files"):
        found = data.loaded().extension.files(data.given(), base)
        if not isinstance(found, Mapping) or not all(
            isinstance(k, str) and isinstance(v, Path) for k, v in found.items()
        ):
            raise TypeError("it has to give a Path for each role")
        return tuple((role, resolve_file(str(path), base)) for role, path in sorted(found.items()))


def outside_counts(data: ExtensionData, base: Path) -> tuple[int, int]:
    """Images in the training and the test part of ``data``, as the extension counts them.

    Raises:
        DataError: it fails, or these are no counts.
    """
    with calling(data, "count"):
        train, test = data.loaded().extension.count(data.given(), base)
        if not all(type(count) is int and 0 <= count < 2**40 for count in (train, test)):
            raise TypeError(f"{train!r:.50} and {test!r:.50} are no counts")
    return train, test
