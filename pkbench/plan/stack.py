"""Which runs can be trained together, as one stack: pure functions.

Runs share a stack whose models have one shape and whose recipes differ in learning rates alone; seeds and the way of mixing
(normal, or which permutations) may differ. Whether it pays is measured where they are trained:
:mod:`pkbench.execute.stack_width`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pkbench.errors import UsageError
from pkbench.plan.engine import AUTO, candidates, obstacle
from pkbench.plan.estimate import training_bytes
from pkbench.plan.run import Run, canonical_json

STACKING = ("fused", "batch-last")
"""The engines that compute stacks."""

_ANYWHERE = "batch-last"
"""The one that does it on every kind of device."""

Group = tuple[Run, ...]
"""Runs that are handed out together."""

_FREE = frozenset({"mixing", "rp_placement", "rp_blocks", "rp_sides"})
"""What models of one stack may differ in: parameters have the same shapes."""

_MEMORY_SHARE = 0.5
"""Part of the free memory that stacks may fill: estimates are rough, and evaluation and the making of a stack need some too."""


@dataclass(frozen=True, slots=True)
class Stacking:
    """What the size of stacks depends on besides the runs."""

    engine: str
    """Engine asked for."""
    device: str
    """Kind of device: ``cpu``, ``cuda``, ..."""
    wanted: int | None
    """Most runs in a stack that the user asks for, 1 for none; ``None``: only where it may be faster."""
    memory: int
    """Free bytes on the device."""
    jobs: int
    """Workers that share the memory and the runs."""


def check_stack(wanted: int | None, engine: str, parts: int | None = 1) -> None:
    """Accept ``wanted`` runs in a stack for the engine that is asked for, and batches computed in ``parts``.

    Raises:
        UsageError: that engine computes one run at a time, or a stack would have to compute parts.
    """
    if wanted is not None and wanted > 1 and parts is not None and parts > 1:
        raise UsageError(
            f"--stack {wanted} with --accumulate {parts}",
            constraint="a stack computes its batches whole",
            remedy="leave out one of the two",
        )
    if wanted is not None and wanted > 1 and engine not in (AUTO, *STACKING):
        raise UsageError(
            f"--stack {wanted} with --engine {engine}",
            constraint=f"only engines {' and '.join(STACKING)} train several runs at once",
            remedy=f"leave out one of the two, or write --engine {_ANYWHERE}",
        )


def engine_of(run: Run, engine: str, wanted: int | None, device: str) -> str:
    """The engine to ask for: that of stacks where stacks of ``wanted`` runs are made, for a run that is left alone, too.

    So a run's bytes do not depend on how many others there were to share a stack.
    """
    stacked = engine == AUTO and wanted is not None and wanted > 1
    able = obstacle(_ANYWHERE, run, device) is None
    # Where the engines that are tried by themselves compute stacks, the best that is to be had does.
    return _ANYWHERE if stacked and able and candidates(AUTO, run, device)[0] not in STACKING else engine


def stack_key(run: Run) -> str:
    """What runs of one stack have in common, as text."""
    train = dict(run.config["train"])
    train["optimizer"] = {name: value for name, value in train["optimizer"].items() if name != "lr"}
    model = {name: value for name, value in run.config["model"].items() if name not in _FREE}
    data = dict(run.config["data"]) | {"id": run.data.id}
    return canonical_json({"model": model, "data": data, "train": train})


def groups(runs: Sequence[Run], stacking: Stacking) -> list[Group]:
    """``runs`` in groups that can share a stack, each as large as may be; in the order of their first runs."""
    alike: dict[str, list[Run]] = {}
    for run in runs:
        alike.setdefault(stack_key(run) if _may_share(run, stacking) else str(run.run_id), []).append(run)
    order = {run.run_id: number for number, run in enumerate(runs)}
    found = [group for members in alike.values() for group in cut(members, _most(members, stacking))]
    return sorted(found, key=lambda group: order[group[0].run_id])


def cut(runs: Sequence[Run], most: int) -> list[Group]:
    """``runs`` in order, in pieces of at most ``most`` that are as even as can be."""
    pieces = -(-len(runs) // most)
    ends = [len(runs) * number // pieces for number in range(pieces + 1)]
    return [tuple(runs[start:end]) for start, end in pairwise(ends)]


def most_that_fit(run: Run, memory: int) -> int:
    """How many runs like ``run`` fit into ``memory`` bytes at once: 1 or more."""
    return max(1, int(_MEMORY_SHARE * memory) // training_bytes(run, run.train.batch_size))


def _may_share(run: Run, stacking: Stacking) -> bool:
    """Whether a stack can compute ``run`` and may be faster than what would compute it alone."""
    able = _ANYWHERE if stacking.engine == AUTO else stacking.engine
    if stacking.wanted == 1 or able not in STACKING or obstacle(able, run, stacking.device):
        return False
    # On a CPU, where a run's bytes are promised, no clock may choose between engines, which round differently; and the native
    # one computes single runs two to three times faster than a stack does.
    return stacking.wanted is not None or stacking.engine in STACKING or stacking.device != "cpu"


def _most(runs: Sequence[Run], stacking: Stacking) -> int:
    """Most of ``runs``, which are alike, in a group."""
    fit = most_that_fit(runs[0], stacking.memory // stacking.jobs)
    # Unless stacks are asked for, every worker gets a part.
    return min(fit, stacking.wanted if stacking.wanted is not None else -(-len(runs) // stacking.jobs))
