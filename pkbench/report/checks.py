"""The report on a theory or audit spec: a verdict for each claim, for the terminal, as data and as metrics."""

from __future__ import annotations

import dataclasses
import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from pkbench.atomic import write_bytes
from pkbench.claims.checks import CheckOutcome, CheckVerdict, judge
from pkbench.plan.check import checks_of
from pkbench.report import manifest
from pkbench.report.marks import check_marks, marked
from pkbench.report.words import NOTHING, plain
from pkbench.spec.load import LoadedChecks
from pkbench.store.check_record import CheckRecord
from pkbench.store.files import Store
from pkbench.store.places import project_folder

SCOPE: Final = {
    "theory": "Formulas on random cases: the same at every scale.",
    "audit": "The paper's stated settings and numbers against each other: nothing is trained.",
}
"""What verdicts of each kind of spec speak about."""

_WORDS: Final[dict[str, dict[CheckOutcome, str]]] = {
    "theory": {"supported": "✓ supported", "contradicted": "✗ contradicted", "not assessed": "– not assessed"},
    "audit": {"supported": "✓ consistent", "contradicted": "✗ inconsistent", "not assessed": "– not assessed"},
}
_STYLES: Final[dict[CheckOutcome, str]] = {"supported": "green", "contradicted": "red", "not assessed": "dim"}


@dataclass(frozen=True, slots=True)
class CheckStudy:
    """One theory or audit spec with its verdicts."""

    spec_id: str
    kind: str
    title: str
    paper: str
    spec_path: str
    """The spec's file relative to its project."""
    spec_sha256: str
    verdicts: tuple[CheckVerdict, ...]
    records: Mapping[str, CheckRecord]
    """Records that count, by run id."""
    checksums: Mapping[str, str]
    """SHA-256 of their content."""
    warnings: tuple[str, ...]
    problems: tuple[str, ...]

    def outcomes(self) -> dict[CheckOutcome, int]:
        """How many verdicts there are of each outcome."""
        return dict(Counter(verdict.outcome for verdict in self.verdicts))

    def word(self, verdict: CheckVerdict) -> str:
        """Sign and word of a verdict."""
        return _WORDS[self.kind][verdict.outcome]


def check_study(loaded: LoadedChecks, store: Store) -> CheckStudy:
    """What is recorded of the checks of ``loaded``."""
    experiment = loaded.spec.experiment
    scan = store.scan_checks(experiment.id)
    checks = checks_of(loaded.spec)
    wanted = {check.run_id for check in checks}
    return CheckStudy(
        spec_id=experiment.id,
        kind=experiment.kind,
        title=experiment.title,
        paper=experiment.paper,
        spec_path=Path(os.path.relpath(loaded.path.resolve(), project_folder(loaded.path))).as_posix(),
        spec_sha256=loaded.sha256,
        verdicts=tuple(judge(check, scan.records) for check in checks),
        records={run_id: record for run_id, record in scan.records.items() if run_id in wanted},
        checksums={run_id: found for run_id, found in scan.checksums.items() if run_id in wanted},
        warnings=tuple(
            str(dataclasses.replace(fault, place=dataclasses.replace(fault.place, file="line")))
            for fault in loaded.warnings
        ),
        problems=tuple(problem.replace(f"{store.root}{os.sep}", "") for problem in scan.problems),
    )


def summary(study: CheckStudy) -> str:
    """How many claims came out how: ``36 supported, 3 contradicted``."""
    words = _WORDS[study.kind]
    counts = study.outcomes()
    return ", ".join(f"{counts[outcome]} {word[2:]}" for outcome, word in words.items() if counts.get(outcome))


def number(value: float | None) -> str:
    """A residual or tolerance, two digits."""
    return NOTHING if value is None else f"{value:.2g}"


def verdict_table(study: CheckStudy) -> Table:
    """A row for each verdict, for the terminal."""
    title = Text(f"{study.spec_id}: {plain(study.title)}. {SCOPE[study.kind]}")
    result = Table(title=title, title_justify="left", title_style="bold")
    for name in ("claim", "verdict", "residual", "tolerance", "found"):
        result.add_column(name, overflow="fold", no_wrap=name == "verdict")
    signs = check_marks(study)
    for verdict in study.verdicts:
        result.add_row(
            Text(verdict.claim_id),
            Text(marked(study.word(verdict), signs.of((verdict.run_id,))), style=_STYLES[verdict.outcome]),
            Text(number(verdict.residual)),
            Text(number(verdict.tolerance)),
            Text(plain(verdict.sentence)),
        )
    return result


def study_data(study: CheckStudy) -> dict[str, Any]:
    """Everything known of one study, as JSON values."""
    return {
        "spec": study.spec_id,
        "kind": study.kind,
        "title": study.title,
        "paper": study.paper,
        "path": study.spec_path,
        "sha256": study.spec_sha256,
        "scope": SCOPE[study.kind],
        "verdicts": [
            dataclasses.asdict(verdict) | {"values": [{"name": n, "value": v} for n, v in verdict.values]}
            for verdict in study.verdicts
        ],
        "marks": check_marks(study).legend(),
        "warnings": list(study.warnings),
        "problems": list(study.problems),
    }


def write_metrics(study: CheckStudy, store: Store) -> tuple[Path, ...]:
    """Write ``metrics/claim.*.json`` beside the checks, a flat row each for ``dvc metrics show``; old ones are removed."""
    spec_folder = store.folder(study.spec_id)
    folder = spec_folder / "metrics"
    rows = {
        folder / f"claim.{verdict.claim_id}.json": {
            "verdict": verdict.outcome,
            "residual": None if verdict.residual is None else float(f"{verdict.residual:.6g}"),
            "tolerance": verdict.tolerance,
        }
        for verdict in study.verdicts
    }
    for path, row in rows.items():
        write_bytes(path, (json.dumps(row, indent=1, allow_nan=False) + "\n").encode())
    manifest.replace(spec_folder, rows, folder.glob("*.json"), manifest.source_of_checks(study))
    return tuple(rows)
