"""A whole benchmark: every case with its ceilings, ours and the peers."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Final

import torch

from pkbench import __version__
from pkbench.bench.cases import Case
from pkbench.bench.ceilings import bf16_refusal, measure_rates
from pkbench.bench.measure import measure_variants, settings
from pkbench.bench.ours import ours_of
from pkbench.bench.peers import peers_of
from pkbench.bench.results import CaseResult, Made, Result
from pkbench.bench.rows import case_result
from pkbench.bench.variant import Label, Variant
from pkbench.errors import UsageError
from pkbench.execute.context import environment

ROUNDS: Final = 9
FEW_ROUNDS: Final = 5
"""For cases whose step takes seconds, and for ``--quick``."""
RATE_SECONDS: Final = 0.5
QUICK_RATE_SECONDS: Final = 0.2
LEFT_OUT: Final = "compiling takes long and is left out of --quick"
"""Of all that is compiled but timm's Mixer, the best peer."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to measure. ``rounds`` is ``None`` for each case's own number."""

    engines: Sequence[str]
    rounds: int | None
    threads: int
    device: str
    quick: bool
    stack: int | None = None
    """Runs of ours at once, besides those one after another."""
    only: Sequence[str] = ()
    """Parts of names, in any of which a variant's has to be found; none: all are timed."""

    def rounds_of(self, case: Case) -> int:
        """Samples of each variant of ``case``."""
        return self.rounds or (FEW_ROUNDS if self.quick or case.few else ROUNDS)


def benchmark(
    cases: Sequence[Case], options: Options, say: Callable[[str], None], keep: Callable[[Result], None]
) -> Result:
    """Measure ``cases`` one after the other.

    ``say`` is told what happens, a line each time, and ``keep`` gets what there is after each case: what comes may be ended before its time.

    Raises:
        UsageError: a case has no variant that was asked for, or what was asked for is in no case.
    """
    _refuse_unknown(cases, options)
    with settings(options.threads):
        found = Result(made=_made(options), cases=())
        for case in cases:
            found = found.model_copy(update={"cases": (*found.cases, _case(case, options, say))})
            keep(found)
    return found


def _refuse_unknown(cases: Sequence[Case], options: Options) -> None:
    """Raise where a part of a name is in no row, or a case has no row with any of them."""
    names = {case.name: [row.label.name for row in _variants(case, replace(options, only=()))] for case in cases}
    every = list(dict.fromkeys(name for rows in names.values() for name in rows))
    for part in options.only:
        if not any(part in name for name in every):
            raise UsageError(f"--only {part!r} is in no row's name", constraint=f"the rows are {'; '.join(every)}")
    for case, rows in names.items():
        if options.only and not any(part in name for part in options.only for name in rows):
            wanted = " or ".join(map(repr, options.only))
            raise UsageError(
                f"--only {wanted} is in no row's name of {case}", constraint=f"its rows are {'; '.join(rows)}"
            )


def _case(case: Case, options: Options, say: Callable[[str], None]) -> CaseResult:
    device = torch.device(options.device)
    say(f"{case.name}: GEMM and copy rates")
    seconds = QUICK_RATE_SECONDS if options.quick else RATE_SECONDS
    rates = measure_rates(case.shape(), case.batch, device, seconds=seconds)
    slow_bf16 = bf16_refusal(rates)

    def refusal(label: Label) -> str | None:
        if label.precision == "bf16" and slow_bf16 is not None:
            return slow_bf16
        slow = label.compiled and (label.mixing == "random" or label.owner == "ours")
        return LEFT_OUT if options.quick and slow else None

    found = measure_variants(
        _variants(case, options),
        refusal,
        rounds=options.rounds_of(case),
        device=device,
        say=lambda line: say(f"{case.name}: {line}"),
    )
    return case_result(case, rates, found)


def _variants(case: Case, options: Options) -> list[Variant]:
    device = torch.device(options.device)
    found = ours_of(case, options.engines, options.threads, device, options.stack) + peers_of(case, device)
    if not options.only:
        return found
    return [variant for variant in found if any(part in variant.label.name for part in options.only)]


def _made(options: Options) -> Made:
    here = environment(options.device, options.threads)
    try:
        timm = metadata.version("timm")
    except metadata.PackageNotFoundError:
        timm = None
    return Made(
        pkbench=__version__,
        torch=here.torch,
        python=platform.python_version(),
        platform=here.platform,
        processor=here.processor,
        cores=here.cores,
        device=here.device,
        threads=options.threads,
        timm=timm,
        rounds=options.rounds,
        quick=options.quick,
    )
