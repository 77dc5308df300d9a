"""Timing the variants of a case in one process, taking turns round by round, so that a slow minute is everybody's."""

from __future__ import annotations

import logging
import random
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Final

import torch

from pkbench.bench.ceilings import synchronize
from pkbench.bench.memory import DevicePeak, MemoryKind, RssGrowth, give_back
from pkbench.bench.variant import Label, Training, UnavailableError, Variant
from pkbench.execute.stacking import free_memory

SAMPLE_SECONDS: Final = 0.1
"""A sample times as many steps in a row as take about this long, and is their mean."""
MOST_STEPS: Final = 50
_WARM_STEPS: Final = 2
_PAUSE_SECONDS: Final = 0.05
"""Before a turn: PyTorch's threads look for more to do for some ten milliseconds after a peer's, on the processor that ours need."""
_SPARE: Final = 1.2
"""How many times what the hungriest variant took must be free for another one."""
_REASON_LENGTH: Final = 160


@dataclass(slots=True)
class Measured:
    """What the clock and the memory counters said of one variant; times in seconds, of all its runs together."""

    label: Label
    reason: str | None = None
    steps: list[float] = field(default_factory=list)
    """Of a step; one for each round."""
    data: list[float] = field(default_factory=list)
    """Of making a batch; one for each round."""
    evaluations: list[float] = field(default_factory=list)
    """Of an evaluation of the test images; one for each round."""
    startup: float = 0.0
    first_step: float = 0.0
    first_evaluation: float = 0.0
    warm_graphs: int = 0
    graphs: int = 0
    peak: int = 0
    peak_kind: MemoryKind = "step peak"
    rss: int | None = None


def measure_variants(
    variants: Sequence[Variant],
    refusal: Callable[[Label], str | None],
    *,
    rounds: int,
    device: torch.device,
    say: Callable[[str], None],
) -> list[Measured]:
    """Build every variant, then time a step of each in every round, in another order each time.

    Args:
        variants: what to time.
        refusal: why a variant is not to be tried at all, or ``None``.
        rounds: how many samples of each.
        device: where they run.
        say: told what happens, a line each time.

    Returns:
        In the order of ``variants``; of one that fails, its reason and what was measured before.
    """
    found = [Measured(variant.label, refusal(variant.label)) for variant in variants]
    trainings: dict[str, Training] = {}
    try:
        for variant, measured in sorted(zip(variants, found, strict=True), key=lambda pair: not pair[0].forks):
            if measured.reason is None:
                measured.reason = too_large(found, free_memory(str(device)))
            if measured.reason is None:
                say(f"{variant.label.name}: starting")
                with _failing(measured):
                    trainings[variant.label.name] = _started(variant, measured, device)
        live = [measured for measured in found if measured.reason is None]
        order = random.Random(0)  # noqa: S311 - an order, no secret
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}")
            for measured in order.sample(live, len(live)):
                if measured.reason is None:
                    with _failing(measured):
                        _round(trainings[measured.label.name], measured, device)
    finally:
        for training in trainings.values():
            training.close()
        # What dynamo keeps of these models would count towards its limit on the next ones.
        torch.compiler.reset()
    return found


def too_large(started: Sequence[Measured], free: int) -> str | None:
    """Why another variant of the case is not to be started with ``free`` bytes left, ``None`` where it may be.

    All of a case stay until its end, so that they can take turns; the hungriest so far says what the next may need. Those that have
    not been ``started`` yet took nothing.
    """
    hungriest = max(started, key=_taken)
    if free >= _SPARE * _taken(hungriest):
        return None
    taken = f"{hungriest.label.name} took {_taken(hungriest) / 1e9:.2g} GB"
    return f"no memory for one more: {taken}, and {free / 1e9:.2g} GB are free"


def _taken(measured: Measured) -> int:
    """Memory that starting took: of the device where that is counted, else of the process."""
    return measured.peak if measured.peak_kind == "device peak" else measured.rss or 0


def _started(variant: Variant, measured: Measured, device: torch.device) -> Training:
    """The training, built and warm; what starting took is noted."""
    growth, peak = RssGrowth(), DevicePeak(device)
    built: list[Training] = []
    measured.startup = _seconds(lambda: built.append(variant.build()), device)
    training = built[0]
    measured.first_step = _seconds(training.step, device)
    measured.startup += measured.first_step
    measured.first_evaluation = _seconds(training.evaluate, device)
    for _ in range(_WARM_STEPS):
        training.step()
    measured.rss = growth.bytes()
    measured.peak, measured.peak_kind = peak.bytes(training.step, training.held()), peak.kind
    measured.warm_graphs = measured.graphs = training.graphs()
    return training


def _round(training: Training, measured: Measured, device: torch.device) -> None:
    """One sample of everything. The first step after another variant's finds cold caches and is not timed."""
    # What others have freed would otherwise lie beside what this one takes: gigabytes, where steps take such.
    give_back()
    time.sleep(_PAUSE_SECONDS)
    count = steps_in_sample(_seconds(training.step, device))
    measured.steps.append(_seconds(lambda: _repeat(training.step, count), device) / count)
    measured.data.append(_seconds(lambda: _repeat(training.data, count), device) / count)
    measured.evaluations.append(_seconds(training.evaluate, device))
    measured.graphs = training.graphs()


def _repeat(action: Callable[[], None], count: int) -> None:
    for _ in range(count):
        action()


def steps_in_sample(seconds: float) -> int:
    """How many steps of ``seconds`` make up a sample."""
    return max(1, min(MOST_STEPS, round(SAMPLE_SECONDS / max(seconds, 1e-9))))


def compile_seconds(measured: Measured) -> float | None:
    """What compiling added to the first step and the first evaluation; ``None`` for what is not compiled."""
    if not measured.label.compiled or not measured.steps:
        return None
    later = median(measured.steps) + median(measured.evaluations)
    return max(0.0, measured.first_step + measured.first_evaluation - later)


@contextmanager
def _failing(measured: Measured) -> Iterator[None]:
    """A peer that cannot run here is a row with a reason; a failure of our own is one to be seen."""
    try:
        yield
    except UnavailableError as error:
        measured.reason = str(error)
    except Exception as error:
        if measured.label.owner == "ours":
            raise
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        text = f"{type(error).__name__}: {lines[0] if lines else 'no message'}"
        measured.reason = text if len(text) <= _REASON_LENGTH else text[: _REASON_LENGTH - 1] + "…"


def _seconds(action: Callable[[], object], device: torch.device) -> float:
    """Seconds until ``device`` has finished ``action``."""
    synchronize(device)
    start = time.perf_counter()
    action()
    synchronize(device)
    return time.perf_counter() - start


@contextmanager
def settings(threads: int) -> Iterator[None]:
    """While open: this many threads, an empty cache for ``torch.compile``, and no notes about what is missing or in beta."""
    from torch._inductor.utils import fresh_cache

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    logger = logging.getLogger("torch.utils.cpp_extension")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with fresh_cache(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse invariant checks are implicitly disabled")
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
            yield
    finally:
        logger.setLevel(level)
        torch.set_num_threads(before)
