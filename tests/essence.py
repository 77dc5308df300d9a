"""What of a record must be equal whenever its run is repeated."""

from pathlib import Path
from typing import Any

from pkbench.store.files import Store
from pkbench.store.record import Record

CIRCUMSTANCES = {
    *("spec", "profile", "code", "environment", "invocation"),  # who computed it, of what, where
    *("engine", "stacked", "accumulated", "resumed_after"),  # how it came to be computed
    *("seconds", "started", "ended"),
}
TIMES = {"seconds", "data_seconds", "ended"}


def essence(record: Record) -> dict[str, Any]:
    """All of ``record`` but times and circumstances: configuration, sizes, data, every epoch's numbers, the weights' hash."""
    content = record.model_dump(exclude=CIRCUMSTANCES)
    content["history"] = [
        {name: value for name, value in row.items() if name not in TIMES} for row in content["history"]
    ]
    return content


def records_in(results: Path) -> dict[str, Record]:
    """The sound records of the small spec."""
    return Store(results).scan("small").records


def essences_in(results: Path) -> dict[str, dict[str, Any]]:
    """The essence of every run of the small spec."""
    return {run_id: essence(record) for run_id, record in records_in(results).items()}
