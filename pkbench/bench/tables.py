"""A benchmark and a comparison as tables: the same cells for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from pkbench.bench.compare import Compared, Comparison
from pkbench.bench.results import CaseResult, Floor, Rate, Result, Row, Spread
from pkbench.report.words import plain

NOTHING: Final = "–"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Table:
    """A title, a header, rows of as many cells, and sentences below."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def tables(result: Result) -> list[Table]:
    """Of each case: speed, cost beside it, and the roofline."""
    return [table for case in result.cases for table in (speed_table(case), cost_table(case), roofline_table(case))]


def speed_table(case: CaseResult) -> Table:
    """Step times and what follows from them; variants without numbers are named below with their reasons."""
    reference = reference_row(case)
    header = (
        "variant",
        "step",
        "quartiles",
        "speed",
        "GFLOP/s",
        "of GEMM",
        "of floor",
        "RP/normal",
        "images/s",
        "data",
    )
    rows = tuple(
        (
            row.variant,
            seconds(row.step.median),
            f"{seconds(row.step.lower)} to {seconds(row.step.upper)}",
            _speed(row, reference),
            optional(row.flops_per_second, lambda value: f"{value / 1e9:.3g}"),
            optional(row.gemm_share, percent),
            optional(row.floor_ratio, lambda value: f"{value:.3g}×"),
            optional(row.rp_ratio, ratio),
            optional(row.images_per_second, lambda value: f"{value:,.0f}"),
            optional(row.data_share, percent),
        )
        for row in case.rows
        if row.step is not None
    )
    against = "" if reference is None else f" against {reference.variant}"
    return Table(f"{title(case)}: speed{against}", header, rows, tuple(reasons(case)))


def cost_table(case: CaseResult) -> Table:
    """Memory, start-up and compilation."""
    header = ("variant", "peak memory", "process", "start-up", "compiling", "graphs", "recompiles")
    rows = tuple(
        (
            row.variant,
            optional(row.peak_bytes, size),
            optional(row.rss_bytes, size),
            optional(row.startup_seconds, seconds),
            optional(row.compile_seconds, seconds),
            optional(row.graphs, str),
            optional(row.recompiles, str),
        )
        for row in case.rows
        if row.step is not None
    )
    kinds = sorted({row.peak_kind for row in case.rows if row.peak_kind is not None})
    return Table(f"{title(case)}: memory and start", header, rows, tuple(f"peak memory: {kind}" for kind in kinds))


def roofline_table(case: CaseResult) -> Table:
    """What an ideal step needs and the least time for it here; the rates that this follows from are below."""
    header = ("precision", "GFLOP", "moved", "computing", "own GEMMs", "moving", "floor")
    rows = tuple(
        (
            floor.precision,
            f"{floor.flops / 1e9:.3g}",
            size(floor.bytes),
            seconds(floor.compute_seconds),
            optional(floor.own_gemm_seconds, seconds),
            seconds(floor.memory_seconds),
            f"{seconds(floor.seconds)}, {bound(floor)}",
        )
        for floor in case.floors
    )
    return Table(f"{title(case)}: roofline", header, rows, (f"rates: {', '.join(map(rate, case.rates))}",))


def comparison_table(found: Comparison) -> Table:
    """Every row's ratio old/new with its interval and what it says, and what else changed."""
    rows = tuple(
        (plain(row.case), plain(row.variant), _ratio_cell(row), "slower, fails" if row.fails else row.verdict)
        for row in found.rows
    )
    machine = tuple(f"{case}: {name} at {change:.3g} of the old rate" for case, name, change in found.machine)
    notes = (
        "a row is faster or slower where the 95 % interval of the ratio of medians leaves out 1; it fails where the ratio is "
        f"below {1 - found.tolerance:g} too",
        *map(plain, found.differences),
        *machine,
    )
    return Table(
        "speed against the old benchmark (old / new)", ("shape", "variant", "old / new", "verdict"), rows, notes
    )


def reference_row(case: CaseResult) -> Row | None:
    """The first peer with numbers, which is what people write without thinking about speed."""
    return next((row for row in case.rows if row.owner == "peer" and row.step is not None), None)


def reasons(case: CaseResult) -> list[str]:
    """Which variants have no numbers and why: a line for each reason."""
    names: dict[str, list[str]] = {}
    for row in case.rows:
        if row.step is None:
            names.setdefault(row.reason or "not measured", []).append(row.variant)
    return [plain(f"not timed: {'; '.join(variants)} ({reason})") for reason, variants in names.items()]


def made(result: Result) -> str:
    """With what the numbers were made, in a line."""
    here = result.made
    peers = f", timm {here.timm}" if here.timm else ""
    return (
        f"pkbench {here.pkbench}, torch {here.torch}{peers}, Python {here.python}; {here.device}, {here.processor}, "
        f"{here.threads} threads on {here.cores} cores"
    )


def title(case: CaseResult) -> str:
    """The case and its sizes."""
    return f"{case.case} (S {case.S}, C {case.C}, L {case.depth}, batch {case.batch}, {case.parameters:,} parameters)"


def optional(value: T | None, show: Callable[[T], str]) -> str:
    """``show(value)``, or a dash for what there is not."""
    return NOTHING if value is None else show(value)


def seconds(value: float) -> str:
    """Three digits in the unit that fits."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3)):
        if value >= 0.9995 * scale:
            return f"{value / scale:.3g} {unit}" if value < 999.5 * scale else f"{value / scale:.0f} {unit}"
    return f"{value / 1e-6:.3g} µs"


def size(value: float) -> str:
    """Bytes in decimal units."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= 0.9995 * scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value:.0f} B"


def percent(value: float) -> str:
    """A share, to two digits below 10 %."""
    return f"{100 * value:.2g} %" if value < 0.0995 else f"{100 * value:.0f} %"


def ratio(value: Spread) -> str:
    """A ratio with its quartiles."""
    return f"{value.median:.2f} ({value.lower:.2f} to {value.upper:.2f})"


def rate(value: Rate) -> str:
    """``gemm 64x64x64 fp32 52.1 GFLOP/s``."""
    name = "copy" if value.unit == "B/s" else f"{value.what} {value.precision}"
    return f"{name} {value.per_second.median / 1e9:.3g} G{value.unit}"


def bound(floor: Floor) -> str:
    """Which of the two the floor comes from."""
    return "by computing" if floor.compute_seconds >= floor.memory_seconds else "by moving"


def _speed(row: Row, reference: Row | None) -> str:
    if row.step is None or reference is None or reference.step is None:
        return NOTHING
    return f"{reference.step.median / row.step.median:.2f}×"


def _ratio_cell(row: Compared) -> str:
    if row.ratio is None:
        return NOTHING
    if row.ratio.low is None or row.ratio.high is None:
        return f"{row.ratio.value:.3f}"
    return f"{row.ratio.value:.3f} [{row.ratio.low:.3f}, {row.ratio.high:.3f}]"
