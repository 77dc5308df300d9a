"""The comparisons of trained models that a spec asks for: pairs of runs, and the id made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pkbench.plan.run import RESULT_VERSION, Run, config_id
from pkbench.spec.compare import Compare


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs to be compared; ``run_id`` is the hash of ``config``, which has everything the result depends on."""

    compare: Compare
    a: Run
    b: Run
    config: Mapping[str, Any]
    run_id: str


def comparisons(compares: Iterable[Compare], runs: Sequence[Run]) -> tuple[Comparison, ...]:
    """Every comparison between ``runs``; runs without an id, whose data is not here, have none."""
    by_name: dict[tuple[str, str], dict[int, Run]] = {}
    for run in runs:
        by_name.setdefault((run.model.id, run.data.id), {})[run.seed] = run
    found = []
    for compare in compares:
        for data_id in dict.fromkeys(run.data.id for run in runs):
            of_a, of_b = (by_name.get((name, data_id), {}) for name in (compare.a, compare.b))
            seeds = [seed for seed in of_a if seed in of_b]
            # No trained model is in two pairs of one comparison, so that they are independent of each other.
            same = list(pairwise(seeds))[::2]
            pairs = same if compare.a == compare.b else [(seed, seed) for seed in seeds]
            found += [_comparison(compare, of_a[i], of_b[j]) for i, j in pairs if of_a[i].run_id and of_b[j].run_id]
    return tuple(found)


def _comparison(compare: Compare, a: Run, b: Run) -> Comparison:
    how = {"kind": compare.kind, "batch": compare.batch, "passes": compare.passes, "seed": compare.seed}
    config = {"result_version": RESULT_VERSION, "compare": how, "a": a.run_id, "b": b.run_id}
    return Comparison(compare, a, b, config, config_id(config))
