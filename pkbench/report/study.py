"""Everything a report is made of: one spec at one profile with its runs, records and verdicts."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pkbench.claims.evaluate import Evaluation, evaluate
from pkbench.plan.run import Run, canonical_json, expand
from pkbench.spec.scale import Scaled, scaled_train
from pkbench.store.comparison_record import ComparisonRecord
from pkbench.store.files import Scan, Store
from pkbench.store.places import project_folder
from pkbench.store.record import Record


@dataclass(frozen=True, slots=True)
class Study:
    """One spec at one profile."""

    scaled: Scaled
    spec_path: str
    """The spec's file relative to its project, with ``/``: the same on every machine."""
    spec_sha256: str
    warnings: tuple[str, ...]
    """What loading found questionable about the spec."""
    runs: tuple[Run, ...]
    records: Mapping[str, Record]
    """Records of the spec by run id, those of other profiles included."""
    evaluation: Evaluation
    problems: tuple[str, ...]
    """Damaged records, and data sets known by their records only."""
    comparisons: Mapping[str, ComparisonRecord]
    """Records of comparisons of the spec by their id."""
    checksums: Mapping[str, str]
    """SHA-256 of the content of every sound record, by ``runs/ID`` or ``comparisons/ID``."""

    @property
    def name(self) -> str:
        """``spec-profile``: names files."""
        return f"{self.evaluation.spec_id}-{self.evaluation.profile}"

    @property
    def asked_seeds(self) -> int | None:
        """Number of seeds, where it was asked for and is not the spec's."""
        own = scaled_train(self.scaled.spec.train, self.scaled.profile).seeds
        return None if self.scaled.train.seeds == own else len(self.scaled.train.seeds)


def read_records(store: Store, spec_id: str) -> Scan[Record]:
    """The store's records of a spec; problems name files relative to the store, for a report goes elsewhere."""
    scan = store.scan(spec_id)
    problems = tuple(problem.replace(f"{store.root}{os.sep}", "") for problem in scan.problems)
    return Scan(scan.records, problems, scan.checksums)


def study(
    scaled: Scaled,
    spec_path: Path,
    spec_sha256: str,
    scan: Scan[Record],
    checksums: Mapping[str, str | None],
    *,
    warnings: Iterable[str] = (),
    compared: Scan[ComparisonRecord] | None = None,
) -> Study:
    """Evaluate ``scaled`` on what is recorded.

    Args:
        scaled: the spec at a profile.
        spec_path: its file.
        spec_sha256: of the file's bytes.
        scan: its records, from :func:`read_records`.
        checksums: of each data set whose files are here; ``None`` for the others.
        warnings: what loading the spec found questionable.
        compared: the records of its comparisons.
    """
    known, notes = known_checksums(scaled, checksums, scan.records.values())
    runs = tuple(expand(scaled, known))
    return Study(
        scaled=scaled,
        spec_path=Path(os.path.relpath(spec_path.resolve(), project_folder(spec_path))).as_posix(),
        spec_sha256=spec_sha256,
        warnings=tuple(warnings),
        runs=runs,
        records=scan.records,
        evaluation=evaluate(scaled, runs, scan.records, compared.records if compared else None),
        problems=(*scan.problems, *notes, *(compared.problems if compared else ())),
        comparisons=compared.records if compared else {},
        checksums={f"runs/{run_id}": found for run_id, found in scan.checksums.items()}
        | {f"comparisons/{run_id}": found for run_id, found in (compared.checksums if compared else {}).items()},
    )


def known_checksums(
    scaled: Scaled, here: Mapping[str, str | None], records: Iterable[Record]
) -> tuple[dict[str, str | None], tuple[str, ...]]:
    """Checksum of each data set: that of its files ``here``, or else that of the records made from it.

    A record counts for a data set if its configuration is one of ``scaled``'s in all but the checksum. Of several
    checksums the one with most records is taken, and a note says so.
    """
    checksums = {data.id: here.get(data.id) for data in scaled.data}
    absent = [data_id for data_id, found in checksums.items() if found is None]
    if not absent:
        return checksums, ()
    notes = []
    votes = _votes(list(expand(scaled, dict.fromkeys(checksums))), list(records))
    for data_id in absent:
        # Ties go to the smaller checksum, so that the same store always gives the same report.
        ranked = sorted(votes.get(data_id, Counter()).items(), key=lambda item: (-item[1], item[0]))
        if not ranked:
            continue
        checksums[data_id] = ranked[0][0]
        note = f"the files of {data_id} are not here: its runs are found by the checksum in their records"
        if len(ranked) > 1:
            note += (
                f"; they come from {len(ranked)} different versions of the data, of which the one with most runs "
                f"({ranked[0][1]}, checksum {ranked[0][0][:12]}) is used"
            )
        notes.append(note)
    return checksums, tuple(notes)


def _votes(runs: Sequence[Run], records: Sequence[Record]) -> dict[str, Counter[str]]:
    """How many records there are of each checksum, by data set; ``runs`` have none."""
    wanted: dict[str, list[str]] = {}
    for run in runs:
        wanted.setdefault(canonical_json(run.config), []).append(run.data.id)
    votes: dict[str, Counter[str]] = {}
    for record in records:
        data = record.config["data"]
        key = canonical_json(record.config | {"data": data | {"checksum": None}})
        for data_id in wanted.get(key, ()):
            votes.setdefault(data_id, Counter())[str(data.get("checksum"))] += 1
    return votes
