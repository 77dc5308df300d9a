"""From what was measured to the numbers of a row: pure arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

from pkbench.bench.cases import Case
from pkbench.bench.measure import Measured, compile_seconds
from pkbench.bench.results import CaseResult, Floor, Rate, Row, Spread
from pkbench.bench.roofline import floor
from pkbench.bench.spread import spread
from pkbench.sizes.mixer import MixerShape
from pkbench.sizes.sparse import SparseShape
from pkbench.spec.train import Precision

REDUCED: Final[tuple[Precision, ...]] = ("tf32", "bf16")
"""What is timed besides fp32."""
EVALUATED: Final = 1 / 5
"""Images evaluated for each image trained on: 10,000 for 50,000 in an epoch of CIFAR."""


def case_result(case: Case, rates: tuple[Rate, ...], found: Sequence[Measured]) -> CaseResult:
    """Everything about ``case``; floors for the precisions in which something ran."""
    shape = case.shape()
    if not isinstance(shape, MixerShape | SparseShape):
        raise TypeError(f"{case.name} has no roofline")
    timed = {measured.label.precision for measured in found if measured.steps}
    ran: list[Precision] = ["fp32", *(precision for precision in REDUCED if precision in timed)]
    floors = {precision: floor(shape, case.batch, precision, rates) for precision in ran}
    by_name = {measured.label.name: measured for measured in found}
    return CaseResult(
        case=case.name,
        S=case.S,
        C=case.C,
        depth=case.depth,
        batch=case.batch,
        parameters=shape.parameters,
        rates=rates,
        floors=tuple(floors.values()),
        rows=tuple(row(case, measured, by_name, floors) for measured in found),
    )


def row(case: Case, measured: Measured, others: Mapping[str, Measured], floors: Mapping[Precision, Floor]) -> Row:
    """The numbers of one variant; of one that did not get through all rounds, its reason alone."""
    label = measured.label
    known = Row(
        variant=label.name,
        owner=label.owner,
        mixing=label.mixing,
        precision=label.precision,
        compiled=label.compiled,
        runs=label.runs,
        normal=label.normal,
        reason=measured.reason,
    )
    if measured.reason is not None or not measured.steps:
        return known
    samples = per_run(measured.steps, label.runs)
    step = spread(samples)
    data = median(per_run(measured.data, label.runs))
    evaluation = median(per_run(measured.evaluations, label.runs)) / case.test_images
    least = floors[label.precision]
    compiling = compile_seconds(measured)
    normal = None if label.normal is None else others.get(label.normal)
    return known.model_copy(
        update={
            "samples": tuple(samples),
            "step": step,
            "data_seconds": data,
            "data_share": min(1.0, data / step.median),
            "evaluation_seconds": evaluation,
            "images_per_second": 1 / (step.median / case.batch + EVALUATED * evaluation),
            "flops_per_second": least.flops / step.median,
            "gemm_share": least.compute_seconds / step.median,
            "floor_ratio": step.median / least.seconds,
            "rp_ratio": None if normal is None else paired_ratio(measured, normal),
            "peak_bytes": round(measured.peak / label.runs),
            "peak_kind": measured.peak_kind,
            "rss_bytes": None if measured.rss is None else round(measured.rss / label.runs),
            "startup_seconds": measured.startup / label.runs,
            "compile_seconds": None if compiling is None else compiling / label.runs,
            "graphs": measured.graphs,
            "recompiles": measured.graphs - measured.warm_graphs,
        }
    )


def per_run(seconds: Sequence[float], runs: int) -> list[float]:
    """Seconds of each of ``runs`` trainings that advance together."""
    return [value / runs for value in seconds]


def paired_ratio(measured: Measured, normal: Measured) -> Spread | None:
    """Step over step of the same round, each of a single run; ``None`` where the other one failed."""
    if normal.reason is not None or len(normal.steps) != len(measured.steps):
        return None
    ours, theirs = per_run(measured.steps, measured.label.runs), per_run(normal.steps, normal.label.runs)
    return spread([a / b for a, b in zip(ours, theirs, strict=True)])
