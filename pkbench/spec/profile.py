"""``[profile.*]``: the same question at another scale.

A profile can change data, sizes, training length, the recipe's numbers and how closely is looked. It cannot change
what is asked: claims, kinds of models, mixing, optimizer, selection and what is measured stay the spec's.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from pkbench.spec.base import Fraction, Identifier, Part, Seed, Size, Text, array
from pkbench.spec.compare import Batch
from pkbench.spec.model_parts import Density, Depth, Gamma, Omega, Sweep
from pkbench.spec.train import Augment, LearningRates, Mix, NonNegative, Precision, Threads


class ModelScale(Part):
    """Sizes of one model; every other field of it is part of the question."""

    depth: Depth | None = None
    """Base blocks L."""
    patch: Size | None = None
    """Patch size P."""
    S: Size | None = None
    """Tokens."""
    C: Size | None = None
    """Channels."""
    gamma: Gamma | None = None
    """Expansion factor."""
    gamma_S: Gamma | None = None
    """Expansion factor of the token-mixing MLPs alone."""
    gamma_C: Gamma | None = None
    """Expansion factor of the channel-mixing MLPs alone."""
    D_S: Size | None = None
    """Hidden width of the token-mixing MLPs."""
    D_C: Size | None = None
    """Hidden width of the channel-mixing MLPs."""
    omega: Omega | None = None
    """Average connections a layer."""
    p: Density | None = None
    """Fraction of non-zero weights."""
    alpha: Size | None = None
    """Base channels of an S-FC."""
    options: dict[str, Any] | None = None
    """Options of an extension; those that are left out stay the spec's."""
    sweep: Sweep | None = None
    """The family's members at this scale, in place of the spec's."""


class OptimizerScale(Part):
    """Numbers of the optimizer that have to follow the scale."""

    lr: LearningRates | None = None
    """Peak learning rates to try."""
    weight_decay: NonNegative | None = None
    """Weight decay."""
    l1_first: NonNegative | None = None
    """L1 coefficient of the layer that reads the image."""
    l1_rest: NonNegative | None = None
    """L1 coefficient of all other layers."""


class ScheduleScale(Part):
    """Numbers of the schedule that have to follow the scale."""

    warmup_epochs: NonNegative | None = None
    """Epochs of warm-up."""
    warmup_lr: NonNegative | None = None
    """Learning rate of the first warm-up step."""
    final_lr: NonNegative | None = None
    """Learning rate at the end."""


class ProbeScale(Part):
    """How often a run is measured; what is measured of it is part of the question."""

    times: Size | None = None
    """Measurements after the one at initialisation."""


class TrainScale(Part):
    """Numbers of the recipe that have to follow the scale."""

    seeds: Annotated[tuple[Seed, ...], array()] | None = None
    """Seeds."""
    epochs: Size | None = None
    """Passes over the training part."""
    batch_size: Size | None = None
    """Images a step."""
    label_smoothing: Fraction | None = None
    """Label smoothing."""
    precision: Precision | None = None
    """fp32, tf32 or bf16: what the profile's machines compute well."""
    cpu_threads: Threads | None = None
    """Threads of one run on a CPU."""
    eval_every: Size | None = None
    """Epochs between evaluations."""
    optimizer: OptimizerScale | None = None
    """Numbers of the optimizer."""
    schedule: ScheduleScale | None = None
    """Numbers of the schedule."""
    augment: Augment | None = None
    """Changes of training images: what suits the data."""
    mix: Mix | None = None
    """Mixup and CutMix: what suits the data."""
    probe: ProbeScale | None = None
    """How often a run is measured."""


class RecipeScale(Part):
    """Numbers of a model's own recipe that have to follow the scale."""

    epochs: Size | None = None
    """Passes over the training part."""
    batch_size: Size | None = None
    """Images a step."""
    optimizer: OptimizerScale | None = None
    """Numbers of the optimizer."""
    schedule: ScheduleScale | None = None
    """Numbers of the schedule."""
    augment: Augment | None = None
    """Changes of training images: what suits the data."""


class CompareScale(Part):
    """How many test images a comparison takes, and how often; every other field of it is part of the question."""

    batch: Batch | None = None
    """Images a mini-batch; the last, smaller one is left out."""
    passes: Size | None = None
    """Passes over the test images."""


class Profile(Part):
    """One scale of the question."""

    scope: Text
    """What a verdict at this scale says, and what it does not: printed with every verdict."""
    data: Annotated[tuple[Identifier, ...], array()]
    """Data sets used, by id."""
    model: Annotated[dict[Identifier, ModelScale], Field(default_factory=dict, max_length=1000)]
    """Sizes by model id."""
    train: TrainScale | None = None
    """Numbers of the recipe."""
    recipe: Annotated[dict[Identifier, RecipeScale], Field(default_factory=dict, max_length=100)]
    """Numbers of models' own recipes, by name."""
    compare: Annotated[dict[Identifier, CompareScale], Field(default_factory=dict, max_length=200)]
    """Sizes of comparisons, by id."""
