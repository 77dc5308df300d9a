"""What became of the runs of a command, and what is said of it in the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pkbench.cli.console import as_typed
from pkbench.cli.units import duration
from pkbench.execute.events import Event, RunEnded, RunStarted

if TYPE_CHECKING:
    from pkbench.execute.outcome import Outcome
    from pkbench.execute.prepare import Prepared
    from pkbench.execute.remaining import Remaining


class Tally:
    """What happened to the runs of one spec.

    Attributes:
        ended: how each ended, in time's order.
        resumed: ids of those that went on from a checkpoint.
        remaining: how long the rest takes, once it is known what there is to do.
    """

    def __init__(self) -> None:
        self.ended: list[RunEnded] = []
        self.resumed: set[str] = set()
        self.remaining: Remaining | None = None

    def event(self, event: Event) -> None:
        """Count it."""
        if self.remaining is not None:
            self.remaining.event(event)
        if isinstance(event, RunStarted) and event.resumed_after:
            self.resumed.add(event.run_id)
        elif isinstance(event, RunEnded):
            self.ended.append(event)


def conclusion(prepared: Prepared, tally: Tally, found: Outcome) -> Iterator[str]:
    """What came out, runs that were resumed counted apart, and the command to type next."""
    begun = sum(event.run_id in tally.resumed for event in tally.ended if event.status == "finished")
    how = [f"{begun} from a checkpoint"] if begun else []
    how += [f"{found.by_others} by another pkbench"] if found.by_others else []
    parts = [f"{found.finished} finished" + (f" ({', '.join(how)})" if how else "")]
    if found.failed:
        parts.append(f"{found.failed} failed")
    if found.left:
        parts.append(f"{found.left} left: the same command goes on")
    if found.to_run:
        yield f"{found.spec}: {', '.join(parts)} in {duration(found.seconds)}; records in {found.folder / 'runs'}"
    name = prepared.scaled.profile_name
    profile = "" if name == "quick" else f" --profile {name}"
    yield f"next: pkbench report {as_typed(prepared.loaded.path)}{profile}"
