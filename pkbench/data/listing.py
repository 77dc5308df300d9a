"""The images in a folder with one sub-folder a class: what belongs to the data set, in which order."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pkbench.errors import DataError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".tif", ".tiff"})
"""Endings (in any case) of the files that are read; other files in a class folder are left alone."""


@dataclass(frozen=True, slots=True)
class ImageFiles:
    """The images below ``root``.

    Attributes:
        root: the folder, links resolved.
        classes: names of the class folders in alphabetical order; a class's number is its place here.
        names: path of every image relative to ``root`` with ``/``, in alphabetical order.
    """

    root: Path
    classes: tuple[str, ...]
    names: tuple[str, ...]

    def path(self, name: str) -> Path:
        """Where the image ``name`` lies."""
        return self.root / name


def image_files(folder: Path) -> ImageFiles:
    """List the images of ``folder``: in each class folder, at any depth. Hidden files and folders are left out.

    Raises:
        DataError: the folder cannot be read, has no class folder, a class folder has no image, or a link
            leads out of the folder.
    """
    root = folder.resolve()
    try:
        classes = tuple(sorted(entry.name for entry in os.scandir(root) if _is_class(entry, root)))
    except OSError as error:
        raise DataError(f"{root} cannot be read: {error.strerror}", remedy="check the folder and its rights") from error
    if not classes:
        raise DataError(
            f"{root} has no sub-folders", constraint="it has one sub-folder a class", remedy="correct the path"
        )
    names: list[str] = []
    for name in classes:
        found = _images_below(root / name, root)
        if not found:
            raise DataError(
                f"{root / name} holds no image",
                constraint=f"a class folder has at least one file that ends in {', '.join(sorted(SUFFIXES))}",
                remedy="remove the folder or put the class's images there",
            )
        names += found
    return ImageFiles(root, classes, tuple(sorted(names)))


def _is_class(entry: os.DirEntry[str], root: Path) -> bool:
    """Whether ``entry`` of the folder ``root`` is a class folder."""
    if entry.name.startswith("."):
        return False
    if entry.is_symlink() and entry.is_dir():
        raise _link_error(Path(entry.path), root)
    return entry.is_dir()


def _images_below(folder: Path, root: Path) -> list[str]:
    """Paths relative to ``root`` of the images at any depth of ``folder``; OSError is not hidden by the walk."""

    def fail(error: OSError) -> None:
        raise DataError(f"{error.filename} cannot be read: {error.strerror}", remedy="check its rights") from error

    names = []
    for parent, folders, files in os.walk(folder, onerror=fail):
        folders[:] = [name for name in folders if not name.startswith(".")]
        here = Path(parent)
        for name in folders:
            if (here / name).is_symlink():
                raise _link_error(here / name, root)
        for name in files:
            path = here / name
            if name.startswith(".") or path.suffix.lower() not in SUFFIXES:
                continue
            if path.is_symlink() and not path.resolve().is_relative_to(root):
                raise _link_error(path, root)
            if not path.is_file():
                raise DataError(f"{path} is not a file", constraint="images are files", remedy="remove it")
            names.append(path.relative_to(root).as_posix())
    return names


def _link_error(link: Path, root: Path) -> DataError:
    return DataError(
        f"{link} is a link to {link.resolve()}",
        constraint=f"no link to a folder or out of {root} is followed: the images named are the images used",
        remedy="copy the images, or move them, to where the link is",
    )
