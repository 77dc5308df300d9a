"""``pkbench run``: compute what a spec asks for and the store does not have yet."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pkbench.cli import checks, claims
from pkbench.cli.conclusion import Tally, conclusion
from pkbench.cli.console import say
from pkbench.cli.options import (
    Accumulate,
    CheckpointEvery,
    Device,
    Engine,
    Executor,
    Fresh,
    Jobs,
    Json,
    Only,
    Profile,
    Results,
    RetryFailed,
    Seeds,
    SpecNames,
    Stack,
    interval_of,
    parts_of,
    seconds_of,
)
from pkbench.cli.stopping import EXIT_INTERRUPTED, Stopper
from pkbench.cli.units import duration

if TYPE_CHECKING:
    from pkbench.cli.mirrors import Mirrors
    from pkbench.execute.events import Event
    from pkbench.execute.outcome import Outcome
    from pkbench.execute.prepare import Prepared, Selection
    from pkbench.execute.session import Options
    from pkbench.execute.workers import WorkerPool
    from pkbench.spec.load import AnyLoaded, LoadedSpec
    from pkbench.store.record import Invocation

EXIT_FAILED = 1
EXIT_NO_DATA = 2
EXIT_TIME = 3
EXIT_UNREAD = 141
"""As of a process that SIGPIPE ended: 128 and its number."""


def register(app: typer.Typer) -> None:
    """Add ``run`` to ``app``."""
    app.command("run")(run)


def run(
    specs: SpecNames,
    profile: Profile = "quick",
    results: Results = None,
    device: Device = "auto",
    jobs: Jobs = None,
    engine: Engine = "auto",
    stack: Stack = None,
    accumulate: Accumulate = "1",
    executor: Executor = None,
    seeds: Seeds = None,
    only: Only = None,
    fresh: Fresh = False,
    retry_failed: RetryFailed = False,
    allow_failed: Annotated[bool, typer.Option("--allow-failed", help="Exit with 0 although runs failed.")] = False,
    max_time: Annotated[str | None, typer.Option(help="Stop, saving, after 90s, 30m, 1h30m …")] = None,
    checkpoint_every: CheckpointEvery = None,
    mlflow: Annotated[bool, typer.Option(help="Mirror finished runs in MLflow, in the background.")] = True,
    claims_: Annotated[
        bool, typer.Option("--claims", help="Then judge what is recorded, as `pkbench claims` does.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only notes and failures.")] = False,
    json_: Json = False,
) -> None:
    """Train, or check, what is missing; what is done is not computed again.

    Exit code 0: all done. 1: a run failed. 2: bad input or missing data. 3: --max-time came first. 130: interrupted. 141: nobody
    reads the output any more.
    """
    from pkbench.cli.mirrors import Mirrors
    from pkbench.execute.agenda import agenda
    from pkbench.execute.allocator import keep_freed_memory
    from pkbench.execute.context import new_invocation
    from pkbench.execute.prepare import Selection
    from pkbench.execute.session import Options
    from pkbench.execute.workers import WorkerPool
    from pkbench.spec.find import find_specs
    from pkbench.spec.load import LoadedChecks, load_any
    from pkbench.store.places import results_folder

    parts = parts_of(accumulate)
    stopper = Stopper(None if max_time is None else seconds_of(max_time))
    checkpoint_seconds, checkpoint_epochs = interval_of(checkpoint_every or ["60s"])
    selection = Selection(profile, seeds, tuple(only or ()), fresh, retry_failed)
    # All specs are loaded before any is run: a fault in the last one shows at once.
    loaded = [(spec, results_folder(spec.path, results)) for spec in map(load_any, find_specs(specs))]
    mirrors = Mirrors(loaded if mlflow else [])
    command = _Command(
        stopper, selection, new_invocation(), mirrors, quiet=quiet, json_events=json_, allow_failed=allow_failed
    )
    # A single run at a time is computed in this process.
    keep_freed_memory()
    code = 0
    told = agenda(loaded, selection, device, jobs, engine) if len(loaded) > 1 and not quiet else None
    with stopper.listening(), mirrors.finished(stopper, quiet=quiet, json_events=json_), WorkerPool() as workers:
        for index, (spec, folder) in enumerate(loaded):
            if told is not None:
                _tell_next(spec, index, len(loaded), told.begin(index), json_events=json_)
            if isinstance(spec, LoadedChecks):
                code = max(code, checks.run(spec, folder, stopper, fresh=fresh, quiet=quiet, json_events=json_))
            else:
                options = Options(
                    folder,
                    device,
                    jobs,
                    checkpoint_seconds,
                    engine,
                    stack,
                    checkpoint_epochs=checkpoint_epochs,
                    accumulate=parts,
                    executor=executor,
                )
                code = max(code, command.run(spec, options, workers))
            if stopper.should_stop():
                break
            if claims_:
                claims.judge(spec, profile, results, seeds, _tell_claims if json_ else None)
    if stopper.reason == "interrupted":
        code = EXIT_INTERRUPTED
    elif stopper.reason == "unread":
        code = EXIT_UNREAD
    raise typer.Exit(code)


class _Command:
    """One ``pkbench run``: what is shared by the specs it was given."""

    def __init__(
        self,
        stopper: Stopper,
        selection: Selection,
        invocation: Invocation,
        mirrors: Mirrors,
        *,
        quiet: bool,
        json_events: bool,
        allow_failed: bool,
    ) -> None:
        self.stopper = stopper
        self.selection = selection
        self.invocation = invocation
        self.mirrors = mirrors
        self.quiet = quiet
        self.json_events = json_events
        self.allow_failed = allow_failed

    def run(self, loaded: LoadedSpec, options: Options, workers: WorkerPool) -> int:
        """Run one spec; its exit code."""
        from pkbench.cli.progress import make_display
        from pkbench.cli.unread import Patient
        from pkbench.execute.events import RunEnded
        from pkbench.execute.forecast import known_epochs
        from pkbench.execute.outcome import outcome
        from pkbench.execute.remaining import Remaining
        from pkbench.execute.session import Session

        display = Patient(make_display(json_events=self.json_events, quiet=self.quiet), self.stopper)
        tally = Tally()

        def on_prepared(prepared: Prepared, jobs: int) -> None:
            known = known_epochs(prepared, options.device, options.engine)
            tally.remaining = Remaining(prepared.to_run, known)
            display.prepared(prepared, jobs, tally.remaining)
            if prepared.to_run:
                self.mirrors.start(options.results)

        def emit(event: Event) -> None:
            tally.event(event)
            display.event(event)
            if isinstance(event, RunEnded):
                self.mirrors.nudge(options.results)

        started = time.monotonic()
        try:
            prepared = Session(loaded, self.selection, options, self.invocation, workers).run(
                emit, self.stopper.should_stop, on_prepared
            )
        finally:
            display.close()
        found = outcome(prepared, tally.ended, time.monotonic() - started)
        if not self.quiet and not self.json_events and self.stopper.reason != "unread":
            for line in conclusion(prepared, tally, found):
                say(line)
        return self._exit_code(found)

    def _exit_code(self, found: Outcome) -> int:
        if (found.failed or found.failed_before) and not self.allow_failed:
            return EXIT_FAILED
        if found.blocked:
            return EXIT_NO_DATA
        stopped = self.stopper.reason == "time" and found.left > found.interrupted
        return EXIT_TIME if stopped or found.interrupted else 0


def _tell_next(spec: AnyLoaded, index: int, count: int, seconds: float | None, *, json_events: bool) -> None:
    """Which of ``count`` specs begins now, and how long it and those after it take, where that is known."""
    if json_events:
        told = {"spec": spec.spec.experiment.id, "number": index + 1, "of": count, "left_seconds": seconds}
        typer.echo(json.dumps({"event": "SpecStarted", "time": time.time(), **told}))
        return
    left = f"; about {duration(seconds)} for all that is left" if seconds else ""
    say(f"spec {index + 1} of {count}: {spec.path.stem}{left}")


def _tell_claims(data: dict[str, Any]) -> None:
    """The verdicts on a spec as an event, in one line like all others."""
    typer.echo(json.dumps({"event": "Claims", "time": time.time(), **data}, allow_nan=False))
