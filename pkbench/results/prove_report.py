"""Proving written reports: every page, figure and table is the one that was written, and made from the records there are now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pkbench.errors import UsageError
from pkbench.report.manifest import NAME, Manifest, Source, read, wanted_records
from pkbench.results.discrepancy import Discrepancy, Proof
from pkbench.results.subject import Subject
from pkbench.results.wanted import scaled_runs
from pkbench.spec.load import LoadedSpec
from pkbench.store.record import Record
from pkbench.store.seal import is_as_sealed


@dataclass(frozen=True, slots=True)
class Proven:
    """The sound records of one spec: what its reports may be made from."""

    subject: Subject
    records: Mapping[str, Record]
    checksums: Mapping[str, str]
    """SHA-256 of the content of every sound record, by ``runs/ID``, ``comparisons/ID`` or ``checks/ID``."""


def prove_reports(
    folder: Path, specs: Mapping[str, Proven], proof: Proof, *, named: bool, command: str = "pkbench report"
) -> None:
    """Prove the files that the manifest in ``folder`` names, and those of the folders it names.

    Args:
        folder: of a report.
        specs: by id, what reports may be made from.
        proof: where to put what is found.
        named: whether only files about ``specs`` are meant; otherwise a report without a manifest is no proof either.
        command: what writes them.
    """
    again = f"`{command}` writes it again"
    found = _manifest(folder, proof, again)
    if found is None:
        if not (folder / NAME).exists() and (folder / "index.md").is_file() and not named:
            what, means = "it has no manifest", "nothing says what it was made from"
            proof.discrepancies.append(Discrepancy("stale", str(folder / "index.md"), what, means, again))
        return
    _prove_files(folder, found, specs, proof, again)
    for other in found.elsewhere:
        place = (folder / other).resolve()
        tables = _manifest(place, proof, f"{again} with them")
        if tables is not None:
            _prove_files(place, tables, specs, proof, f"{again} with them")
        elif not (place / NAME).exists():
            what, means = "its manifest is not there", "nothing says what these tables were made from"
            proof.discrepancies.append(Discrepancy("damaged", str(place), what, means, f"{again} with them"))


def _manifest(folder: Path, proof: Proof, again: str) -> Manifest | None:
    """The manifest in ``folder`` if it can be believed; what is wrong with it goes to ``proof``."""
    try:
        found = read(folder)
        reason = (
            ""
            if found is None or is_as_sealed((folder / NAME).read_bytes())
            else "its bytes are not as pkbench writes them"
        )
    except (OSError, ValueError) as error:
        found, reason = None, str(error)
    if reason:
        means = "nothing says any more what the files beside it were made from"
        proof.discrepancies.append(Discrepancy("damaged", str(folder / NAME), reason, means, again))
    return found


def _prove_files(folder: Path, manifest: Manifest, specs: Mapping[str, Proven], proof: Proof, again: str) -> None:
    known = {key: source for key, source in manifest.sources.items() if source.spec in specs}
    reasons = {key: tuple(_reasons(source, specs[source.spec])) for key, source in known.items()}
    for name, entry in manifest.files.items():
        about = [key for key in entry.sources if key in known]
        if not about:
            continue
        path = folder / name
        found = [*_altered(path, entry.sha256, again)]
        stale = list(dict.fromkeys(reason for key in about for reason in reasons[key]))
        if stale and not found:
            means = "its numbers are those of before"
            found = [Discrepancy("stale", str(path), "; ".join(stale), means, again)]
        if proof.extend(found):
            proof.proven["files of reports"] += 1


def _altered(path: Path, sha256: str, again: str) -> Iterator[Discrepancy]:
    try:
        if hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
            return
        what, means = "these are not the bytes that were written", "what it shows is proven by nothing"
    except FileNotFoundError:
        what, means = "it is not there", "the report is not whole"
    except OSError as error:
        what, means = f"it cannot be read ({error.strerror})", "the report is not whole"
    yield Discrepancy("damaged", str(path), what, means, again)


def _reasons(source: Source, now: Proven) -> Iterator[str]:
    """Why what was made from ``source`` is no longer what would be made."""
    gone = [name for name in source.records if name not in now.checksums]
    other = [name for name, checksum in source.records.items() if now.checksums.get(name, checksum) != checksum]
    for names, what in ((gone, "no sound record any more"), (other, "another record now")):
        if names:
            yield f"{names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''} {_have(names)} {what}"
    if now.subject.sha256 is not None and source.spec_sha256 != now.subject.sha256:
        yield f"the spec {source.spec} is another text now"
    new = [name for name in _wanted(source, now) if name in now.checksums and name not in source.records]
    if new:
        yield f"{len(new)} records of {source.spec} were not there yet"


def _have(names: list[str]) -> str:
    return "has" if len(names) == 1 else "have"


def _wanted(source: Source, now: Proven) -> tuple[str, ...]:
    """Names of the records that a report like this one would be made from now."""
    loaded = now.subject.loaded
    if source.profile is None:
        return tuple(name for name in now.checksums if name.startswith("checks/"))
    if not isinstance(loaded, LoadedSpec):
        return ()
    try:
        return wanted_records(*scaled_runs(loaded, source.profile, source.seeds, now.records))
    except UsageError:
        return ()
