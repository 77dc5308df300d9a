"""pkbench's own training, by engine: the only file of this room that knows how a step of ours is taken.

An engine of :data:`pkbench.plan.engine.ENGINES` is timed without a change here. What does not train by
:class:`~pkbench.train.trainer.Trainer` needs a :class:`~pkbench.bench.variant.Training` of its own, and variants that build it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import torch
from torch import Tensor

from pkbench.bench.cases import CLASSES, Case, Mixing
from pkbench.bench.images import AUGMENT, random_images
from pkbench.bench.peer_training import LEARNING_RATE, WEIGHT_DECAY, GraphCounter
from pkbench.bench.variant import Label, UnavailableError, Variant
from pkbench.data.mixing import Mixed
from pkbench.errors import UsageError
from pkbench.models.build import build
from pkbench.models.mixers import Mixer
from pkbench.plan.engine import ENGINES, obstacle
from pkbench.plan.run import Run
from pkbench.plan.stack import STACKING
from pkbench.sizes.sparse import Form
from pkbench.spec.data import NpzData
from pkbench.spec.model import shape_of
from pkbench.spec.train import AdamW, Cosine, Precision, Train
from pkbench.train.batches import BatchStream
from pkbench.train.engines.batch_last.network import StackedMixer
from pkbench.train.engines.batch_last.stack import Stack
from pkbench.train.engines.choose import image_of, stacking_engine
from pkbench.train.engines.precision import has_tf32
from pkbench.train.evaluate import evaluate
from pkbench.train.trainer import Trainer

COMPILED: Final = "batch-last"
"""The engine whose passes are timed as ``torch.compile`` makes them, too."""
EPOCHS: Final = 1_000_000
"""More than are ever begun: the learning rate stays at its peak."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which model of a case, and how it is trained."""

    case: Case
    mixing: Mixing
    form: Form
    precision: Precision
    engine: str
    threads: int
    device: torch.device

    def run(self, seed: int) -> Run:
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
            seed=seed,
            shape=shape_of(model, data.shape, data.classes),
            config={},
            run_id=None,
        )


class TrainerTraining:
    """One run by :class:`pkbench.train.trainer.Trainer` with one engine; see :class:`pkbench.bench.variant.Training`.

    Raises:
        UnavailableError: the engine cannot compute the run, or is not to be had here.
    """

    def __init__(self, plan: _Plan) -> None:
        run = plan.run(0)
        reason = obstacle(plan.engine, run, plan.device.type)
        if reason is not None:
            raise UnavailableError(reason)
        try:
            self._trainer = Trainer(run, random_images(plan.case, plan.device), plan.device, plan.engine)
        except UsageError as error:
            raise UnavailableError(error.what) from error
        self._batches = endless(self._trainer.batches)
        self._made: Tensor | None = None

    def data(self) -> None:
        """As :meth:`Training.data`.

        Inputs that an engine's threads make as part of a step are made by this one thread, in memory that is used again, as theirs is.
        """
        batch = next(self._batches)
        if batch.pictures is not None:
            self._made = batch.pictures.inputs(self._made)

    def step(self) -> None:
        """As :meth:`Training.step`."""
        self._trainer._step(next(self._batches)).compute()

    def evaluate(self) -> None:
        """As :meth:`Training.evaluate`."""
        trainer = self._trainer
        evaluate(trainer.engine.logits, trainer.data, trainer.data.test)

    def held(self) -> int:
        """As :meth:`Training.held`."""
        return self._trainer.engine.workspace

    def graphs(self) -> int:
        """As :meth:`Training.graphs`: no engine uses ``torch.compile``."""
        return 0

    def close(self) -> None:
        """As :meth:`Training.close`: there is nothing to end."""


