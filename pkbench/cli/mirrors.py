"""A command's mirrors in MLflow: one process for each results folder, however many of its specs are run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pkbench.cli.stopping import Stopper
    from pkbench.spec.load import AnyLoaded
    from pkbench.store.mirror import BackgroundMirror

_PATIENCE_SECONDS = 20.0


class Mirrors:
    """The mirrors of ``specs``, each with its results folder: importing MLflow takes longer than many a spec's runs.

    Each is started with the first run in its folder, and has until some seconds after the last one to catch up.
    """

    def __init__(self, specs: Sequence[tuple[AnyLoaded, Path]]) -> None:
        from pkbench.spec.load import LoadedChecks
        from pkbench.store.mirror import BackgroundMirror

        ids: dict[Path, list[str]] = {}
        for spec, folder in specs:
            if not isinstance(spec, LoadedChecks):  # checks have no runs
                ids.setdefault(folder, []).append(spec.spec.experiment.id)
        self._mirrors = {folder: BackgroundMirror(folder, found) for folder, found in ids.items()}
        self._told: dict[Path, BackgroundMirror] = {}

    def start(self, folder: Path) -> None:
        """Runs of ``folder`` are about to be computed."""
        if folder in self._mirrors:
            self._mirrors[folder].start()

    def nudge(self, folder: Path) -> None:
        """A record was written to ``folder``."""
        if folder in self._mirrors:
            self._told[folder] = self._mirrors[folder]
            self._told[folder].nudge()

    @contextmanager
    def finished(self, stopper: Stopper, *, quiet: bool, json_events: bool) -> Iterator[None]:
        """Behind what is done within, however it ends, let those that were nudged catch up, and tell how far they came."""
        from pkbench.cli.progress import make_display
        from pkbench.cli.unread import Patient
        from pkbench.execute.events import Note

        try:
            yield
        finally:
            for mirror in self._told.values():
                outcome = mirror.finish(_PATIENCE_SECONDS, stopper.should_stop)
                display = Patient(make_display(json_events=json_events, quiet=quiet), stopper)
                display.event(Note(outcome.message))
                display.close()
