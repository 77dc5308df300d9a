"""From a loaded spec to decisions: data checksums, runs, what is on disk, what is to be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pkbench.data.identity import checksum
from pkbench.errors import DataError, UsageError
from pkbench.plan.compare import Comparison, comparisons
from pkbench.plan.reasons import Decision, decide
from pkbench.plan.run import Run, expand
from pkbench.plan.select import select, with_seed_count
from pkbench.spec.checks.extent import MAX_RUNS
from pkbench.spec.load import LoadedSpec
from pkbench.spec.scale import Scaled, scale
from pkbench.store.files import Store
from pkbench.store.known import known_runs


@dataclass(frozen=True, slots=True)
class Selection:
    """Which runs of a spec are meant, and which of them to compute although they have a result."""

    profile: str = "quick"
    seeds: int | None = None
    """Number of seeds; ``None``: the spec's."""
    only: tuple[str, ...] = ()
    fresh: bool = False
    retry_failed: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """A spec at a profile with a decision for every selected run."""

    loaded: LoadedSpec
    scaled: Scaled
    store: Store
    decisions: tuple[Decision, ...]
    problems: tuple[str, ...]
    """A sentence for each damaged record and missing data set."""
    comparisons: tuple[Comparison, ...] = ()
    """Comparisons between the selected runs that have no record yet, or all of them if everything is computed again."""
    compared: frozenset[str] = frozenset()
    """Ids of the runs that some comparison needs the weights of."""

    @property
    def to_run(self) -> list[Run]:
        """Runs to be computed, in order."""
        return [decision.run for decision in self.decisions if decision.action == "run"]


def at_profile(loaded: LoadedSpec, profile: str) -> Scaled:
    """``loaded`` at ``profile``.

    Raises:
        UsageError: the spec has no such profile; the message names those it has.
    """
    names = list(loaded.spec.profile)
    for name in names:
        if name == profile:
            return scale(loaded.spec, name)
    raise UsageError(
        f"{loaded.path} has no profile {profile}", remedy=f"choose one it has with --profile: {', '.join(names)}"
    )


def data_checksums(scaled: Scaled, base: Path) -> tuple[dict[str, str | None], tuple[str, ...]]:
    """Checksum of each data set of ``scaled`` (``None`` where its files are not here), and why some are ``None``."""
    checksums: dict[str, str | None] = {}
    problems: list[str] = []
    for data in scaled.data:
        try:
            checksums[data.id] = checksum(data, base)
        except DataError as error:
            checksums[data.id] = None
            problems.append(error.message)
    return checksums, tuple(problems)


def prepare(loaded: LoadedSpec, selection: Selection, results: Path) -> Prepared:
    """Decide for every selected run of ``loaded``; reads the store, changes nothing."""
    scaled = at_profile(loaded, selection.profile)
    if selection.seeds is not None:
        scaled = with_seed_count(scaled, selection.seeds)
    checksums, missing = data_checksums(scaled, loaded.path.parent)
    count = sum(len(scaled.train_of(model).optimizer.lr) for model in scaled.models) * len(scaled.train.seeds)
    if count * len(scaled.data) > MAX_RUNS:
        raise UsageError(
            f"with {len(scaled.train.seeds):,} seeds there are {count * len(scaled.data):,} runs",
            constraint=f"a profile has at most {MAX_RUNS:,}",
            remedy="take fewer --seeds",
        )
    runs: Sequence[Run] = select(list(expand(scaled, checksums)), selection.only)
    store = Store(results)
    spec_id = loaded.spec.experiment.id
    scan = store.scan(spec_id)
    known = known_runs(store, spec_id, scan)
    decisions = decide(runs, known, fresh=selection.fresh, retry_failed=selection.retry_failed)
    compared = comparisons(scaled.compares, runs)
    done = {} if selection.fresh else store.scan_comparisons(spec_id).records
    missing_comparisons = tuple(comparison for comparison in compared if comparison.run_id not in done)
    return Prepared(
        loaded,
        scaled,
        store,
        tuple(_with_weights(decision, store, missing_comparisons) for decision in decisions),
        (*scan.problems, *missing),
        missing_comparisons,
        frozenset(run.run_id for pair in compared for run in (pair.a, pair.b) if run.run_id is not None),
    )


def _with_weights(decision: Decision, store: Store, wanted: Sequence[Comparison]) -> Decision:
    """``decision``, or to compute a finished run again whose weights a comparison needs and that are not kept."""
    run = decision.run
    if decision.state != "done" or decision.action != "skip" or run.run_id is None:
        return decision
    names = [comparison.compare.id for comparison in wanted if run.run_id in (comparison.a.run_id, comparison.b.run_id)]
    if not names or store.weights_path(run.spec_id, run.run_id).is_file():
        return decision
    reason = f"done, but its weights, which comparison {names[0]} needs, are not here; computed again"
    return Decision(run, "run", "done", reason)
