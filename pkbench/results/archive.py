"""Results as one archive: records, kept weights, and a sealed manifest of every file's size and checksum."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import shlex
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from pkbench import __version__
from pkbench.errors import StoreError, UsageError
from pkbench.results.subject import Subject
from pkbench.spec.base import IDENTIFIER
from pkbench.store.files import record_files
from pkbench.store.kinds import KINDS, decode_any
from pkbench.store.record import Record, RecordPart
from pkbench.store.seal import seal

NAME: Final = "manifest.json"
ENDINGS: Final = (".tar.gz", ".tgz", ".zip")

_MEMBER = re.compile(
    rf"(?P<spec>{IDENTIFIER.strip('^$')})/(?:(?P<kind>runs|checks|comparisons)/(?P<id>[0-9a-f]{{16}})\.json"
    r"|weights/(?P<weights>[0-9a-f]{16})\.pt)"
)


class Member(RecordPart):
    """One file of an archive."""

    name: str
    size: int = Field(ge=0)
    sha256: str = Field(pattern="[0-9a-f]{64}")


class Contents(RecordPart):
    """The manifest: every file of an archive but itself."""

    format: Literal[1] = 1
    version: str
    """Of pkbench that wrote it."""
    members: tuple[Member, ...] = Field(strict=False)


@dataclass(frozen=True, slots=True)
class Place:
    """What a member's name says it is."""

    spec_id: str
    kind: str
    """runs, checks, comparisons or weights."""
    run_id: str


def place_of(name: str) -> Place:
    """What the member called ``name`` is.

    Raises:
        ValueError: it is none of the files that an archive of results has.
    """
    match = _MEMBER.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} is no file of results")
    return Place(match["spec"], match["kind"] or "weights", match["id"] or match["weights"])


def write_archive(subjects: Iterable[Subject], out: Path) -> tuple[Contents, tuple[str, ...]]:
    """Write the sound results of ``subjects`` to ``out`` in one step; its contents, and a sentence for each file left out.

    The same results give the same bytes.

    Raises:
        UsageError: the ending is not one of :data:`ENDINGS`, or there is nothing to write.
        StoreError: the archive cannot be written.
    """
    if not out.name.endswith(ENDINGS):
        raise UsageError(
            f"{out} is no archive's name",
            constraint=f"it ends in {', '.join(ENDINGS)}",
            remedy=f"for instance --out {shlex.quote(f'{out.name}{ENDINGS[0]}')}",
        )
    files, problems = _sound(subjects)
    if not files:
        raise UsageError("there are no sound results to export", remedy="`pkbench verify-results` says what is damaged")
    try:
        members = tuple(_described(name, path) for name, path in files)
        contents = Contents(version=__version__, members=members)
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(prefix=f".{out.name}.", suffix=".tmp", dir=out.parent, delete=False) as file:
            temporary = Path(file.name)
        try:
            _pack(temporary, out.name.endswith(".zip"), seal("manifest", contents.model_dump(mode="json")), files)
            temporary.replace(out)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot write {out}: {error.strerror or error}", remedy="free space or choose another place"
        ) from error
    return contents, problems


def _sound(subjects: Iterable[Subject]) -> tuple[list[tuple[str, Path]], tuple[str, ...]]:
    files: list[tuple[str, Path]] = []
    problems: list[str] = []
    for subject in subjects:
        weights: list[tuple[str, Path]] = []
        for kind in KINDS:
            for path in record_files(subject.folder / kind):
                try:
                    record, _ = decode_any(path.read_bytes(), kind, path.stem)
                except (OSError, ValueError) as error:
                    problems.append(f"{path}: left out: {error}")
                    continue
                files.append((f"{subject.spec_id}/{kind}/{path.name}", path))
                kept = subject.store.weights_path(subject.spec_id, path.stem)
                if isinstance(record, Record) and record.kept_sha256 is not None and kept.is_file():
                    if hashlib.sha256(kept.read_bytes()).hexdigest() == record.kept_sha256:
                        weights.append((f"{subject.spec_id}/weights/{kept.name}", kept))
                    else:
                        problems.append(f"{kept}: left out: these are not the weights of its run")
        files += weights
    return sorted(files), tuple(problems)


def _described(name: str, path: Path) -> Member:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Member(name=name, size=file.tell(), sha256=digest)


def _pack(out: Path, as_zip: bool, manifest: bytes, files: Sequence[tuple[str, Path]]) -> None:
    """Write ``manifest`` first, then ``files``; without times, owners or modes, which are nobody's business."""
    if as_zip:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo(NAME), manifest, zipfile.ZIP_DEFLATED)
            for name, path in files:
                archive.writestr(zipfile.ZipInfo(name), path.read_bytes(), zipfile.ZIP_DEFLATED)
        return
    with (
        out.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        _add(tar, NAME, manifest)
        for name, path in files:
            _add(tar, name, path.read_bytes())


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))
