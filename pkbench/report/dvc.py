"""What the DVC stage of a spec leaves behind: flat metrics and tables to plot. No torch, no figures."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pkbench.atomic import write_bytes
from pkbench.report import manifest
from pkbench.report.curves import curves
from pkbench.report.measured import counted_records
from pkbench.report.provenance import data_used
from pkbench.report.study import Study
from pkbench.store.files import Store

_DIGITS = 6
"""Significant digits: enough for any test set, few enough for a readable diff."""


def metrics(study: Study) -> dict[str, dict[str, Any]]:
    """One flat table by name for each verdict and each model, and one of the runs: a row each in ``dvc metrics show``.

    Errors are in per cent, effects in percentage points.
    """
    evaluation = study.evaluation
    rows: dict[str, dict[str, Any]] = {
        "runs": {
            "profile": evaluation.profile,
            "planned": evaluation.planned,
            "finished": evaluation.finished,
            "failed": evaluation.failed,
        }
    }
    for verdict in evaluation.verdicts:
        rows[f"claim.{verdict.claim_id}.{verdict.data_id}"] = {
            "verdict": verdict.outcome,
            "effect": _rounded(verdict.effect),
            "low": _rounded(verdict.low),
            "high": _rounded(verdict.high),
            "n": verdict.n,
            "p_support": _rounded(verdict.adjusted_support),
            "p_contradict": _rounded(verdict.adjusted_contradict),
        }
    for summary in evaluation.models:
        rows[f"model.{summary.model_id}.{summary.data_id}"] = {
            "test_error": _rounded(summary.mean),
            "sd": _rounded(summary.sd),
            "n": summary.n,
        }
    return rows


def write(study: Study, store: Store) -> tuple[Path, ...]:
    """Write beside the spec's records what data they rest on, ``data.json``, and ``metrics/*.json`` and ``plots/*.csv``.

    Metrics of claims and models the spec no longer has are removed.
    """
    folder = store.folder(study.evaluation.spec_id)
    contents = {
        f"metrics/{name}.json": json.dumps(row, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
        for name, row in metrics(study).items()
    }
    used = {"profile": study.evaluation.profile, "data": [asdict(data) for data in data_used(study)]}
    contents["data.json"] = json.dumps(used, indent=1, ensure_ascii=False) + "\n"
    contents["plots/learning-curves.csv"] = _learning_curves(study)
    contents["plots/errors.csv"] = _errors(study)
    contents["plots/measured.csv"] = _measured(study)
    written = tuple(folder / name for name in contents)
    for name, text in contents.items():
        write_bytes(folder / name, text.encode())
    manifest.replace(folder, written, (folder / "metrics").glob("*.json"), manifest.source_of(study))
    return written


def _learning_curves(study: Study) -> str:
    rows = [
        (point.epoch, curve.model_id, curve.data_id, point.n, *map(_rounded, (point.mean, point.low, point.high)))
        for curve in curves(study)
        for point in curve.points
    ]
    return _csv(("epoch", "model", "data", "n", "test_error", "low", "high"), rows)


def _errors(study: Study) -> str:
    rows = [
        (summary.model_id, summary.data_id, seed, _rounded(error))
        for summary in study.evaluation.models
        for seed, error in summary.errors.items()
    ]
    return _csv(("model", "data", "seed", "test_error"), rows)


def _measured(study: Study) -> str:
    rows = [
        (found.epoch, found.name, found.where, model_id, data_id, record.labels.seed, _rounded(found.value))
        for model_id, data_id, record in counted_records(study)
        for found in record.measured
    ]
    return _csv(("epoch", "name", "where", "model", "data", "seed", "value"), rows)


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