class StackTraining:
    """Runs of several seeds in one stack of an engine that computes stacks, each on batches of its own.

    See :class:`pkbench.bench.variant.Training`. With ``compiled`` their passes are what ``torch.compile`` makes of them, which no
    engine does: it says what PyTorch alone reaches in this layout.

    Raises:
        UnavailableError: the engine cannot compute such runs.
    """

    def __init__(self, plan: _Plan, runs: int, *, compiled: bool = False) -> None:
        made = [plan.run(seed) for seed in range(runs)]
        reason = obstacle(plan.engine, made[0], plan.device.type)
        if reason is not None:
            raise UnavailableError(reason)
        arithmetic = stacking_engine(plan.engine).arithmetic
        models = [build(run.model, run.shape, run.seed) for run in made]
        mixers = [model for model in models if isinstance(model, Mixer)]
        self._data = random_images(plan.case, plan.device)
        self._streams = [BatchStream(run, self._data, plan.device) for run in made]
        self._endless = [endless(stream) for stream in self._streams]
        self._counter = GraphCounter()
        if compiled:
            arithmetic = replace(arithmetic, network=partial(_compiled_mixer, self._counter))
        self._stack = Stack(mixers, made[0].train, image_of(made[0]), plan.device, arithmetic)

    def data(self) -> None:
        """As :meth:`Training.data`."""
        for stream in self._endless:
            next(stream)

    def step(self) -> None:
        """As :meth:`Training.step`."""
        batches = [next(stream) for stream in self._endless]
        self._stack.step(batches, [LEARNING_RATE] * len(batches))

    def evaluate(self) -> None:
        """As :meth:`Training.evaluate`."""
        for run in range(len(self._streams)):
            evaluate(partial(self._stack.logits, run), self._data, self._data.test)

    def held(self) -> int:
        """As :meth:`Training.held`."""
        return self._stack.workspace

    def graphs(self) -> int:
        """As :meth:`Training.graphs`."""
        return self._counter.graphs

    def close(self) -> None:
        """As :meth:`Training.close`: there is nothing to end."""


def _compiled_mixer(
    counter: GraphCounter,
    models: Sequence[Mixer],
    image: tuple[int, int, int],
    device: torch.device,
    precision: Precision,
) -> StackedMixer:
    """A :class:`StackedMixer` whose passes are compiled."""
    made = StackedMixer(models, image, device, precision)
    made.compute = counter.compile(made.compute)  # type: ignore[method-assign]
    return made


def endless(stream: BatchStream) -> Iterator[Mixed]:
    """The batches of ``stream``, epoch after epoch."""
    while True:
        yield from stream
        stream.next_epoch()


def find_engines(names: list[str]) -> list[str]:
    """``names``, or every engine where there are none.

    Raises:
        UsageError: there is no such engine.
    """
    for name in names:
        if name not in ENGINES:
            raise UsageError(f"--engine {name} is no engine", constraint=" or ".join(ENGINES))
    return list(dict.fromkeys(names)) or list(ENGINES)


def ours_of(
    case: Case, engines: Iterable[str], threads: int, device: torch.device, stack: int | None = None
) -> list[Variant]:
    """Our own variants of ``case``: each engine, normal and permuted (SW-MLP: dense and sparse), in every precision that is here.

    The batch-last engine is compiled, too, and with ``stack`` those that compute stacks have as many runs at once.
    """
    found = []
    precisions: list[tuple[Precision, str]] = [("fp32", ""), ("bf16", ", bf16")]
    if has_tf32(device):
        precisions.insert(1, ("tf32", ", tf32"))
    for engine in engines:
        for precision, suffix in precisions:
            for name, mixing, form in _models(case):
                label = Label(f"{name} {engine}{suffix}", "ours", mixing, precision)
                if case.kind != "sw-mlp" and mixing == "random":
                    label = replace(label, normal=f"ours {engine}{suffix}")
                plan = _Plan(case, mixing, form, precision, engine, threads, device)
                found.append(Variant(label, partial(TrainerTraining, plan)))
                if engine not in STACKING or case.kind == "sw-mlp":
                    continue
                if engine == COMPILED:
                    compiled = _renamed(label, ", compiled", compiled=True)
                    found.append(Variant(compiled, partial(StackTraining, plan, 1, compiled=True)))
                if stack is not None:
                    stacked = _renamed(label, f", {stack} at once", runs=stack)
                    found.append(Variant(stacked, partial(StackTraining, plan, stack)))
    return found


def _renamed(label: Label, suffix: str, *, compiled: bool = False, runs: int = 1) -> Label:
    """``label`` of another way of computing the same; its normal twin goes the same way."""
    normal = None if label.normal is None else label.normal + suffix
    return replace(label, name=label.name + suffix, normal=normal, compiled=compiled, runs=runs)


def _models(case: Case) -> tuple[tuple[str, Mixing, Form], ...]:
    if case.kind == "sw-mlp":
        return ("ours dense mask", "random", "dense"), ("ours sparse", "random", "sparse")
    return ("ours", "normal", "sparse"), ("ours RP", "random", "sparse")


def _recipe(case: Case, precision: Precision, threads: int) -> Train:
    """What the peers do too, as a spec's ``[train]``."""
    return Train(
        seeds=(0,),
        epochs=EPOCHS,
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
