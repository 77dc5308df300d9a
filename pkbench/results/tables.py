"""Recorded results as tables of columns: a row a run, an epoch or a check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from pkbench.claims.selection import record_of
from pkbench.errors import UsageError
from pkbench.report.checks import CheckStudy
from pkbench.report.csv_columns import RUN_NAMES
from pkbench.report.study import read_records
from pkbench.results.studies import default_profile
from pkbench.results.subject import spec_folders
from pkbench.results.wanted import scaled_runs
from pkbench.spec.load import LoadedSpec
from pkbench.store.files import Store
from pkbench.store.record import Epoch, Record
from pkbench.table import Row, Table

_SIZES: Final = {
    "S": "tokens; empty for a model without",
    "C": "channels; empty for a model without",
    "gamma": "expansion factor, where it is one number",
    "depth": "blocks",
    "width": "hidden width gamma*m",
    "omega": "average connections of a layer",
    "connections": "connections without the classifier",
    "parameters": "trainable parameters",
}
_ERRORS: Final = {
    "train_loss": "training loss in nats, augmentation and smoothing included",
    "train_error_percent": "training error, augmentation included",
    "validation_loss": "in nats; empty without validation images, or where they were not looked at",
    "validation_error_percent": "empty where the loss is",
    "test_loss": "in nats; empty where the test images were not looked at",
    "test_error_percent": "empty where the loss is",
}
_TIMES: Final = {
    "seconds": "wall time",
    "data_seconds": "of it, spent waiting for batches; empty where that was not measured",
}
RUN_COLUMNS: Final = {
    **RUN_NAMES,
    **_SIZES,
    "epochs": "epochs completed",
    **_ERRORS,
    **_TIMES,
    "device": "cpu, or the GPU's name",
    "engine": "what computed the steps",
    "commit": "of the code",
    "failure": "why it failed; empty where it did not",
}
"""What the columns of a row a run say; losses and errors are those of its last epoch."""
EPOCH_COLUMNS: Final = {
    **RUN_NAMES,
    "epoch": "from 1",
    "epoch_lr": "learning rate at the epoch's last step",
    **_ERRORS,
    **_TIMES,
}
"""What the columns of a row an epoch say."""
CHECK_COLUMNS: Final = {
    "spec": "id of the spec",
    "claim": "id of the claim",
    "kind": "identity, bound or quantity that is computed",
    "run": "id of the check: its record is results/SPEC/checks/RUN.json",
    "outcome": "supported, contradicted or not assessed",
    "residual": "what is compared with the tolerance",
    "tolerance": "largest residual at which the claim holds",
    "seconds": "wall time",
    "sentence": "what was found, in words",
}
"""What the columns of a row a check say."""


def table_of_spec(
    loaded: LoadedSpec, store: Store, profile: str | None, seeds: int | None, *, epochs: bool = False
) -> Table:
    """The recorded runs that ``loaded`` asks for at ``profile``, or else at its default one and every other with records.

    They carry the names that the spec gives them now.

    Raises:
        UsageError: the spec has no such profile.
    """
    scan = read_records(store, loaded.spec.experiment.id)
    recorded = {default_profile(loaded), *(record.profile for record in scan.records.values())}
    names = [name for name in loaded.spec.profile if name in recorded] if profile is None else [profile]
    found: list[tuple[Row, Record]] = []
    for name in names:
        _, runs = scaled_runs(loaded, name, seeds, scan.records)
        for run in runs:
            record = record_of(run, scan.records)
            if record is not None:
                found.append((_names(record, name, run.model.id, run.data.id), record))
    return _table(found, scan.problems, epochs=epochs)


def table_of_folder(folder: Path, profile: str | None, *, epochs: bool = False) -> Table:
    """Every recorded run in ``folder``: results of many specs, or of one; at ``profile``, if one is named.

    Raises:
        UsageError: there are no results in it.
    """
    roots = [(folder, name) for name in spec_folders(folder)]
    if not roots and folder.name in spec_folders(folder.parent):
        roots = [(folder.parent, folder.name)]
    if not roots:
        raise UsageError(
            f"there are no results in {folder}",
            constraint="a results folder, or that of one spec in it",
            remedy="`pkbench status` says where results are",
        )
    found: list[tuple[Row, Record]] = []
    problems: list[str] = []
    for root, name in roots:
        scan = read_records(Store(root), name)
        problems += scan.problems
        found += [
            (_names(record, record.profile, record.labels.model, record.labels.data), record)
            for record in scan.records.values()
            if profile in (None, record.profile)
        ]
    found.sort(key=lambda pair: str([pair[0][name] for name in ("spec", "profile", "data")]))
    return _table(found, problems, epochs=epochs)


def table_of_checks(study: CheckStudy) -> Table:
    """A row for each check of ``study``, those not computed yet included."""
    rows: list[Row] = [
        {
            "spec": study.spec_id,
            "claim": verdict.claim_id,
            "kind": verdict.kind,
            "run": verdict.run_id,
            "outcome": verdict.outcome,
            "residual": verdict.residual,
            "tolerance": verdict.tolerance,
            "seconds": verdict.seconds,
            "sentence": verdict.sentence,
        }
        for verdict in study.verdicts
    ]
    return Table(CHECK_COLUMNS, rows, study.problems)


def _table(found: Iterable[tuple[Row, Record]], problems: Iterable[str], *, epochs: bool) -> Table:
    if epochs:
        return Table(EPOCH_COLUMNS, (row for names, record in found for row in _epochs(names, record)), problems)
    return Table(RUN_COLUMNS, ({**names, **_run(record)} for names, record in found), problems)


def _names(record: Record, profile: str, model: str, data: str) -> Row:
    return {
        "spec": record.spec.id,
        "profile": profile,
        "run": record.run_id,
        "model": model,
        "data": data,
        "lr": record.labels.lr,
        "seed": record.labels.seed,
        "status": record.status,
    }


def _run(record: Record) -> Row:
    """What stands in a run's row besides its names."""
    waited = [epoch.data_seconds for epoch in record.history]
    known = [seconds for seconds in waited if seconds is not None]
    return {
        **{name: getattr(record.counts, name) for name in _SIZES},
        "epochs": len(record.history),
        **(_errors(record.final) if record.history else {}),
        "seconds": record.seconds,
        "data_seconds": sum(known, 0.0) if len(known) == len(waited) else None,
        "device": record.environment.device,
        "engine": record.engine,
        "commit": record.code.commit,
        "failure": None if record.failure is None else f"{record.failure.kind}: {record.failure.message}",
    }


def _epochs(names: Row, record: Record) -> Iterator[Row]:
    for epoch in record.history:
        times = {"seconds": epoch.seconds, "data_seconds": epoch.data_seconds}
        yield {**names, "epoch": epoch.epoch, "epoch_lr": epoch.lr, **_errors(epoch), **times}


def _errors(epoch: Epoch) -> Row:
    return {name: getattr(epoch, name.removesuffix("_percent")) for name in _ERRORS}
