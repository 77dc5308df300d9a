"""The whole report as data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic_core import to_json, to_jsonable_python

from pkbench.claims.published import paper_tests
from pkbench.report.checks import CheckStudy
from pkbench.report.checks import study_data as check_data
from pkbench.report.comparisons import Compared, compared
from pkbench.report.curves import curves
from pkbench.report.families import paper_points_data
from pkbench.report.marks import marks
from pkbench.report.measured import series
from pkbench.report.provenance import circumstances, data_used, run_rows
from pkbench.report.study import Study
from pkbench.report.trust import trust
from pkbench.visible import in_json

FORMAT = 1


def report_data(studies: Iterable[Study], checks: Iterable[CheckStudy] = ()) -> dict[str, Any]:
    """Every number of the report: errors in per cent, effects in their metric's unit, for errors percentage points, times in seconds."""
    return {
        "format": FORMAT,
        "studies": [study_data(study) for study in studies],
        "checks": [check_data(study) for study in checks],
    }


def report_json(studies: Iterable[Study], checks: Iterable[CheckStudy] = ()) -> str:
    """:func:`report_data` as text, the same for the same store."""
    # In a tenth of the time that the standard library takes where it has to indent.
    return in_json(to_json(report_data(studies, checks), indent=1).decode()) + "\n"


def study_data(study: Study) -> dict[str, Any]:
    """Everything known of one study."""
    spec, evaluation = study.scaled.spec, study.evaluation
    return {
        "spec": spec.experiment.id,
        "title": spec.experiment.title,
        "paper": spec.experiment.paper,
        "path": study.spec_path,
        "sha256": study.spec_sha256,
        "profile": evaluation.profile,
        "scope": evaluation.scope,
        "runs": {"planned": evaluation.planned, "finished": evaluation.finished, "failed": evaluation.failed},
        "verdicts": _plain(evaluation.verdicts),
        "models": _plain(evaluation.models),
        "measured": _plain(series(study)),
        "comparisons": [_comparison(found) for found in compared(study)],
        "curves": _plain(curves(study)),
        "reported": [entry.model_dump(mode="json") for entry in spec.reported],
        "paper_points": paper_points_data(study),
        "paper_tests": [_plain(found) | {"p": found.p} for found in paper_tests(spec)],
        "assumptions": dict(spec.assumption),
        "marks": marks(study).legend(),
        "trust": trust(study),
        "warnings": list(study.warnings),
        "provenance": {
            "circumstances": [_plain(found) | {"runs": n} for found, n in circumstances(study)],
            "data": _plain(data_used(study)),
            "runs": _plain(run_rows(study)),
        },
    }


def _plain(values: object) -> Any:
    """Dataclasses as JSON has them, in a fifth of the time that ``dataclasses.asdict`` takes."""
    return to_jsonable_python(values, inf_nan_mode="constants")


def _comparison(found: Compared) -> dict[str, Any]:
    """One comparison with the numbers of every pair."""
    return {
        "compare": found.compare.model_dump(mode="json"),
        "data": found.data_id,
        "planned": found.planned,
        "diagonal": found.diagonal,
        "low": found.low,
        "high": found.high,
        "matrix": found.matrix,
        "pairs": [
            {"id": pair.run_id, "seeds": pair.seeds, "diagonal": pair.diagonal_mean, "matrix": pair.matrix}
            for pair in found.records
        ],
    }
