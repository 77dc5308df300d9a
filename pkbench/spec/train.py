"""``[train]``: the whole recipe. Nothing that shapes a result has a default elsewhere in the code."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pkbench.spec.base import Fraction, Part, Positive, Seed, Size, array

LearningRates = Annotated[tuple[Positive, ...], array(max_length=100)]
NonNegative = Annotated[float, Field(ge=0)]
Threads = Annotated[int, Field(ge=1, le=1024)]


class AdamW(Part):
    """AdamW (Loshchilov & Hutter 2019), weight decay on every parameter."""

    kind: Literal["adamw"]
    """Algorithm."""
    lr: LearningRates
    """Peak learning rates to try; with more than one, each model and data set takes its best by ``select_lr_by``."""
    weight_decay: NonNegative
    """Decoupled weight decay."""
    betas: Annotated[tuple[Fraction, Fraction], Field(strict=False)]
    """Decay rates of the first and second moment."""
    eps: Positive
    """Added to the denominator."""


class Sgd(Part):
    """Stochastic gradient descent with (Nesterov) momentum."""

    kind: Literal["sgd"]
    """Algorithm."""
    lr: LearningRates
    """Peak learning rates to try; with more than one, each model and data set takes its best by ``select_lr_by``."""
    weight_decay: NonNegative
    """L2 term added to the gradient."""
    momentum: Fraction
    """Share of the last step that each step keeps."""
    nesterov: bool
    """Whether the momentum is Nesterov's."""


class BetaLasso(Part):
    """beta-LASSO (Neyshabur 2020): a gradient step with an L1 term, then small entries become exactly 0.

    ``theta <- theta - lr (grad + l1 sign(theta))``, then entries with ``|theta| < beta * l1`` are set to 0.
    """

    kind: Literal["beta-lasso"]
    """Algorithm."""
    lr: LearningRates
    """Peak learning rates to try; with more than one, each model and data set takes its best by ``select_lr_by``."""
    l1_first: NonNegative
    """L1 coefficient of the layer that reads the image."""
    l1_rest: NonNegative
    """L1 coefficient of all other layers."""
    beta: NonNegative
    """Threshold in units of the L1 coefficient; 0: only the gradient step."""
    applies_to: Literal["all", "weights"]
    """Which parameters the L1 term and the threshold are for: all of them, or matrices only, not biases and norms."""


Optimizer = Annotated[AdamW | Sgd | BetaLasso, Field(discriminator="kind")]


class Cosine(Part):
    """Linear warm-up, then half a cosine from the peak to ``final_lr``, updated every step."""

    kind: Literal["cosine"]
    """Shape of the learning rate over time."""
    warmup_epochs: NonNegative
    """Epochs of linear warm-up from ``warmup_lr`` to the peak."""
    warmup_lr: NonNegative
    """Learning rate of the first warm-up step."""
    final_lr: NonNegative
    """Learning rate the cosine ends at."""


class Augment(Part):
    """Random changes of training images, in this order: crop, flip, policy."""

    crop_padding: Annotated[int, Field(ge=0, le=256)]
    """Zero padding on each side before a random crop back to size; 0: no crop."""
    flip: bool
    """Mirror half of the images."""
    policy: Literal["none", "autoaugment-cifar10"]
    """none, or AutoAugment's CIFAR-10 policy (Cubuk et al. 2019): 25 sub-policies of two operations."""


class Probe(Part):
    """What is measured of a model while it trains; measuring changes nothing of the training."""

    times: Size
    """Measurements after the one at initialisation, evenly over the epochs, the last at the end."""
    spectrum: bool
    """Singular values of every mixing layer's effective matrix: largest, and largest over root mean square (App. D.1)."""
    sparsity: bool
    """Effective sparsity of every mixing layer's weights, and of V (x) W of an S-Mixer's base blocks (Prop. 3.3)."""
    gradients: bool
    """Norm of each mixing block's gradient on one fixed batch of training images."""
    degrees: bool
    """Connections of each unit of every mixing layer, at initialisation, and their distance from a binomial law."""


class Train(Part):
    """The recipe every run of the spec shares."""

    seeds: Annotated[tuple[Seed, ...], array()]
    """One run for each: the seed names the run's initialisation, permutations, data order and augmentation."""
    epochs: Size
    """Passes over the training part."""
    batch_size: Size
    """Images a step."""
    drop_last: bool
    """Leave out the last batch of an epoch where it is not full."""
    label_smoothing: Fraction
    """Label smoothing of the training loss."""
    precision: Literal["fp32", "bf16"]
    """fp32, or bf16 matrix products by autocast with fp32 weights."""
    cpu_threads: Threads
    """Threads of one run on a CPU: rounding depends on it, so it is part of the recipe."""
    eval_every: Size
    """Epochs between evaluations; the last epoch is always evaluated and is the one that counts."""
    select_lr_by: Literal["validation-error", "test-error"]
    """What chooses among several learning rates, by its mean over seeds. The test set is the paper's way; a report marks it."""
    optimizer: Optimizer
    """The optimizer and its settings."""
    schedule: Cosine
    """The learning rate over time."""
    augment: Augment
    """Changes of training images."""
    probe: Probe | None = None
    """Measurements besides losses and errors; absent: none."""
