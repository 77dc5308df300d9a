"""Narrowing or widening a plan from the command line: ``--only`` and ``--seeds``."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import count

from pkbench.errors import UsageError
from pkbench.plan.run import Run
from pkbench.spec.checks.extent import MAX_RUNS
from pkbench.spec.scale import Scaled


def with_seed_count(scaled: Scaled, n: int) -> Scaled:
    """``scaled`` with ``n`` seeds: the spec's first, then the smallest numbers it does not use.

    Raises:
        UsageError: there would be far too many runs.
    """
    own = scaled.train.seeds
    if n > MAX_RUNS:
        raise UsageError(f"--seeds {n:,}", constraint=f"a profile has at most {MAX_RUNS:,} runs", remedy="take fewer")
    return with_seeds(scaled, own + tuple(further_seeds(own, n - len(own))) if n > len(own) else own[:n])


def with_seeds(scaled: Scaled, seeds: tuple[int, ...]) -> Scaled:
    """``scaled`` with these seeds."""
    return replace(scaled, train=scaled.train.model_copy(update={"seeds": seeds}))


def further_seeds(used: Sequence[int], n: int) -> list[int]:
    """The ``n`` smallest whole numbers that are not in ``used``."""
    taken = set(used)
    fresh = (seed for seed in count() if seed not in taken)
    return [next(fresh) for _ in range(n)]


def select(runs: Sequence[Run], selectors: Sequence[str]) -> list[Run]:
    """The runs that match any of ``selectors``, all of them where there are none.

    A selector is ``MODEL``, ``MODEL/SEED``, ``MODEL/DATA`` or ``MODEL/DATA/SEED``; each part may have ``*``.

    Raises:
        UsageError: a selector matches nothing.
    """
    if not selectors:
        return list(runs)
    for selector in selectors:
        if not any(_matches(run, selector) for run in runs):
            raise UsageError(
                f"--only {shlex.quote(selector)} matches no run",
                constraint="a selector is MODEL, MODEL/SEED, MODEL/DATA or MODEL/DATA/SEED, '*' for any",
                remedy=_meant(runs, selector),
            )
    return [run for run in runs if any(_matches(run, selector) for selector in selectors)]


def _meant(runs: Sequence[Run], selector: str) -> str:
    """What ``selector`` was likely to be, or what there is in the part of it that nothing matches."""
    model, *rest = selector.split("/")
    models = sorted({run.model.id for run in runs})
    of_model = [run for run in runs if fnmatchcase(run.model.id, model)]
    if of_model and rest:
        data, seeds = ({of(run) for run in of_model} for of in (lambda run: run.data.id, lambda run: str(run.seed)))
        near = difflib.get_close_matches(rest[0], data, n=1, cutoff=0.5)
        there = f"data: {', '.join(sorted(data))}; seeds: {', '.join(sorted(seeds, key=int))}"
        return f"did you mean {near[0]}? {there}" if near and rest[0] not in data else there
    if any(name.startswith(f"{model}-") for name in models):
        return f"the members of a family are '{'/'.join([f'{model}-*', *rest])}'"
    near = difflib.get_close_matches(model, models, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"models: {', '.join(models)}"


def _matches(run: Run, selector: str) -> bool:
    model, *rest = selector.split("/")
    if not fnmatchcase(run.model.id, model) or len(rest) > 2:
        return False
    if len(rest) == 2:
        return fnmatchcase(run.data.id, rest[0]) and fnmatchcase(str(run.seed), rest[1])
    return not rest or fnmatchcase(run.data.id, rest[0]) or fnmatchcase(str(run.seed), rest[0])
