"""What a written report was made from: ``manifest.json`` in its folder, the SHA-256 of every file and of every record behind it.

It carries its own checksum, like a record. A folder that reports of several specs go to has one, which each adds to.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field, ValidationError

from pkbench import __version__
from pkbench.atomic import write_bytes
from pkbench.plan.compare import comparisons
from pkbench.plan.run import Run
from pkbench.spec.scale import Scaled
from pkbench.store.code import package_sha256
from pkbench.store.record import RecordPart
from pkbench.store.seal import checksum_of, seal, unseal

if TYPE_CHECKING:
    from pkbench.report.checks import CheckStudy
    from pkbench.report.study import Study

NAME: Final = "manifest.json"
_KEY_DIGITS: Final = 12


class Source(RecordPart):
    """One spec, at one profile where it trains, as it was when the report was written."""

    spec: str
    profile: str | None
    """``None`` for a spec whose claims are computed."""
    seeds: int | None
    """Number of seeds, where it was asked for and is not the spec's."""
    spec_sha256: str
    data: dict[str, str | None]
    """Checksum of each data set by its id; ``None`` where it was not known."""
    records: dict[str, str]
    """SHA-256 of the content of each record that was used, by ``runs/ID``, ``comparisons/ID`` or ``checks/ID``."""


class Written(RecordPart):
    """One file of the report."""

    sha256: str
    sources: Annotated[tuple[str, ...], Field(strict=False)]
    """Keys of what it was made from."""


class Manifest(RecordPart):
    """What is known of the files of one folder. Names are relative to it, with ``/``."""

    format: Literal[1] = 1
    version: str
    """Of pkbench, when it last wrote here."""
    files_sha256: str
    """Of the package's files then (:mod:`pkbench.store.code`)."""
    sources: dict[str, Source]
    files: dict[str, Written]
    elsewhere: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Folders of tables that were written along, each with a manifest of its own."""


def wanted_records(scaled: Scaled, runs: Sequence[Run]) -> tuple[str, ...]:
    """Names of all records that a report on ``runs`` of ``scaled`` is made from, where they are there."""
    trained = [f"runs/{run.run_id}" for run in runs if run.run_id is not None]
    compared = [f"comparisons/{found.run_id}" for found in comparisons(scaled.compares, runs)]
    return tuple(dict.fromkeys([*trained, *compared]))


def source_of(study: Study) -> Source:
    """What a report on ``study`` is made from."""
    wanted = wanted_records(study.scaled, study.runs)
    return Source(
        spec=study.evaluation.spec_id,
        profile=study.evaluation.profile,
        seeds=study.asked_seeds,
        spec_sha256=study.spec_sha256,
        data={run.data.id: run.config["data"]["checksum"] for run in study.runs},
        records={name: study.checksums[name] for name in wanted if name in study.checksums},
    )


def source_of_checks(study: CheckStudy) -> Source:
    """What a report on computed claims is made from."""
    return Source(
        spec=study.spec_id,
        profile=None,
        seeds=None,
        spec_sha256=study.spec_sha256,
        data={},
        records={f"checks/{run_id}": checksum for run_id, checksum in sorted(study.checksums.items())},
    )


def read(folder: Path) -> Manifest | None:
    """The manifest in ``folder``, ``None`` where there is none.

    Raises:
        ValueError: it is not whole, or of another format.
        OSError: it cannot be read.
    """
    try:
        raw = (folder / NAME).read_bytes()
    except FileNotFoundError:
        return None
    try:
        found = Manifest.model_validate(unseal(raw, "manifest")[0])
    except ValidationError as error:
        raise ValueError(f"it has another format ({error.error_count()} unexpected fields)") from error
    # Files that it names are deleted by `pkbench clean` when they are stale: it may name none but its own.
    outside = next((name for name in found.files if PurePosixPath(name).is_absolute() or ".." in name.split("/")), None)
    if outside is not None:
        raise ValueError(f"it names {outside!r}, which is not in its folder")
    return found


def add(folder: Path, written: Mapping[Path, Sequence[Source]], elsewhere: Iterable[Path] = ()) -> Path:
    """Say in the manifest of ``folder`` what the files ``written`` were made from; what it says of others stays.

    A manifest that is not sound is replaced by one of these files only.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        before = read(folder)
    except (OSError, ValueError):
        before = None
    sources = dict(before.sources) if before else {}
    files = dict(before.files) if before else {}
    for path, made_from in written.items():
        keyed = {_key(source): source for source in made_from}
        sources |= keyed
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        files[path.relative_to(folder).as_posix()] = Written(sha256=digest, sources=tuple(keyed))
    others = {Path(os.path.relpath(other, folder)).as_posix() for other in elsewhere} - {"."}
    return _write(folder, sources, files, {*(before.elsewhere if before else ()), *others})


def replace(folder: Path, written: Iterable[Path], old: Iterable[Path], source: Source) -> None:
    """Delete the files ``old`` that were not ``written`` now, and say in the manifest of ``folder`` what the others were made from.

    Raises:
        StoreError: the manifest cannot be written.
    """
    now = tuple(written)
    add(folder, dict.fromkeys(now, (source,)))
    gone = set(old) - set(now)
    remove(folder, [path.relative_to(folder).as_posix() for path in gone])
    for path in gone:
        path.unlink(missing_ok=True)


def remove(folder: Path, names: Iterable[str]) -> None:
    """Forget the files called ``names`` in the manifest of ``folder``, which is sound."""
    manifest = read(folder)
    if manifest is not None:
        gone = set(names)
        files = {name: entry for name, entry in manifest.files.items() if name not in gone}
        _write(folder, manifest.sources, files, manifest.elsewhere)


def _write(folder: Path, sources: Mapping[str, Source], files: Mapping[str, Written], elsewhere: Iterable[str]) -> Path:
    used = {key for entry in files.values() for key in entry.sources}
    manifest = Manifest(
        version=__version__,
        files_sha256=package_sha256(),
        sources={key: source for key, source in sorted(sources.items()) if key in used},
        files=dict(sorted(files.items())),
        elsewhere=tuple(sorted(elsewhere)),
    )
    write_bytes(folder / NAME, seal("manifest", manifest.model_dump(mode="json")))
    return folder / NAME


def _key(source: Source) -> str:
    """Names a source: a file that was not written again keeps what it was made from, though its spec has newer records."""
    name = source.spec if source.profile is None else f"{source.spec}-{source.profile}"
    return f"{name}:{checksum_of(source.model_dump(mode='json'))[:_KEY_DIGITS]}"
