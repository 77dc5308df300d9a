"""Valid records without any training."""

from __future__ import annotations

import math
from typing import Any

from pkbench.plan.run import config_id
from pkbench.store.record import (
    CodeIdentity,
    Counts,
    DataSummary,
    Environment,
    Epoch,
    Failure,
    Invocation,
    Labels,
    Record,
    SpecIdentity,
)

STARTED = 1_750_000_000.25
FIRST = Invocation(id="a1b2c3d4e5f60718", started=STARTED)


def make_config(seed: int = 0, lr: float = 0.01, **model: Any) -> dict[str, Any]:
    """What determines a run, as plain JSON values."""
    return {
        "result_version": 1,
        "model": {"kind": "mlp-mixer", "mixing": "normal", "depth": 2, "S": 4, "C": 60, "gamma": 4.0, **model},
        "data": {"source": "digits", "shape": [8, 8, 1], "resize": None, "checksum": "ab" * 32},
        "train": {"epochs": 3, "optimizer": {"kind": "adamw", "lr": lr, "betas": [0.9, 0.999]}},
        "seed": seed,
    }


def make_epoch(epoch: int, *, evaluated: bool = True, **values: Any) -> Epoch:
    """One epoch with numbers that differ from every other epoch's."""
    evaluation = {
        "validation_loss": 1.5 / epoch,
        "validation_error": 50.0 / epoch,
        "test_loss": 1.6 / epoch,
        "test_error": 51.0 / epoch,
    }
    content: dict[str, Any] = {
        "epoch": epoch,
        "lr": 0.01 * math.cos(epoch / 10),
        "train_loss": 2.0 / epoch,
        "train_error": 60.0 / epoch,
        "seconds": 0.5,
        "data_seconds": 0.05 / epoch,
        "ended": STARTED + epoch / 2,
        **(evaluation if evaluated else {}),
        **values,
    }
    return Epoch(**content)


def make_record(seed: int = 0, *, epochs: int = 3, **fields: Any) -> Record:
    """A finished run of ``seed``; ``fields`` replace whole parts of it."""
    config = fields.pop("config", make_config(seed))
    content: dict[str, Any] = {
        "format": 1,
        "run_id": config_id(config),
        "status": "finished",
        "spec": SpecIdentity(id="toy", title="A toy", sha256="cd" * 32),
        "profile": "quick",
        "labels": Labels(model="mixer-ss-8", data="digits", seed=seed, lr=0.01),
        "config": config,
        "counts": make_counts(),
        "data": DataSummary(checksum="ab" * 32, train=1257, validation=180, test=360, mean=(0.3,), std=(0.37,)),
        "history": tuple(make_epoch(epoch) for epoch in range(1, epochs + 1)),
        "failure": None,
        "weights_sha256": "ef" * 32,
        "resumed_after": (),
        "seconds": epochs / 2,
        "started": STARTED,
        "ended": STARTED + epochs / 2,
        "environment": make_environment(),
        "code": CodeIdentity(version="0.1.0", commit="0123abcd" * 5, dirty=False),
        "invocation": FIRST,
        **fields,
    }
    return Record(**content)


def make_failed(seed: int = 0) -> Record:
    """A run whose loss was no number any more after its second epoch."""
    failure = Failure(kind="diverged", message="the loss is not a number", epoch=2)
    return make_record(seed, epochs=2, status="failed", failure=failure, weights_sha256=None)


def make_counts() -> Counts:
    """Sizes of a small Mixer."""
    return Counts(
        S=4, C=60, gamma=4.0, depth=2, m=240, width=960, omega=67200.0, p=0.01,
        parameters=70000, connections=260000, forward_flops=520000, activation_floats=9000,
    )  # fmt: skip


def make_environment() -> Environment:
    """A machine."""
    return Environment(
        python="3.11.7", torch="2.15.0", numpy="2.3.0", platform="Linux-x86_64",
        processor="a processor", cores=2, device="cpu", threads=1,
    )  # fmt: skip
