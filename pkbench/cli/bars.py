"""Progress in a terminal: a bar for everything and one for each run at work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.text import Text

from pkbench.cli.console import marked
from pkbench.cli.progress import Shown, compared, headline, outcome
from pkbench.cli.units import duration
from pkbench.execute.events import ComparisonEnded, EpochEnded, Event, Note, RunEnded, RunStarted

if TYPE_CHECKING:
    from pkbench.execute.prepare import Prepared
    from pkbench.execute.remaining import Remaining


class _TimeLeft(ProgressColumn):
    """Until everything has ended, beside the bar for everything."""

    def __init__(self, shown: Shown) -> None:
        super().__init__()
        self._shown = shown

    def render(self, task: Task) -> Text:
        """``12 min 03 s left``, once that is known."""
        left = self._shown.left() if task.fields["all"] else None
        return Text("" if left is None else f"{duration(left)} left")


class Bars(Shown):
    """A bar for everything, with the time left, and one for each run at work, with epoch, loss and error."""

    def __init__(self) -> None:
        super().__init__()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            TextColumn("{task.fields[figures]}"),
            _TimeLeft(self),
        )
        self._tasks: dict[str, TaskID] = {}
        self._overall: TaskID | None = None

    def prepared(self, prepared: Prepared, jobs: int, remaining: Remaining) -> None:
        """Print the headline and open the overall bar."""
        super().prepared(prepared, jobs, remaining)
        self._progress.console.print(marked(headline(prepared, jobs)), highlight=False, soft_wrap=True)
        if not self.runs:
            return
        epochs = sum(run.train.epochs for run in self.runs.values())
        self._overall = self._progress.add_task("all runs", total=epochs, unit="epochs", figures="", all=True)
        self._progress.start()

    def event(self, event: Event) -> None:
        """Move the bars."""
        match event:
            case Note(text):
                self._progress.console.print(f"[yellow]note:[/] {marked(text)}", highlight=False, soft_wrap=True)
            case RunStarted(run_id, resumed_after):
                run = self.runs[run_id]
                self._tasks[run_id] = self._progress.add_task(
                    marked(run.label),
                    total=run.train.epochs,
                    completed=resumed_after,
                    unit="epochs",
                    figures="",
                    all=False,
                )
                self._advance(resumed_after)
            case EpochEnded(run_id, result):
                figures = f"loss {result.train_loss:.3f}, train error {result.train_error:.1f} %"
                self._progress.update(self._tasks[run_id], completed=result.epoch, figures=figures)
                self._advance(1)
            case RunEnded(run_id, status):
                self._end(run_id, event, status)
            case ComparisonEnded():
                self._progress.console.print(marked(compared(event)), highlight=False, soft_wrap=True)

    def _end(self, run_id: str, event: RunEnded, status: str) -> None:
        self.done += 1
        task = self._tasks.pop(run_id, None)
        if task is not None:
            self._progress.remove_task(task)
        if event.by_other:
            self._advance(self.runs[run_id].train.epochs)
        colour = {"finished": "green", "failed": "red"}.get(status, "yellow")
        text = marked(outcome(self.runs[run_id], event))
        self._progress.console.print(
            f"[{colour}]{self.done}/{len(self.runs)}[/] {text}", highlight=False, soft_wrap=True
        )

    def _advance(self, epochs: int) -> None:
        if self._overall is not None:
            self._progress.advance(self._overall, epochs)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._progress.stop()
