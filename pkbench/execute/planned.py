"""What a plan shows of a prepared spec: forecasts, and which runs would train together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pkbench.table import Row, Table

if TYPE_CHECKING:
    from pkbench.execute.forecast import Forecast
    from pkbench.execute.prepare import Prepared
    from pkbench.plan.stack import Group

_SIZES: Final = ("S", "C", "gamma", "depth", "width", "omega", "connections", "parameters")
COLUMNS: Final = (
    *("run_id", "model", "data", "lr", "seed", "epochs", "action", "state", "reason"),
    *(*_SIZES, "seconds", "bytes", "estimated_from"),
)
"""Of :meth:`Planned.table`; ``seconds`` and ``bytes`` are estimates for the whole run."""

START: Final = 4.0
"""Seconds until the first run begins: what is imported and read before, on a machine of two cores."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A prepared spec with its forecasts (in the order of its decisions), for ``jobs`` runs at once."""

    prepared: Prepared
    forecasts: list[Forecast | None]
    device: str
    jobs: int
    stacks: list[Group]
    """Runs to be computed that may train as one stack."""
    asked: bool
    """Whether stacks were asked for; where not, they are made if they are measured to be faster."""

    @property
    def seconds(self) -> float:
        """Wall time of everything still to be computed, loading PyTorch and data too, and runs whose data is not here yet."""
        pairs = zip(self.prepared.decisions, self.forecasts, strict=True)
        total = sum(f.estimate.seconds for decision, f in pairs if f and decision.action != "skip")
        return START + total / self.jobs if total else 0.0

    @property
    def refusal(self) -> str | None:
        """Why nothing would be computed on this device, where that is so."""
        from pkbench.plan.engine import precision_obstacle

        kind = self.device.partition(":")[0]
        reasons = (precision_obstacle(run, kind) for run in self.prepared.to_run)
        return next((reason for reason in reasons if reason is not None), None)

    def table(self) -> Table:
        """A row for each run: what it is, whether it would be computed and why, and what it would cost."""
        return Table(COLUMNS, self._rows(), self.prepared.problems)

    def _rows(self) -> Iterator[Row]:
        for decision, cast in zip(self.prepared.decisions, self.forecasts, strict=True):
            run = decision.run
            row: Row = {
                "run_id": run.run_id,
                "model": run.model.id,
                "data": run.data.id,
                "lr": run.lr,
                "seed": run.seed,
                "epochs": run.train.epochs,
                "action": decision.action,
                "state": decision.state,
                "reason": decision.reason,
                "seconds": cast.estimate.seconds if cast else None,
                "bytes": cast.estimate.bytes if cast else None,
                "estimated_from": cast.basis if cast else None,
            }
            yield {**row, **{name: getattr(run.shape, name) for name in _SIZES}}

    @property
    def about_stacks(self) -> str:
        """How many runs train together, in one line."""
        sizes = [len(group) for group in self.stacks]
        most = f"up to {max(sizes)}" if min(sizes) < max(sizes) else str(max(sizes))
        stacks = "1 stack" if len(sizes) == 1 else f"{len(sizes)} stacks"
        when = ", as was asked for" if self.asked else " where that is measured to be faster"
        return f"{sum(sizes)} of them train together, in {stacks} of {most}{when}"


def planned(
    prepared: Prepared, device: str, jobs: int | None, engine: str, stack: int | None, *, estimate: bool
) -> Planned:
    """What would be done on this machine, with the options of a command.

    Raises:
        UsageError: the device is not here, or the engine cannot compute a run or stacks.
    """
    from pkbench.execute.device import resolve_device, resolve_jobs
    from pkbench.execute.stacking import stacking_here
    from pkbench.plan.engine import check_engine
    from pkbench.plan.stack import check_stack, groups

    device = resolve_device(device)
    threads = prepared.scaled.train.cpu_threads
    jobs = resolve_jobs(jobs, device, threads, len(prepared.decisions))
    check_engine(engine, [decision.run for decision in prepared.decisions], device.partition(":")[0])
    check_stack(stack, engine)
    stacking = stacking_here(engine, device, stack, jobs, prepared.scaled.spec.claim)
    stacks = [group for group in groups(prepared.to_run, stacking) if len(group) > 1]
    casts: list[Forecast | None] = [None] * len(prepared.decisions)
    if estimate:
        casts = _forecasts(prepared, device, threads, engine)
    return Planned(prepared, casts, device, jobs, stacks, stack is not None)


def _forecasts(prepared: Prepared, device: str, threads: int, engine: str) -> list[Forecast | None]:
    from functools import cache

    from pkbench.execute.forecast import forecast
    from pkbench.probes.calibrate import calibration

    records = prepared.store.scan(prepared.loaded.spec.experiment.id).records.values()
    base = prepared.loaded.path.parent
    runs = [decision.run for decision in prepared.decisions]
    calibrated = cache(lambda name: calibration(device, threads, name))
    return forecast(runs, records, calibrated, base, device, engine)
