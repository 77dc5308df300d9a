"""How long several specs take one after another: by what is known before, corrected by those that have ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pkbench.execute.device import resolve_device, resolve_jobs
from pkbench.execute.forecast import known_epochs
from pkbench.execute.prepare import Prepared, Selection, prepare
from pkbench.spec.load import AnyLoaded, LoadedChecks

_START = 2.0
"""Seconds that a spec takes besides training (data, records, comparisons) where its workers are there: measured of 43 and of 7, on two cores."""
_TRUSTED = 60.0
"""Seconds that the first guess counts for beside what was seen since: one spec alone is no measure of the pace."""


class Agenda:
    """Specs in the order in which they are run.

    Args:
        expected: seconds that each is expected to take, ``None`` where that cannot be told before.
        clock: seconds from any origin.
    """

    def __init__(self, expected: Sequence[float | None], clock: Callable[[], float] = time.monotonic) -> None:
        self._expected = expected
        self._clock = clock
        self._running: tuple[float, float] | None = None
        self._passed = 0.0
        self._counted = 0.0

    def begin(self, index: int) -> float | None:
        """Seconds for the spec at ``index``, which begins now, and all after it; ``None`` where one's is not known.

        The pace goes by those before whose time was expected: what else passed says nothing of how true that was.
        """
        now = self._clock()
        if self._running is not None:
            expected, began = self._running
            self._counted += expected
            self._passed += now - began
        own = self._expected[index]
        self._running = (own, now) if own else None
        left = [seconds for seconds in self._expected[index:] if seconds is not None]
        if len(left) < len(self._expected) - index:
            return None
        # What is expected leaves out how much several runs at once slow each other down.
        return sum(left) * (self._passed + _TRUSTED) / (self._counted + _TRUSTED)


def agenda(
    specs: Sequence[tuple[AnyLoaded, Path]], selection: Selection, device: str, jobs: int | None, engine: str
) -> Agenda:
    """The agenda of ``specs``, each with its result folder, for the options of a command; nothing is measured for it.

    Raises:
        UsageError: one of them lacks the profile, or the device is not here.
    """
    return Agenda([_expected(loaded, folder, selection, device, jobs, engine) for loaded, folder in specs])


def _expected(
    loaded: AnyLoaded, folder: Path, selection: Selection, device: str, jobs: int | None, engine: str
) -> float | None:
    """Seconds that what is missing of ``loaded`` takes, as far as it is known; none where nothing is."""
    if isinstance(loaded, LoadedChecks):
        return 0.0  # A minute at most, beside all others' many.
    prepared = prepare(loaded, selection, folder)
    if not prepared.to_run:
        return 0.0
    epochs = known_epochs(prepared, device, engine)
    if len(epochs) < len(prepared.to_run):
        return None
    threads = prepared.scaled.train.cpu_threads
    return _START + _work(prepared, epochs) / resolve_jobs(jobs, resolve_device(device), threads, len(epochs))


def _work(prepared: Prepared, epochs: dict[str, float]) -> float:
    """Seconds of all runs to be computed, one after another."""
    return sum(epochs[run.run_id] * run.train.epochs for run in prepared.to_run if run.run_id is not None)
