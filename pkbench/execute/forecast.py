"""Estimates for the runs of a plan on this machine: from runs like them done here, else from a calibration."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from statistics import median

from pkbench.data.size import image_counts
from pkbench.execute.device import resolve_device
from pkbench.execute.engine import engine_here
from pkbench.execute.prepare import Prepared
from pkbench.plan.engine import AUTO
from pkbench.plan.estimate import Calibration, Estimate, estimate, memory_bytes
from pkbench.plan.run import Run, canonical_json
from pkbench.probes.calibrate import kept
from pkbench.store.record import Record


@dataclass(frozen=True, slots=True)
class Forecast:
    """An estimate and what it rests on: ``measured`` earlier runs here, or ``calibration``."""

    estimate: Estimate
    basis: str


def forecast(
    runs: Sequence[Run],
    records: Iterable[Record],
    calibration: Callable[[str], Calibration | None],
    base: Path,
    device: str,
    engine: str = AUTO,
) -> list[Forecast | None]:
    """A forecast for each of ``runs``, ``None`` where the size of the data, the engine or its speed cannot be known.

    ``calibration`` gives that of an engine of this machine by its name, if there is one; ``engine`` is the one that is wanted.
    """
    counts = {run.data.id: None for run in runs} | {run.data.id: image_counts(run.data, base) for run in runs}
    measured = _seconds_per_epoch(records, device)

    def of(run: Run) -> Forecast | None:
        images = counts[run.data.id]
        name = engine_here(engine, run, device.partition(":")[0])
        if images is None or name is None:
            return None
        seconds = measured.get((cost_key(run.config), name))
        if seconds is not None:
            return Forecast(Estimate(seconds * run.train.epochs, memory_bytes(run, *images)), "measured")
        calibrated = calibration(name)
        return None if calibrated is None else Forecast(estimate(run, calibrated, *images), "calibration")

    # Runs that differ in seed and learning rate alone cost the same.
    known: dict[tuple[str, str], Forecast | None] = {}
    for run in runs:
        key = (run.model.id, run.data.id)
        if key not in known:
            known[key] = of(run)
    return [known[run.model.id, run.data.id] for run in runs]


def known_epochs(prepared: Prepared, device: str, engine: str) -> dict[str, float]:
    """Seconds of an epoch of the runs to be computed, by id, as far as they are known without measuring anything.

    From runs like them that were finished on this machine, else from a calibration made here earlier. ``device`` is as a user
    names it, ``auto`` included.

    Raises:
        UsageError: the device is not here.
    """
    device = resolve_device(device)
    runs = prepared.to_run
    records = prepared.store.scan(prepared.loaded.spec.experiment.id).records.values() if runs else ()
    calibrated = cache(partial(kept, device, prepared.scaled.train.cpu_threads))
    casts = forecast(runs, records, calibrated, prepared.loaded.path.parent, device, engine)
    return {
        run.run_id: cast.estimate.seconds / run.train.epochs
        for run, cast in zip(runs, casts, strict=True)
        if run.run_id is not None and cast is not None
    }


def _seconds_per_epoch(records: Iterable[Record], device: str) -> dict[tuple[str, str], float]:
    """Median seconds of an epoch of finished runs on a machine like this one, by what determines the cost and by engine."""
    times: dict[tuple[str, str], list[float]] = {}
    here = f"{platform.system()} {platform.release()} {platform.machine()}"
    for record in records:
        same_device = (record.environment.device == "cpu") == (device == "cpu")
        if record.status == "finished" and record.environment.platform == here and same_device:
            # Records that name no engine are from before there was a choice; runs of a stack share its time.
            key = (cost_key(record.config), record.engine or "reference")
            times.setdefault(key, []).append(record.seconds / len(record.history) / (record.stacked or 1))
    return {key: median(values) for key, values in times.items()}


def cost_key(config: Mapping[str, object]) -> str:
    """The parts of a run's configuration that its cost depends on, seed and learning rate left out."""
    train = config["train"]
    if not isinstance(train, Mapping):
        raise TypeError("a run's configuration has a table 'train'")
    recipe = {
        key: train.get(key) for key in ("batch_size", "precision", "cpu_threads", "eval_every", "augment", "drop_last")
    }
    return canonical_json({"model": config["model"], "data": config["data"], "train": recipe})
