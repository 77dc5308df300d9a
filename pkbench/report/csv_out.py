"""The report as flat tables: a row for each verdict, member of a family, model and run of every spec, in the report's order.

Numbers are as precise as they are known. Texts are made harmless (:func:`pkbench.report.inert.cell`); a cell is empty
where there is nothing to say. ``columns.csv`` says what every column is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pkbench.claims.checks import CheckVerdict
from pkbench.claims.groups import ModelSummary
from pkbench.claims.published import Published, published
from pkbench.claims.verdict import Estimate, Member, Verdict
from pkbench.report.checks import SCOPE, CheckStudy
from pkbench.report.csv_columns import MEMBER_COLUMNS, MODEL_COLUMNS, RUN_COLUMNS, VERDICT_COLUMNS
from pkbench.report.families import members_of, role_of
from pkbench.report.inert import cell
from pkbench.report.provenance import RunRow, run_rows
from pkbench.report.sections import quoted
from pkbench.report.study import Study
from pkbench.spec.metric import METRICS

Value = str | int | float | bool | None
Row = Mapping[str, Value]

_SIZES: Final = ("S", "C", "depth", "width", "connections", "parameters")


def csv_files(studies: Sequence[Study], checks: Iterable[CheckStudy]) -> dict[str, str]:
    """``verdicts.csv``, ``members.csv``, ``models.csv``, ``runs.csv`` and ``columns.csv``, which describes them, by name."""
    found = [(study, verdict) for study in studies for verdict in study.evaluation.verdicts]
    verdicts = [_verdict(study, verdict) for study, verdict in found]
    verdicts += [_check(study, verdict) for study in checks for verdict in study.verdicts]
    tables: dict[str, tuple[Mapping[str, str], Iterable[Row]]] = {
        "verdicts.csv": (VERDICT_COLUMNS, verdicts),
        "members.csv": (MEMBER_COLUMNS, [row for study, verdict in found for row in _members(study, verdict)]),
        "models.csv": (MODEL_COLUMNS, [row for study in studies for row in _models(study)]),
        "runs.csv": (RUN_COLUMNS, [_run(study, row) for study in studies for row in run_rows(study)]),
    }
    about = [
        {"file": name, "column": column, "meaning": meaning}
        for name, (columns, _) in tables.items()
        for column, meaning in columns.items()
    ]
    files = {name: _csv(columns, rows) for name, (columns, rows) in tables.items()}
    return files | {"columns.csv": _csv(("file", "column", "meaning"), about)}


def _verdict(study: Study, verdict: Verdict) -> Row:
    return {
        "spec": study.evaluation.spec_id,
        "kind": study.scaled.spec.experiment.kind,
        "profile": verdict.profile,
        "claim": verdict.claim_id,
        "claim_kind": verdict.kind,
        "data": verdict.data_id,
        "verdict": verdict.outcome,
        "a": verdict.a,
        "b": verdict.b,
        "metric": verdict.metric,
        "x": verdict.x,
        "effect": verdict.effect,
        "effect_low": verdict.low,
        "effect_high": verdict.high,
        "margin": verdict.margin,
        "effect_unit": _effect_unit(verdict),
        "alpha": verdict.alpha,
        "n": verdict.n,
        "n_planned": verdict.n_planned,
        "mean_a": verdict.mean_a,
        "mean_b": verdict.mean_b,
        "mean_unit": METRICS[verdict.metric].unit,
        "p_support": verdict.adjusted_support,
        "p_contradict": verdict.adjusted_contradict,
        **_published("paper_a", verdict.published_a),
        **_published("paper_b", verdict.published_b),
        "paper_p": verdict.paper_p,
        "connections_a": verdict.connections_a,
        "connections_b": verdict.connections_b,
        "statement": verdict.statement,
        "place": verdict.place,
        "scope": verdict.scope,
        "sentence": verdict.sentence,
    }


def _effect_unit(verdict: Verdict) -> str:
    unit = METRICS[verdict.metric].difference
    return f"{unit} per doubling".strip() if verdict.kind == "trend" else unit


def _members(study: Study, verdict: Verdict) -> list[Row]:
    """Every place of the families that ``verdict`` is about; none where it is about single models."""
    return [_member(study, verdict, place, member) for place, member in enumerate(verdict.members)]


def _member(study: Study, verdict: Verdict, place: int, member: Member) -> Row:
    metric = METRICS[verdict.metric]
    return {
        **_of(study),
        "claim": verdict.claim_id,
        "data": verdict.data_id,
        "metric": verdict.metric,
        "x": verdict.x,
        "x_value": member.x,
        "a": member.a,
        "b": member.b,
        "role": role_of(verdict, place),
        "n": member.of_a.n,
        **_estimated("mean_a", member.of_a),
        **_estimated("mean_b", member.of_b),
        "mean_unit": metric.unit,
        "difference": member.effect,
        "difference_low": member.low,
        "difference_high": member.high,
        "difference_unit": metric.difference if member.b is not None else "",
        "alpha": verdict.alpha,
    }


def _estimated(name: str, found: Estimate | None) -> Row:
    """A mean and its interval in three cells."""
    return {} if found is None else {name: found.mean, f"{name}_low": found.low, f"{name}_high": found.high}


def _check(study: CheckStudy, verdict: CheckVerdict) -> Row:
    return {
        "spec": study.spec_id,
        "kind": study.kind,
        "claim": verdict.claim_id,
        "claim_kind": verdict.kind,
        "verdict": verdict.outcome,
        "residual": verdict.residual,
        "tolerance": verdict.tolerance,
        "run": verdict.run_id,
        "seconds": verdict.seconds,
        "statement": verdict.statement,
        "place": verdict.place,
        "scope": SCOPE[study.kind],
        "sentence": verdict.sentence,
    }


def _models(study: Study) -> list[Row]:
    """Every model of ``study``, then the published rows that nobody runs here."""
    families = members_of(study)
    rows = [_model(study, summary, families.get(summary.model_id)) for summary in study.evaluation.models]
    for entry in quoted(study):
        names = {**_of(study), "model": entry.row, "data": entry.data, "source": "quoted"}
        rows.append({**names, **_published("paper", published(study.scaled.spec, entry.row, entry.data))})
    return rows


def _model(study: Study, summary: ModelSummary, family: str | None) -> Row:
    sizes: Row = {name: getattr(summary, name) for name in _SIZES}
    return {
        **_of(study),
        "model": summary.model_id,
        "data": summary.data_id,
        "family": family,
        "source": "run",
        **sizes,
        "lr": summary.lr,
        "n": summary.n,
        "n_planned": summary.n_planned,
        "test_error_percent": summary.mean,
        "test_error_sd_points": summary.sd,
        "test_error_low_percent": summary.low,
        "test_error_high_percent": summary.high,
        "test_error_min_percent": summary.minimum,
        "test_error_max_percent": summary.maximum,
        "validation_error_percent": summary.validation_mean,
        "train_error_percent": summary.train_mean,
        "failed_runs": len(summary.failures),
        **_published("paper", published(study.scaled.spec, summary.model_id, summary.data_id)),
    }


def _of(study: Study) -> Row:
    return {"spec": study.evaluation.spec_id, "profile": study.evaluation.profile}


def _run(study: Study, row: RunRow) -> Row:
    return {
        **_of(study),
        "run": row.run_id,
        "model": row.model,
        "data": row.data,
        "lr": row.lr,
        "seed": row.seed,
        "status": row.status,
        "counts": row.counts,
        "test_error_percent": row.test_error,
        "seconds": row.seconds,
        "data_seconds": row.data_seconds,
        "resumed": row.resumed,
        "weights_sha256": row.weights_sha256,
        "spec_sha256": row.spec_sha256,
        "commit": row.commit,
        "dirty": row.dirty,
    }


def _published(name: str, found: Published | None) -> Row:
    """A published number in three cells."""
    if found is None:
        return {}
    return {f"{name}_percent": found.mean, f"{name}_sd_points": found.sd, f"{name}_n": found.n}


def _csv(columns: Iterable[str], rows: Iterable[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, tuple(columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _written(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _written(value: Value) -> Value:
    """``value`` as the cell shows it; a text is made harmless, a number that is negative is none."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return cell(value)
        case _:
            return value
