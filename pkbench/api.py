"""What the command line does, for Python code and notebooks: load, plan, run, read results, evaluate.

The functions are those of ``import pkbench``, too. All of them take a spec by its file, its id or as :func:`load_spec` gives it,
and do what the verb of their name does, with the same code: nothing is computed twice, whoever asks. What goes wrong is a
:class:`~pkbench.errors.PkbenchError` with the sentence that the command line prints.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pkbench.errors import UsageError
from pkbench.execute.checks import plan_checks, run_checks
from pkbench.execute.listener import Listener, Told
from pkbench.execute.outcome import Outcome, outcome, outcome_of_checks
from pkbench.execute.planned import planned
from pkbench.execute.prepare import Selection, prepare
from pkbench.execute.session import Options, Session
from pkbench.execute.threads import threads_as_before
from pkbench.plan.engine import AUTO
from pkbench.results.findings import Findings, findings_of, findings_of_checks
from pkbench.results.studies import check_study_of, studies_of
from pkbench.results.tables import table_of_checks, table_of_folder, table_of_spec
from pkbench.spec.find import find_spec
from pkbench.spec.load import AnyLoaded, LoadedChecks, LoadedSpec, load_any
from pkbench.store.files import Store
from pkbench.store.places import results_folder
from pkbench.table import Table

AnySpec = AnyLoaded | str | Path
"""A spec, its file or its id."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What :func:`run_spec` would do."""

    runs: Table
    """A row a run, or a check: whether it would be computed, why, its sizes and its cost."""
    to_run: int
    seconds: float
    """Wall time of what is to be computed, as far as it can be told; 0 where nothing is known."""
    warnings: tuple[str, ...]
    """What is odd about the spec, missing data and damaged records."""


def load_spec(spec: str | Path) -> AnyLoaded:
    """The spec in a file, or of an id that is looked up in the nearest ``specs/`` folder. Executes and downloads nothing.

    Raises:
        UsageError: there is no such file or id.
        SpecError: it is no valid spec; ``faults`` has all that is wrong, each with its line.
    """
    return load_any(find_spec(str(spec)))


def plan_spec(
    spec: AnySpec,
    *,
    profile: str = "quick",
    seeds: int | None = None,
    only: Sequence[str] = (),
    fresh: bool = False,
    retry_failed: bool = False,
    device: str = "auto",
    jobs: int | None = 1,
    engine: str = AUTO,
    stack: int | None = None,
    estimate: bool = True,
    results: str | Path | None = None,
) -> Plan:
    """What would be computed, why, and at what cost. Trains nothing; ``estimate`` measures this machine's speed once.

    Raises:
        UsageError: as :func:`run_spec`.
    """
    _from_one(seeds=seeds, jobs=jobs, stack=stack)
    loaded = _loaded(spec)
    folder = _folder(loaded, results)
    warnings = tuple(str(warning) for warning in loaded.warnings)
    if isinstance(loaded, LoadedChecks):
        table = plan_checks(loaded, folder, fresh=fresh)
        return Plan(table, table["action"].count("run"), 0.0, (*warnings, *table.problems))
    selection = Selection(profile, seeds, _names(only), fresh, retry_failed)
    found = planned(prepare(loaded, selection, folder), device, jobs, engine, stack, estimate=estimate)
    table = found.table()
    return Plan(table, len(found.prepared.to_run), found.seconds, (*warnings, *table.problems))


