"""Small specs and fabricated records for the tests of claims and reports.

Runs come from the real expansion, so ids match; numbers are the test's own.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pkbench.plan.compare import comparisons
from pkbench.plan.run import Run, expand
from pkbench.spec.document import ProfileName, Spec
from pkbench.spec.scale import Scaled, scale
from pkbench.store.comparison_record import ComparisonRecord
from pkbench.store.record import (
    CodeIdentity,
    Counts,
    DataSummary,
    Environment,
    Epoch,
    Failure,
    Invocation,
    Labels,
    Measured,
    Record,
    SpecIdentity,
)

CHECKSUM = "c" * 64

MODEL: dict[str, Any] = {
    "kind": "mlp-mixer",
    "mixing": "normal",
    "depth": 1,
    "patch": 4,
    "S": 4,
    "C": 8,
    "gamma": 2.0,
    "bias": True,
    "init": "torch-linear",
    "first_skip": "identity",
}

LESS: dict[str, Any] = {
    "id": "less",
    "kind": "less",
    "statement": "a has the lower test error",
    "place": "Table 1",
    "a": "a",
    "b": "b",
    "metric": "test_error",
    "margin": 0.0,
    "alpha": 0.05,
}

VALUE: dict[str, Any] = {
    "id": "value",
    "kind": "value",
    "statement": "a reaches the reported error",
    "place": "Table 1",
    "a": "a",
    "metric": "test_error",
    "alpha": 0.05,
}

COMPARE: dict[str, Any] = {
    "id": "same",
    "kind": "cka",
    "statement": "a against b",
    "a": "a",
    "b": "b",
    "batch": 64,
    "passes": 1,
    "seed": 0,
}

QUOTED: dict[str, Any] = LESS | {"id": "quoted", "b": "lasso", "statement": "a beats the quoted row"}


def swept(**axes: Sequence[float]) -> dict[str, Any]:
    """What makes a family of a model: lists of these fields in place of the fields."""
    return {"sweep": {name: list(values) for name, values in axes.items()}} | dict.fromkeys(axes)


def curve(kind: str, **more: Any) -> dict[str, Any]:
    """A claim about the curve of ``a`` along C."""
    common = {key: value for key, value in LESS.items() if key not in ("b", "margin")}
    return common | {"id": kind, "kind": kind, "statement": "a curve", "x": "C"} | more


def reported(row: str, mean: float, sd: float | None = None, n: int | None = None, **more: object) -> dict[str, Any]:
    """A ``[[reported]]`` entry on CIFAR-10."""
    entry = {"row": row, "data": "cifar10", "metric": "test_error", "mean": mean, "sd": sd, "n": n, "place": "Table 1"}
    return {key: value for key, value in (entry | more).items() if value is not None}


def document(
    *,
    claims: Sequence[Mapping[str, Any]] = (LESS,),
    numbers: Sequence[Mapping[str, Any]] = (),
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    rates: Sequence[float] = (0.01,),
    models: Mapping[str, Mapping[str, Any]] | None = None,
    select: str = "validation-error",
    epochs: int = 2,
    compares: Sequence[Mapping[str, Any]] = (),
    scales: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """A whole spec as TOML would give it: digits at quick, CIFAR-10 at paper."""
    # C differs so that the models are not one and the same run.
    sizes = {"a": {"C": 8}, "b": {"C": 9}} if models is None else models
    return {
        "experiment": {"id": "small", "title": "A small spec", "paper": "Table 1", "kind": "train"},
        "data": [
            {
                "id": "digits",
                "source": "digits",
                "shape": [8, 8, 1],
                "classes": 10,
                "test_count": 360,
                "validation_count": 180,
                "split_seed": 0,
                "normalize": "none",
            },
            {
                "id": "cifar10",
                "source": "torchvision:CIFAR10",
                "shape": [32, 32, 3],
                "classes": 10,
                "validation_count": 5000,
                "split_seed": 0,
                "normalize": "none",
            },
        ],
        "model": [copy.deepcopy(MODEL) | {"id": name} | dict(size) for name, size in sizes.items()],
        "train": {
            "seeds": list(seeds),
            "epochs": epochs,
            "batch_size": 64,
            "drop_last": True,
            "label_smoothing": 0.0,
            "precision": "fp32",
            "cpu_threads": 1,
            "eval_every": 1,
            "select_lr_by": select,
            "optimizer": {"kind": "adamw", "lr": list(rates), "weight_decay": 0.0, "betas": [0.9, 0.999], "eps": 1e-8},
            "schedule": {"kind": "cosine", "warmup_epochs": 0.0, "warmup_lr": 0.0, "final_lr": 0.0},
            "augment": {"crop_padding": 0, "flip": False, "policy": "none"},
        },
        "reported": [dict(number) for number in numbers],
        "claim": [dict(claim) for claim in claims],
        "compare": [dict(compare) for compare in compares],
        "assumption": {"train.optimizer.eps": "Not stated; PyTorch's default."},
        "profile": {
            "quick": {
                "scope": "Digits only: no evidence about CIFAR.",
                "data": ["digits"],
                "model": dict(scales or {}),
            },
            "paper": {"scope": "The published setting.", "data": ["cifar10"]},
        },
    }


@dataclass
class Study:
    """A spec at one profile with its runs and whatever records a test makes up."""

    scaled: Scaled
    runs: list[Run]
    records: dict[str, Record] = field(default_factory=dict)
    comparisons: dict[str, ComparisonRecord] = field(default_factory=dict)

    def run(self, model: str, seed: int, lr: float | None = None) -> Run:
        """The run of ``model`` with ``seed`` (and ``lr``, where there are several)."""
        (found,) = [r for r in self.runs if r.model.id == model and r.seed == seed and lr in (None, r.lr)]
        return found

    def put(self, record: Record) -> None:
        self.records[record.run_id] = record

    def finish(
        self, model: str, errors: Mapping[int, float] | Sequence[float], *, lr: float | None = None, **more: Any
    ) -> None:
        """Finished records of ``model`` with these final test errors by seed (or for seeds 0, 1, …)."""
        by_seed = errors if isinstance(errors, Mapping) else dict(enumerate(errors))
        for seed, error in by_seed.items():
            self.put(finished(self.run(model, seed, lr), error, **more))

    def compare(self, name: str, values: Mapping[int, float | None] | Sequence[float | None]) -> None:
        """Records of the comparison ``name`` with this mean CKA by the first seed of each pair (or for seeds 0, 1, …)."""
        by_seed = values if isinstance(values, Mapping) else dict(enumerate(values))
        for pair in comparisons([compare for compare in self.scaled.compares if compare.id == name], self.runs):
            if pair.a.seed not in by_seed:
                continue
            some = next(iter(self.records.values()))
            self.comparisons[pair.run_id] = ComparisonRecord(
                format=1,
                run_id=pair.run_id,
                spec=some.spec,
                profile=some.profile,
                compare=name,
                config=dict(pair.config),
                seeds=(pair.a.seed, pair.b.seed),
                blocks_a=("t1", "c1"),
                blocks_b=("t1", "c1"),
                # Off the diagonal nothing counts.
                matrix=((by_seed[pair.a.seed], 0.0), (0.0, by_seed[pair.a.seed])),
                images=320,
                seconds=1.0,
                ended=1e9,
                environment=some.environment,
                code=some.code,
                invocation=some.invocation,
            )


def study(profile: ProfileName = "quick", **changes: Any) -> Study:
    """The spec of :func:`document` at ``profile``, nothing run yet."""
    scaled = scale(Spec.model_validate(document(**changes)), profile)
    return Study(scaled, list(expand(scaled, {data.id: CHECKSUM for data in scaled.data})))


def finished(
    run: Run,
    error: float,
    *,
    validation: float | None = 20.0,
    train: float = 5.0,
    epochs: int | None = None,
    device: str = "cpu",
    commit: str | None = "0" * 40,
    dirty: bool | None = False,
    torch: str = "2.11.0",
    images: int = 10_000,
    measured: Sequence[Measured] = (),
    seconds: Sequence[float] | None = None,
    losses: tuple[float | None, float] | None = None,
) -> Record:
    """A finished record of ``run``: the error falls to ``error`` per cent over its epochs.

    ``seconds`` are those of each epoch, ``losses`` the last test and training loss.
    """
    last = run.train.epochs if epochs is None else epochs
    history = tuple(
        Epoch(
            epoch=epoch,
            lr=run.lr,
            train_loss=losses[1] if losses and epoch == last else 2.0 / epoch,
            train_error=train + (last - epoch),
            validation_loss=1.0,
            validation_error=None if validation is None else validation + (last - epoch),
            test_loss=losses[0] if losses and epoch == last else 1.0,
            test_error=error + (last - epoch),
            seconds=seconds[epoch - 1] if seconds else 1.0,
            data_seconds=0.125,
            ended=1e9 + epoch,
        )
        for epoch in range(1, last + 1)
    )
    record = _record(run, history, None, device=device, commit=commit, dirty=dirty, torch=torch, images=images)
    return record.model_copy(update={"measured": tuple(measured)})


def failed(
    run: Run, kind: Literal["diverged", "out-of-memory"] = "diverged", *, message: str = "loss is nan"
) -> Record:
    """A failed record of ``run``."""
    failure = Failure(kind=kind, message=message, epoch=1)
    return _record(run, (), failure, device="cpu", commit="0" * 40, dirty=False, torch="2.11.0", images=10_000)


def _record(
    run: Run,
    history: tuple[Epoch, ...],
    failure: Failure | None,
    *,
    device: str,
    commit: str | None,
    dirty: bool | None,
    torch: str,
    images: int,
) -> Record:
    assert run.run_id is not None
    shape = run.shape
    return Record(
        format=1,
        run_id=run.run_id,
        status="finished" if failure is None else "failed",
        spec=SpecIdentity(id=run.spec_id, title="A small spec", sha256="5" * 64),
        profile=run.profile,
        labels=Labels(model=run.model.id, data=run.data.id, seed=run.seed, lr=run.lr),
        config=dict(run.config),
        counts=Counts.of(shape),
        data=DataSummary(checksum=CHECKSUM, train=1257, validation=180, test=images, mean=(0.0,), std=(1.0,)),
        history=history,
        failure=failure,
        weights_sha256="a" * 64 if failure is None else None,
        resumed_after=(),
        seconds=float(len(history)),
        started=1e9,
        ended=1e9 + 10,
        environment=Environment(
            python="3.11.9",
            torch=torch,
            numpy="2.4.6",
            platform="Linux",
            processor="A processor",
            cores=2,
            device=device,
            threads=1,
        ),
        code=CodeIdentity(version="0.1.0", commit=commit, dirty=dirty),
        invocation=Invocation(id="one", started=1e9),
    )
