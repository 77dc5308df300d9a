"""What MLflow holds, read with its own client."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pkbench.store.mirror import entry
from pkbench.store.mirror.settings import mirror_settings


@dataclass(frozen=True)
class Seen:
    """One live run."""

    id: str
    name: str
    status: str
    start: int
    end: int
    params: dict[str, str]
    tags: dict[str, str]
    metrics: dict[str, list[tuple[int, int, float]]]
    """By key: step, timestamp and value."""
    artifacts: dict[str, bytes]


def look(uri: str, spec_id: str, folder: Path, kind: str = "run") -> list[Seen]:
    """The live runs of one kind of ``spec_id``, in order of their names."""
    with mirror_settings():
        client = importlib.import_module("mlflow").MlflowClient(uri)
        experiment = client.get_experiment_by_name(entry.experiment_name(spec_id))
        runs = [] if experiment is None else client.search_runs([experiment.experiment_id])
        seen = [_seen(client, run, folder) for run in runs if run.data.tags[entry.KIND] == kind]
    return sorted(seen, key=lambda run: run.name)


def _seen(client: Any, run: Any, folder: Path) -> Seen:
    run_id = run.info.run_id
    history = {key: client.get_metric_history(run_id, key) for key in run.data.metrics}
    files = [found.path for found in client.list_artifacts(run_id)]
    folder.mkdir(exist_ok=True)
    return Seen(
        id=run_id,
        name=run.info.run_name,
        status=run.info.status,
        start=run.info.start_time,
        end=run.info.end_time,
        params=run.data.params,
        tags=run.data.tags,
        metrics={key: sorted((m.step, m.timestamp, m.value) for m in found) for key, found in history.items()},
        artifacts={path: Path(client.download_artifacts(run_id, path, str(folder))).read_bytes() for path in files},
    )
