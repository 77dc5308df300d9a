"""pkbench's own training, by engine: the only file of this room that knows how a step of ours is taken.

A new engine is a line in :data:`ENGINES` and a function that makes the :class:`~pkbench.bench.variant.Training` of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import torch

from pkbench.bench.cases import CLASSES, Case, Mixing
from pkbench.bench.images import AUGMENT, random_images
from pkbench.bench.peer_training import LEARNING_RATE, WEIGHT_DECAY
from pkbench.bench.variant import Label, Precision, Training, Variant
from pkbench.data.dataset import Dataset
from pkbench.errors import UsageError
from pkbench.plan.run import Run
from pkbench.sizes.sparse import Form
from pkbench.spec.data import NpzData
from pkbench.spec.model import shape_of
from pkbench.spec.train import AdamW, Cosine, Train
from pkbench.train.evaluate import evaluate
from pkbench.train.trainer import Trainer


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which model of a case, and how it is trained."""

    case: Case
    mixing: Mixing
    form: Form
    precision: Precision
    threads: int
    device: torch.device

    def run(self) -> Run:
        """The run as a spec would state it."""
        height, width, colours = self.case.image
        data = NpzData(
            id="images",
            source="npz",
            path="images.npz",
            shape=(height, width, colours),
            classes=CLASSES,
            validation_count=0,
            split_seed=0,
            normalize="train-statistics",
        )
        model = self.case.model(self.mixing, self.form)
        return Run(
            spec_id="bench",
            profile="bench",
            model=model,
            data=data,
            train=_recipe(self.case, self.precision, self.threads),
            lr=LEARNING_RATE,
            seed=0,
            shape=shape_of(model, data.shape, data.classes),
            config={},
            run_id=None,
        )


class TrainerTraining:
    """One run by :class:`pkbench.train.trainer.Trainer`; see :class:`pkbench.bench.variant.Training`."""

    def __init__(self, plan: _Plan) -> None:
        images: Dataset = random_images(plan.case, plan.device)
        self._trainer = Trainer(plan.run(), images, plan.device)
        self._order = self._trainer._order(1)

    def data(self) -> None:
        """As :meth:`Training.data`."""
        self._wrap()
        self._trainer._batch(self._order)

    def step(self) -> None:
        """As :meth:`Training.step`."""
        self._wrap()
        self._trainer._step(self._order)

    def evaluate(self) -> None:
        """As :meth:`Training.evaluate`."""
        trainer = self._trainer
        with trainer._precision():
            evaluate(trainer.model, trainer.data, trainer.data.test)

    def graphs(self) -> int:
        """As :meth:`Training.graphs`: nothing is compiled."""
        return 0

    def close(self) -> None:
        """As :meth:`Training.close`: there is nothing to end."""

    def _wrap(self) -> None:
        """Begin the same epoch again at its end."""
        if self._trainer.progress.step == self._trainer.steps_per_epoch:
            self._trainer.progress.step = 0


ENGINES: Final[dict[str, Callable[[_Plan], Training]]] = {"eager": TrainerTraining}
"""How a run can be trained, by name; rows are called ``ours`` and the name."""


def find_engines(names: list[str]) -> list[str]:
    """``names``, or every engine where there are none.

    Raises:
        UsageError: there is no such engine.
    """
    for name in names:
        if name not in ENGINES:
            raise UsageError(f"--engine {name} is no engine", constraint=f"engines are {', '.join(ENGINES)}")
    return list(dict.fromkeys(names)) or list(ENGINES)


def ours_of(case: Case, engines: Iterable[str], threads: int, device: torch.device) -> list[Variant]:
    """Our own variants of ``case``: each engine, normal and permuted (SW-MLP: dense and sparse), in fp32 and bf16."""
    found = []
    for engine in engines:
        for precision, suffix in (("fp32", ""), ("bf16", ", bf16")):
            plan = _Plan(case, "normal", "sparse", precision, threads, device)  # type: ignore[arg-type]
            for name, mixing, form in _models(case):
                label = Label(f"{name} {engine}{suffix}", "ours", mixing, plan.precision)
                if case.kind != "sw-mlp" and mixing == "random":
                    label = replace(label, normal=f"ours {engine}{suffix}")
                found.append(Variant(label, partial(ENGINES[engine], replace(plan, mixing=mixing, form=form))))
    return found


def _models(case: Case) -> tuple[tuple[str, Mixing, Form], ...]:
    if case.kind == "sw-mlp":
        return ("ours dense mask", "random", "dense"), ("ours sparse", "random", "sparse")
    return ("ours", "normal", "sparse"), ("ours RP", "random", "sparse")


def _recipe(case: Case, precision: Precision, threads: int) -> Train:
    """What the peers do too, as a spec's ``[train]``."""
    return Train(
        seeds=(0,),
        epochs=1,
        batch_size=case.batch,
        drop_last=True,
        label_smoothing=0.0,
        precision=precision,
        cpu_threads=threads,
        eval_every=1,
        select_lr_by="validation-error",
        optimizer=AdamW(kind="adamw", lr=(LEARNING_RATE,), weight_decay=WEIGHT_DECAY, betas=(0.9, 0.999), eps=1e-8),
        schedule=Cosine(kind="cosine", warmup_epochs=0.0, warmup_lr=0.0, final_lr=0.0),
        augment=AUGMENT,
    )
