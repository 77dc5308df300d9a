"""Drawing the figures of many studies at once: matplotlib works on one core, and takes longer than all the rest of a report."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from pkbench.report.figures import write_figures
from pkbench.report.study import Study

_WORTH_A_PROCESS = 4
"""Studies for which starting a process, which imports all of this again, pays."""


def draw(
    studies: Sequence[Study], folder: Path, processes: int, export: Path | None = None
) -> dict[str, dict[str, Path]]:
    """Write the figures of every study into ``folder``: for each study's name, the path of the PNG by kind.

    They also go to ``export``, where it is given (:func:`pkbench.report.figures.write_figures`).

    ``processes``: as many of them as pay are used; their number changes nothing.

    Raises:
        StoreError: one cannot be written.
    """
    processes = min(processes, len(studies) // _WORTH_A_PROCESS)
    if processes < 2:
        return {study.name: write_figures(study, folder, export) for study in studies}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_leave_interrupts_to_the_parent) as pool:
        drawn = pool.map(partial(write_figures, folder=folder, export=export), studies)
        return {study.name: found for study, found in zip(studies, drawn, strict=True)}


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
