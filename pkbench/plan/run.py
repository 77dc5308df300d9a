"""A run: one training with everything that determines its result, and the id made of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pkbench.sizes.base import Shape
from pkbench.spec.model import shape_of
from pkbench.spec.scale import AnyData, AnyModel, Scaled
from pkbench.spec.train import Train

RESULT_VERSION = 2
"""Raised whenever a change of the code changes what a run computes; part of every run's id."""

_TRAIN_CHOICES = frozenset({"seeds", "select_lr_by"})


@dataclass(frozen=True, slots=True)
class Run:
    """One training: a model on a data set with one learning rate and one seed.

    ``config`` is everything that determines the result, as plain JSON values; ``run_id`` is its hash, or
    ``None`` while the data set's checksum is unknown because its files are not here.
    """

    spec_id: str
    profile: str
    model: AnyModel
    data: AnyData
    train: Train
    lr: float
    seed: int
    shape: Shape
    config: Mapping[str, Any]
    run_id: str | None

    @property
    def label(self) -> str:
        """Short name for people, unique within a spec's profile."""
        return f"{self.model.id} · {self.data.id} · lr {self.lr:g} · seed {self.seed}"


def canonical_json(value: object) -> str:
    """``value`` as JSON with one spelling: keys sorted, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def run_config(
    model: AnyModel, data: AnyData, train: Train, lr: float, seed: int, checksum: str | None
) -> dict[str, Any]:
    """What determines a run's result. Names, titles and paths are left out, sizes are resolved."""
    recipe = train.model_dump(mode="json", exclude=set(_TRAIN_CHOICES))
    recipe["optimizer"]["lr"] = lr
    return {
        "result_version": RESULT_VERSION,
        "model": model.identity(),
        "data": data.identity() | {"checksum": checksum},
        "train": recipe,
        "seed": seed,
    }


def config_id(config: Mapping[str, Any]) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of ``config``'s canonical JSON."""
    return hashlib.sha256(canonical_json(config).encode()).hexdigest()[:16]


def expand(scaled: Scaled, checksums: Mapping[str, str | None]) -> Iterator[Run]:
    """Every run of ``scaled``: data sets, then seeds, then models, then learning rates.

    Seeds come before models so that an interrupted sweep leaves complete pairs behind.
    ``checksums`` has the content checksum of each data set by id, ``None`` where its files are not here.
    """
    for data in scaled.data:
        seeds = scaled.train.seeds
        # Put together once: all but the seed is the same for every seed.
        firsts = [run for model in scaled.models for run in _runs_of_seed(scaled, model, data, seeds[0], checksums)]
        for seed in seeds:
            for first in firsts:
                config = {**first.config, "seed": seed}
                run_id = None if first.run_id is None else config_id(config)
                yield replace(first, seed=seed, config=config, run_id=run_id)


def _runs_of_seed(
    scaled: Scaled, model: AnyModel, data: AnyData, seed: int, checksums: Mapping[str, str | None]
) -> Iterator[Run]:
    """The runs of ``model`` on ``data`` with ``seed``, one for each learning rate."""
    train, checksum = scaled.train_of(model), checksums[data.id]
    shape = shape_of(model, data.shape, data.classes)
    for lr in train.optimizer.lr:
        config = run_config(model, data, train, lr, seed, checksum)
        yield Run(
            spec_id=scaled.spec.experiment.id,
            profile=scaled.profile_name,
            model=model,
            data=data,
            train=train,
            lr=lr,
            seed=seed,
            shape=shape,
            config=config,
            run_id=None if checksum is None else config_id(config),
        )