def run_spec(
    spec: AnySpec,
    *,
    profile: str = "quick",
    seeds: int | None = None,
    only: Sequence[str] = (),
    fresh: bool = False,
    retry_failed: bool = False,
    device: str = "auto",
    jobs: int | None = 1,
    engine: str = AUTO,
    stack: int | None = None,
    accumulate: int | None = 1,
    checkpoint_seconds: float = 60.0,
    executor: str | None = None,
    results: str | Path | None = None,
    on_event: Callable[[Told], None] = lambda _event: None,
) -> Outcome:
    """Compute what ``spec`` asks for and the store does not have. Ctrl-C saves first and is raised then.

    Args:
        spec: a file, an id, or what :func:`load_spec` gives. Of theory and audit specs only ``fresh`` and ``results`` count.
        profile: scale; quick, fast or paper.
        seeds: number of seeds, in place of the spec's.
        only: MODEL, MODEL/SEED, MODEL/DATA or MODEL/DATA/SEED, ``*`` for any.
        fresh: compute again what is done.
        retry_failed: try again what failed.
        device: auto, cpu, cuda, cuda:N or mps.
        jobs: runs at once; with more than one, or ``None`` for as many as the cores allow, a script needs the guard
            ``if __name__ == "__main__"``, as Python's processes do.
        engine: how steps are computed, for speed alone.
        stack: most runs that train as one stack, 1 for none; ``None``: as many as are measured to be fastest.
        accumulate: parts of a batch, where memory is short; ``None``: as many as it demands.
        checkpoint_seconds: wall time between two checkpoints of a run.
        executor: an installed extension that has the runs computed; ``None``: pkbench itself.
        results: results folder, in place of the one beside the spec.
        on_event: called with everything that happens, here in this thread. If it raises, runs save first.

    Returns:
        What became of the runs. One that failed raises nothing: its record says why.

    Raises:
        UsageError: no such spec, profile or device, a selector matches nothing, or the engine cannot compute a run.
        SpecError: the spec has faults.
        StoreError: the results folder cannot be written.
        ExtensionError: the executor is not installed, fails, or leaves runs.
        KeyboardInterrupt: Ctrl-C came; the same call goes on where it stopped.
    """
    _from_one(seeds=seeds, jobs=jobs, stack=stack, accumulate=accumulate)
    loaded = _loaded(spec)
    folder = _folder(loaded, results)
    listener = Listener(on_event)
    started = time.monotonic()
    with listener.listening():
        if isinstance(loaded, LoadedChecks):
            run_checks(
                loaded,
                folder,
                fresh=fresh,
                emit=listener.tell,
                on_check=listener.tell,
                should_stop=listener.should_stop,
            )
            return outcome_of_checks(loaded, folder, listener.checks, time.monotonic() - started)
        selection = Selection(profile, seeds, _names(only), fresh, retry_failed)
        options = Options(
            folder, device, jobs, checkpoint_seconds, engine, stack, accumulate=accumulate, executor=executor
        )
        with threads_as_before() as prepared:
            done = Session(loaded, selection, options).run(listener.tell, listener.should_stop, prepared)
        return outcome(done, listener.ended, time.monotonic() - started)


def read_results(
    source: AnySpec,
    *,
    profile: str | None = None,
    seeds: int | None = None,
    epochs: bool = False,
    results: str | Path | None = None,
) -> Table:
    """What is recorded: a row a run, or a row an epoch with ``epochs``; a row a check of a theory or audit spec.

    Args:
        source: a spec, whose own runs are meant, or a results folder, of which every run is.
        profile: runs at this one only; ``None``: of a spec at every profile with records.
        seeds: number of seeds, in place of the spec's.
        epochs: whether there is a row for each epoch of each run.
        results: results folder of a spec, in place of the one beside it.

    Raises:
        UsageError: there is no such spec, folder or profile, or a spec without runs has no epochs.
    """
    _from_one(seeds=seeds)
    if isinstance(source, str | Path) and Path(source).is_dir():
        return table_of_folder(Path(source).resolve(), profile, epochs=epochs)
    loaded = _loaded(source)
    folder = _folder(loaded, results)
    if results is not None and not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", remedy="name the results folder, or leave it out")
    if isinstance(loaded, LoadedSpec):
        return table_of_spec(loaded, Store(folder), profile, seeds, epochs=epochs)
    if epochs:
        spec_id = loaded.spec.experiment.id
        raise UsageError(f"nothing of {spec_id} is trained: it has no epochs", remedy="leave epochs out")
    return table_of_checks(check_study_of(loaded, folder))


def evaluate_spec(
    spec: AnySpec, *, profile: str = "quick", seeds: int | None = None, results: str | Path | None = None
) -> Findings:
    """The verdicts on every claim of ``spec``, from what is recorded; writes nothing.

    Raises:
        UsageError: there is no such spec or profile.
        SpecError: the spec has faults.
    """
    _from_one(seeds=seeds)
    loaded = _loaded(spec)
    folder = _folder(loaded, results)
    if isinstance(loaded, LoadedChecks):
        return findings_of_checks(check_study_of(loaded, folder))
    (found,) = studies_of(loaded, profile, folder, seeds)
    return findings_of(found)


def _loaded(spec: AnySpec) -> AnyLoaded:
    return load_spec(spec) if isinstance(spec, str | Path) else spec


def _folder(loaded: AnyLoaded, results: str | Path | None) -> Path:
    return results_folder(loaded.path, None if results is None else Path(results))


def _names(only: Sequence[str]) -> tuple[str, ...]:
    """One name is meant as a list of it, and not as one of letters."""
    return (only,) if isinstance(only, str) else tuple(only)


def _from_one(**numbers: int | None) -> None:
    """Refuse numbers below one, as the command line does."""
    for name, number in numbers.items():
        if number is not None and (type(number) is not int or number < 1):
            raise UsageError(
                f"{name} = {number!r}", constraint="a whole number from 1", remedy="leave it out for the default"
            )
