"""Whether the runs behind a number were computed alike: machines, libraries, code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pkbench.claims.groups import Group
from pkbench.claims.selection import record_of
from pkbench.plan.run import Run
from pkbench.store.kinds import AnyRecord
from pkbench.store.record import Record


def device(record: AnyRecord) -> str:
    """What ``record`` was computed on: the GPU's name, or the processor's."""
    environment = record.environment
    return environment.processor if environment.device == "cpu" else environment.device


def code(record: AnyRecord) -> str:
    """The code that computed ``record``: version, commit, and whether files differed from it, which the hash of the files tells."""
    identity = record.code
    commit = "no commit known" if identity.commit is None else f"commit {identity.commit[:12]}"
    changes = ", with uncommitted changes" if identity.dirty else ""
    files = (
        f" (files {identity.files_sha256[:12]})" if identity.files_sha256 and (changes or not identity.commit) else ""
    )
    return f"pkbench {identity.version}, {commit}{changes}{files}"


def code_key(record: AnyRecord) -> tuple[str, str | None, str | None]:
    """What two records of the same code have in common: the commit, or the files themselves where it does not tell them."""
    identity = record.code
    told = identity.commit is not None and not identity.dirty
    return identity.version, identity.commit, None if told else identity.files_sha256


def difference_note(a: Group, b: Group, records: Mapping[str, Record]) -> tuple[str, ...]:
    """A warning where two groups that are compared ran on different hardware."""
    devices = [sorted({device(record) for record in _records(group.runs, records)}) for group in (a, b)]
    if not devices[0] or not devices[1] or devices[0] == devices[1]:
        return ()
    return (
        f"{a.model.id} ran on {' and '.join(devices[0])}, {b.model.id} on {' and '.join(devices[1])}: "
        "part of a difference could be the hardware's",
    )


def engine_note(a: Group, b: Group, records: Mapping[str, Record]) -> tuple[str, ...]:
    """A warning where two groups whose seconds are compared had their steps computed by different engines."""
    engines = [sorted({record.engine for record in _records(group.runs, records) if record.engine}) for group in (a, b)]
    if not engines[0] or not engines[1] or engines[0] == engines[1]:
        return ()
    return (
        f"{a.model.id} was trained by engine {' and '.join(engines[0])}, {b.model.id} by {' and '.join(engines[1])}: "
        "part of a difference in time is the engines'; pkbench run --engine reference --fresh takes one for all",
    )


def mixture_notes(runs: Iterable[Run], records: Mapping[str, Record]) -> tuple[str, ...]:
    """A sentence for each respect in which ``runs`` were not computed alike, or not by committed code."""
    found = _records(runs, records)
    notes = []
    for what, values in (
        ("hardware", {device(record) for record in found}),
        ("code", {code(record) for record in found}),
        ("PyTorch versions", {record.environment.torch for record in found}),
        *_versions(found).items(),
    ):
        if len(values) > 1:
            notes.append(f"runs were computed with different {what}: {'; '.join(sorted(values))}")
    dirty = sum(record.code.dirty is True for record in found)
    if dirty:
        notes.append(f"{dirty} of {len(found)} runs were computed with uncommitted changes to the code")
    unknown = sum(record.code.commit is None for record in found)
    if unknown:
        notes.append(f"the commit of the code is not known for {unknown} of {len(found)} runs")
    return tuple(notes)


def _versions(records: Iterable[Record]) -> dict[str, set[str]]:
    """Versions of each package whose extensions took part, by what they are called in a sentence."""
    versions: dict[str, set[str]] = {}
    for record in records:
        for extension in record.code.extensions:
            versions.setdefault(f"versions of {extension.distribution}", set()).add(extension.version)
    return versions


def _records(runs: Iterable[Run], records: Mapping[str, Record]) -> list[Record]:
    return [record for run in runs if (record := record_of(run, records)) is not None]
