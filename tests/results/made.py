"""A project with results of every kind, made without training: records, checks, comparisons, weights, a report, data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pkbench.data.identity import checksum
from pkbench.plan.check import checks_of
from pkbench.plan.compare import comparisons
from pkbench.plan.run import Run, expand
from pkbench.spec.load import load_any, load_spec
from pkbench.spec.scale import Scaled, scale
from pkbench.store.comparison_record import ComparisonRecord
from pkbench.store.files import Store
from pkbench.store.record import Record, SpecIdentity
from tests.claims.factory import COMPARE, document, finished
from tests.report.made import ERRORS, toml
from tests.spec.test_check_specs import AUDIT, load_checks
from tests.store.test_check_records import make_check


@dataclass(frozen=True)
class Made:
    """The project in ``folder``: spec ``small``, which trains on ``data/images.npz``, and ``numbers``, which does not."""

    folder: Path
    spec: Path
    data: Path
    store: Store
    scaled: Scaled
    runs: tuple[Run, ...]

    def record(self, run: Run, error: float, **fields: Any) -> Record:
        """A finished record of ``run``, whose chain holds."""
        made = finished(run, error)
        assert made.data is not None
        spec = SpecIdentity(id="small", title="A small spec", sha256=load_spec(self.spec).sha256)
        data = made.data.model_copy(update={"checksum": run.config["data"]["checksum"]})
        code = made.code.model_copy(update={"commit": None, "dirty": None})
        kept = weights_of(run)
        return made.model_copy(
            update={
                "spec": spec,
                "data": data,
                "code": code,
                "weights_sha256": hashlib.sha256(b"parameters" + kept).hexdigest(),
                "kept_sha256": hashlib.sha256(kept).hexdigest(),
                **fields,
            }
        )

    def finish(self, errors: Mapping[str, Sequence[float]] = ERRORS) -> None:
        """Records of all runs, with the weights that are kept for their comparisons, and of these."""
        for run in self.runs:
            self.store.write(self.record(run, errors[run.model.id][run.seed]))
            path = self.store.weights_path("small", str(run.run_id))
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(weights_of(run))
        some = self.store.scan("small").records
        for pair in comparisons(self.scaled.compares, self.runs):
            of_a, of_b = some[str(pair.a.run_id)], some[str(pair.b.run_id)]
            assert of_a.weights_sha256 is not None
            assert of_b.weights_sha256 is not None
            self.store.write(
                ComparisonRecord(
                    format=1,
                    run_id=pair.run_id,
                    spec=of_a.spec,
                    profile="quick",
                    compare=pair.compare.id,
                    config=dict(pair.config),
                    seeds=(pair.a.seed, pair.b.seed),
                    blocks_a=("t1", "c1"),
                    blocks_b=("t1", "c1"),
                    matrix=((0.5, 0.0), (0.0, 0.25)),
                    weights_sha256=(of_a.weights_sha256, of_b.weights_sha256),
                    images=320,
                    seconds=1.0,
                    ended=1e9,
                    environment=of_a.environment,
                    code=of_a.code,
                    invocation=of_a.invocation,
                )
            )

    def finish_checks(self) -> None:
        """Records of the claims of ``numbers``."""
        loaded = load_checks(self.folder, AUDIT)
        spec = make_check().spec.model_copy(update={"id": "numbers", "sha256": loaded.sha256})
        for check in checks_of(loaded.spec):
            self.store.write(make_check(run_id=check.run_id, config=dict(check.config), spec=spec, residual=0.0))


def weights_of(run: Run) -> bytes:
    """What stands for the kept weights of ``run``."""
    return f"weights of {run.label}".encode() * 20


def make_project(folder: Path, *, seeds: Sequence[int] = (0, 1, 2), **changes: Any) -> Made:
    """A project without results in ``folder``."""
    raw = document(**({"seeds": tuple(seeds), "compares": (COMPARE,)} | changes))
    digits = {key: value for key, value in raw["data"][0].items() if key != "test_count"}
    raw["data"] = [digits | {"source": "npz", "path": "../data/images.npz"}]
    raw["profile"] = {"quick": raw["profile"]["quick"]}
    spec, data = folder / "specs" / "small.toml", folder / "data" / "images.npz"
    for path, content in ((spec, toml(raw).encode()), (data, bytes(range(256)) * 8)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    scaled = scale(load_spec(spec).spec, "quick")
    here = {"digits": checksum(scaled.data[0], spec.parent)}
    return Made(folder, spec, data, Store(folder / "results"), scaled, tuple(expand(scaled, here)))


def every_file(folder: Path) -> dict[str, bytes]:
    """All files below ``folder``, by their place in it; without the empty ones that stand for a hold."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def is_valid(spec: Path) -> bool:
    """Whether the file can be loaded."""
    try:
        load_any(spec)
    except Exception:
        return False
    return True
