"""How long what is left of several runs takes, learnt from the epochs that are seen to end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median

from pkbench.execute.events import EpochEnded, Event, RunEnded, RunStarted
from pkbench.execute.forecast import cost_key
from pkbench.plan.run import Run

_MOVED = 100.0
"""Operations in the time that an activation takes to be moved forward and back: 90 to 250 where it was measured, on CPUs."""


class Remaining:
    """Time left of a session's runs, from its events as they happen.

    Work is counted in seconds: an epoch of a run costs the mean of those that were seen of runs with the same cost, or else
    what ``expected`` says, or else its operations and activations, both at the speed of what was seen. The time left is the work left at the rate
    at which work was done since the first run began: that holds workers beside each other, stacks, loading and saving. What was
    done in an earlier session is neither work done nor work left.

    Args:
        runs: those to be computed.
        expected: seconds of an epoch by run id, where that is known from earlier records.
        clock: seconds from any origin.
    """

    def __init__(
        self, runs: Sequence[Run], expected: Mapping[str, float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._runs = {run.run_id: run for run in runs if run.run_id is not None}
        self._keys = {run_id: cost_key(run.config) for run_id, run in self._runs.items()}
        self._expected = expected
        self._left = {run_id: run.train.epochs for run_id, run in self._runs.items()}
        self._done: dict[str, int] = dict.fromkeys(self._runs, 0)
        """Epochs that ended in this session."""
        self._seen: dict[str, tuple[float, int]] = {}
        """Seconds and number of the epochs seen, by cost."""
        self._last: dict[str, float] = {}
        """When the runs at work last ended an epoch, or began."""
        self._began: float | None = None
        self._at = 0.0
        """When an epoch or a run last ended."""
        self._then: float | None = None
        """What was left at that time; ``None`` where that is yet to be computed."""

    def event(self, event: Event) -> None:
        """Take notice of what happened just now."""
        now = self._clock()
        self._then = None
        match event:
            case RunStarted(run_id, resumed_after) if run_id in self._runs:
                self._began = now if self._began is None else self._began
                self._last[run_id] = now
                # Also where it begins anew, after its worker died.
                self._left[run_id] = self._runs[run_id].train.epochs - resumed_after
            case EpochEnded(run_id, result) if run_id in self._last:
                seconds, count = self._seen.get(self._keys[run_id], (0.0, 0))
                self._seen[self._keys[run_id]] = (seconds + now - self._last[run_id], count + 1)
                self._last[run_id] = self._at = now
                self._done[run_id] += 1
                self._left[run_id] = self._runs[run_id].train.epochs - result.epoch
            case RunEnded(run_id) if run_id in self._runs:
                self._left[run_id] = 0
                self._last.pop(run_id, None)
                self._at = now

    def seconds(self) -> float | None:
        """Seconds until all runs have ended; ``None`` before an epoch has."""
        if self._began is None or not self._seen:
            return None
        if self._then is None:
            self._then = self._compute(self._at - self._began)
        return max(0.0, self._then - (self._clock() - self._at))

    def _compute(self, elapsed: float) -> float:
        """Seconds left when ``elapsed`` have gone since the first run began."""
        costs = self._costs()
        done = sum(costs[run_id] * epochs for run_id, epochs in self._done.items())
        left = sum(costs[run_id] * epochs for run_id, epochs in self._left.items())
        rate = done / elapsed if done and elapsed else 1.0
        # At the end fewer are at work than before: the longest of them is what is waited for.
        longest = max((costs[run_id] * self._left[run_id] for run_id in self._last), default=0.0)
        return max(left / rate, longest)

    def _costs(self) -> dict[str, float]:
        """Seconds of an epoch of each run."""
        means = {key: seconds / count for key, (seconds, count) in self._seen.items()}
        seen = {run_id: means[key] for run_id, key in self._keys.items() if key in means}
        by_record = _speed(seen, self._expected)
        sizes = {run_id: _size(run) for run_id, run in self._runs.items()}
        by_size = _speed(seen, sizes) or 0.0

        def cost(run_id: str) -> float:
            if run_id in seen:
                return seen[run_id]
            if run_id in self._expected:
                return self._expected[run_id] * (by_record or 1.0)
            return sizes[run_id] * by_size

        return {run_id: cost(run_id) for run_id in self._runs}


def _size(run: Run) -> float:
    """What an image costs, in operations of a training step."""
    return 3.0 * run.shape.forward_flops + _MOVED * run.shape.activation_floats


def _speed(seen: Mapping[str, float], guess: Mapping[str, float]) -> float | None:
    """Median of what was ``seen`` over what was guessed; ``None`` where they have no run in common."""
    ratios = [seen[run_id] / guess[run_id] for run_id in seen if guess.get(run_id)]
    return median(ratios) if ratios else None
