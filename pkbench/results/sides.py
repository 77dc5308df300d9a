"""What two things are compared: runs, profiles, result folders or commits, each as groups of records by seed and verdicts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pkbench.errors import UsageError
from pkbench.execute.prepare import at_profile, data_checksums
from pkbench.report.study import Study, read_records, study
from pkbench.results.find_run import find_run, label_of
from pkbench.results.subject import Subject, spec_folders, subjects
from pkbench.spec.load import LoadedSpec
from pkbench.store.files import Scan
from pkbench.store.record import Record

Kind = Literal["runs", "profiles", "folders", "commits"]
Key = tuple[str, ...]

_COMMIT = re.compile(r"(?:commit:)?([0-9a-f]{7,40})")


@dataclass(frozen=True, slots=True)
class Side:
    """One of two things that are compared."""

    name: str
    kind: Kind
    groups: Mapping[Key, Mapping[int, Record]]
    """Records by seed, by what is held against each other."""
    verdicts: Mapping[Key, str]
    """Outcomes by claim."""

    @property
    def records(self) -> list[Record]:
        """Every record of it."""
        return [record for group in self.groups.values() for record in group.values()]


def sides(a: str, b: str, results: Path | None) -> tuple[Side, Side]:
    """What ``a`` and ``b`` name: two runs, two of SPEC:PROFILE, two result folders, or two commits.

    Raises:
        UsageError: one names nothing, or they are of different kinds.
    """
    here: list[Subject] = []

    def known() -> list[Subject]:
        if not here:
            here.extend(subjects([], results))
        return here

    first, second = _side(a, known), _side(b, known)
    if first.kind != second.kind:
        raise UsageError(
            f"{a} is one of {first.kind}, {b} one of {second.kind}",
            constraint="two runs, two of SPEC:PROFILE, two result folders or two commits",
            remedy="name two of a kind",
        )
    if first.kind == "profiles":
        return _without_data_names(first, second)
    return first, second


def _side(text: str, known: Callable[[], list[Subject]]) -> Side:
    if _holds_results(text):
        return _of_records(text, "folders", subjects([], Path(text)), lambda _record: True)
    spec, colon, profile = text.partition(":")
    if colon and profile in ("quick", "fast", "paper"):
        return _of_profile(text, spec, profile, known())
    match = _COMMIT.fullmatch(text)
    if match is not None:
        commit = match[1]
        found = _of_records(text, "commits", known(), lambda record: (record.code.commit or "").startswith(commit))
        if found.groups:
            return found
        if text.startswith("commit:"):
            raise UsageError(f"no result here was computed at {text}", remedy=f"commits here: {_commits(known())}")
    located = find_run(known(), text)
    if not isinstance(located.record, Record):
        raise UsageError(
            f"{text} was not trained",
            constraint="runs are compared by what came out of training",
            remedy="`pkbench status --json` lists runs",
        )
    record = located.record
    return Side(f"{record.run_id[:8]} {label_of(record)}", "runs", {("the run",): {record.labels.seed: record}}, {})


def _holds_results(text: str) -> bool:
    """Whether ``text`` names a results folder; what the system cannot even look up is none."""
    try:
        return bool(spec_folders(Path(text)))
    except OSError:
        return False


def _of_profile(text: str, spec: str, profile: str, known: Iterable[Subject]) -> Side:
    subject = next((one for one in known if spec in (one.spec_id, one.typed)), None)
    if subject is None or not isinstance(subject.loaded, LoadedSpec):
        raise UsageError(
            f"{text}: there is no spec {spec} here that trains", remedy="`pkbench status` lists those with results"
        )
    found = _study(subject, profile, read_records(subject.store, subject.spec_id))
    groups: dict[Key, dict[int, Record]] = {
        (summary.model_id, summary.data_id): {
            found.records[run_id].labels.seed: found.records[run_id] for run_id in summary.run_ids
        }
        for summary in found.evaluation.models
        if summary.run_ids
    }
    if not groups:
        raise UsageError(
            f"{text} has no results here", remedy=f"compute them first: pkbench run {spec} --profile {profile}"
        )
    return Side(text, "profiles", groups, _verdicts([found], lambda _: ()))


def _of_records(text: str, kind: Kind, known: Sequence[Subject], chosen: Callable[[Record], bool]) -> Side:
    """All records that are ``chosen``, by spec, profile, model, data set and learning rate."""
    groups: dict[Key, dict[int, Record]] = {}
    studies: list[Study] = []
    for subject in known:
        scan = read_records(subject.store, subject.spec_id)
        records = {run_id: record for run_id, record in scan.records.items() if chosen(record)}
        for record in records.values():
            if record.status == "finished" and record.history:
                names = record.labels
                key = (subject.spec_id, record.profile, names.model, names.data, f"lr {names.lr:g}")
                groups.setdefault(key, {})[names.seed] = record
        if isinstance(subject.loaded, LoadedSpec):
            profiles = {record.profile for record in records.values()} & set(subject.loaded.spec.profile)
            studies += [_study(subject, profile, Scan(records, ())) for profile in sorted(profiles)]
    return Side(text, kind, groups, _verdicts(studies, lambda one: (one.evaluation.spec_id, one.evaluation.profile)))


def _study(subject: Subject, profile: str, scan: Scan[Record]) -> Study:
    loaded = subject.loaded
    if not isinstance(loaded, LoadedSpec):
        raise TypeError("only a spec that trains has a study")
    scaled = at_profile(loaded, profile)
    here, _ = data_checksums(scaled, loaded.path.parent)
    compared = subject.store.scan_comparisons(subject.spec_id)
    return study(scaled, loaded.path, loaded.sha256, scan, here, compared=compared)


def _verdicts(studies: Iterable[Study], names: Callable[[Study], Key]) -> dict[Key, str]:
    return {
        (*names(one), verdict.claim_id, verdict.data_id): verdict.outcome
        for one in studies
        for verdict in one.evaluation.verdicts
    }


def _without_data_names(a: Side, b: Side) -> tuple[Side, Side]:
    """Profiles use other data sets: where each has one, models and claims are held against each other by their own names."""
    data = [{key[-1] for key in side.groups} for side in (a, b)]
    if data[0] == data[1] or not all(len(names) == 1 for names in data):
        return a, b
    return _cut(a), _cut(b)


def _cut(side: Side) -> Side:
    (only,) = {key[-1] for key in side.groups}
    groups = {key[:-1]: group for key, group in side.groups.items()}
    return Side(
        side.name, side.kind, groups, {key[:-1]: found for key, found in side.verdicts.items() if key[-1] == only}
    )


def _commits(known: Iterable[Subject]) -> str:
    found = {
        record.code.commit[:12]
        for subject in known
        for record in subject.store.scan(subject.spec_id).records.values()
        if record.code.commit
    }
    return ", ".join(sorted(found)) or "none"
