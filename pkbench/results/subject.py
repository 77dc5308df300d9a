"""Which results a command is about: those of specs that are named, or of all specs and result folders of the project."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pkbench.errors import PkbenchError, SpecError, UsageError
from pkbench.spec.files import read
from pkbench.spec.find import find_specs, nearest_folder
from pkbench.spec.load import AnyLoaded, load_any
from pkbench.store.files import Store
from pkbench.store.places import project_folder, results_folder

_KINDS = ("runs", "checks", "comparisons", "checkpoints", "weights")
"""Folders by which a folder is known to be one of results."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The results of one spec, and the spec where its file is here."""

    spec_id: str
    store: Store
    path: Path | None
    """The spec's file."""
    sha256: str | None
    """Of its bytes; ``None`` where they cannot be read."""
    loaded: AnyLoaded | None
    """The spec, where it is valid."""
    fault: str
    """Why it is not; empty where it is, or where there is no file."""

    @property
    def folder(self) -> Path:
        """Where the results are."""
        return self.store.folder(self.spec_id)

    @property
    def reports(self) -> Path:
        """Where reports on the spec are written unless told otherwise."""
        return self.store.root.parent / "reports" if self.path is None else project_folder(self.path) / "reports"

    @property
    def typed(self) -> str:
        """The spec as one would name it on the command line."""
        return self.spec_id if self.path is None else self.path.stem


def subjects(names: list[str], results: Path | None) -> list[Subject]:
    """The results of ``names`` (spec files or ids); without names of every spec here, and of every folder that has no spec.

    A spec that cannot be loaded is a subject, too: its results are there all the same.

    Raises:
        UsageError: a name is neither a spec's nor that of a folder of results, or there is nothing at all.
    """
    if names:
        return [subject for name in dict.fromkeys(names) for subject in _named(name, results)]
    paths = find_specs([]) if _has_specs() else []
    found = [subject for path in paths for subject in _of_spec(path, results)]
    roots = {subject.store.root for subject in found} or {results_folder(Path.cwd() / "any.toml", results)}
    known = {(subject.store.root, subject.spec_id) for subject in found}
    orphans = [
        _without_spec(Store(root), spec_id)
        for root in sorted(roots)
        for spec_id in spec_folders(root)
        if (root, spec_id) not in known
    ]
    if not found and not orphans:
        raise UsageError(
            "there are neither specs nor results here",
            constraint=f"looked for specs/ here and above, and for results in {', '.join(map(str, sorted(roots)))}",
            remedy="name a spec's file, or a results folder with --results",
        )
    return [*found, *orphans]


def spec_folders(root: Path) -> list[str]:
    """Names of the folders in ``root`` that hold results of a spec."""
    if not root.is_dir():
        return []
    return sorted(folder.name for folder in root.iterdir() if any((folder / kind).is_dir() for kind in _KINDS))


def _has_specs() -> bool:
    folder = nearest_folder()
    return folder is not None and any(folder.glob("*.toml"))


def _named(name: str, results: Path | None) -> Iterator[Subject]:
    try:
        (path,) = find_specs([name])
    except UsageError:
        # Results whose spec is gone, or a colleague's.
        root = results_folder(Path.cwd() / "any.toml", results)
        if name not in spec_folders(root):
            raise
        yield _without_spec(Store(root), name)
    else:
        yield from _of_spec(path, results)


def _of_spec(path: Path, results: Path | None) -> Iterator[Subject]:
    """The results of the spec in ``path``; of the one its name stands for, too, where it says to be another."""
    store = Store(results_folder(path, results))
    try:
        sha256 = hashlib.sha256(read(path)).hexdigest()
    except SpecError as error:
        yield Subject(path.stem, store, path, None, None, error.message)
        return
    try:
        loaded = load_any(path)
    except PkbenchError as error:
        yield Subject(path.stem, store, path, sha256, None, error.message.splitlines()[0])
        return
    spec_id = loaded.spec.experiment.id
    yield Subject(spec_id, store, path, sha256, loaded, "")
    if path.stem != spec_id and path.stem in spec_folders(store.root):
        fault = f'{path} says id = "{spec_id}", these results are of "{path.stem}"'
        yield Subject(path.stem, store, path, sha256, None, fault)


def _without_spec(store: Store, spec_id: str) -> Subject:
    return Subject(spec_id, store, None, None, None, "")
