"""``[train]``: the whole recipe. Nothing that shapes a result has a default elsewhere in the code."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from pkbench.spec.base import Fraction, Part, Positive, Seed, Size, array

LearningRates = Annotated[tuple[Positive, ...], array(max_length=100)]
NonNegative = Annotated[float, Field(ge=0)]
Probability = Annotated[float, Field(ge=0, le=1)]
Area = Annotated[float, Field(gt=0, le=1)]
Areas = Annotated[tuple[Area, Area], Field(strict=False)]
Ratios = Annotated[tuple[Positive, Positive], Field(strict=False)]
Precision = Literal["fp32", "tf32", "bf16"]
Threads = Annotated[int, Field(ge=1, le=1024)]


class ExtensiblePart(Part):
    """A part whose fields in ``EXTENSIONS`` are absent from what it is dumped to while they are off.

    A run's id is a hash of the dump: a recipe that leaves them out keeps the id it had before they could be written.
    """

    EXTENSIONS: ClassVar[frozenset[str]] = frozenset()

    def is_off(self, name: str) -> bool:
        """Whether the field ``name`` changes nothing."""
        return getattr(self, name) is None

    @model_serializer(mode="wrap")
    def _without_what_is_off(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = dump(self)
        return {name: value for name, value in fields.items() if name not in self.EXTENSIONS or not self.is_off(name)}


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


class Linear(Part):
    """Linear warm-up, then a straight line from the peak to ``final_lr``, updated every step."""

    kind: Literal["linear"]
    """Shape of the learning rate over time."""
    warmup_epochs: NonNegative
    """Epochs of linear warm-up from ``warmup_lr`` to the peak."""
    warmup_lr: NonNegative
    """Learning rate of the first warm-up step."""
    final_lr: NonNegative
    """Learning rate the line ends at."""


Schedule = Annotated[Cosine | Linear, Field(discriminator="kind")]


class ResizedCrop(Part):
    """A random rectangle of the image, resized to the whole with bilinear interpolation (Szegedy et al. 2015)."""

    area: Areas
    """Least and greatest share of the image that the rectangle covers; timm: [0.08, 1.0]."""
    ratio: Ratios
    """Least and greatest width over height of the rectangle; timm: [0.75, 1.3333333333333333]."""


class RandAugment(Part):
    """RandAugment (Cubuk et al. 2020) as timm has it: 15 operations drawn with replacement for each image.

    timm's ``rand-m9-mstd0.5-inc1`` is 2 operations, each with probability 0.5, magnitude 9, deviation 0.5, at most 10, increasing.
    """

    num_ops: Annotated[int, Field(ge=1, le=20)]
    """Operations drawn for an image, one after another."""
    probability: Probability
    """Probability that a drawn operation is done; timm: 0.5."""
    magnitude: Annotated[float, Field(ge=0, le=30)]
    """Mean strength M; 10 is the end of each operation's usual range."""
    magnitude_std: NonNegative
    """Deviation of each operation's strength from M, normally distributed; 0: always M."""
    magnitude_max: NonNegative
    """Greatest strength; what is drawn above it, or below 0, is put there. timm: 10."""
    increasing: bool
    """Whether every operation changes more as its strength grows; false: Posterize and Solarize less, and factors of colours go from 0.1 to 1.9."""


class Erasing(Part):
    """Random erasing (Zhong et al. 2020): one rectangle of a normalised image is overwritten."""

    probability: Probability
    """Probability that an image loses a rectangle."""
    area: Areas
    """Least and greatest share of the image that is erased; timm: [0.02, 0.3333333333333333]."""
    ratio: Ratios
    """Least and greatest height over width of the rectangle; timm: [0.3, 3.3333333333333335]."""
    fill: Literal["constant", "normal"]
    """constant: zeros, which is the mean colour under train-statistics (timm's "const"); normal: N(0, 1) for each value (timm's "pixel")."""


class Augment(ExtensiblePart):
    """Random changes of training images, in this order: resized crop, crop, flip, policy; erasing after normalisation."""

    EXTENSIONS = frozenset({"resized_crop", "randaugment", "erasing"})

    crop_padding: Annotated[int, Field(ge=0, le=256)]
    """Zero padding on each side before a random crop back to size; 0: no crop."""
    flip: bool
    """Mirror half of the images."""
    policy: Literal["none", "autoaugment-cifar10", "randaugment"]
    """none; or AutoAugment's CIFAR-10 policy (Cubuk et al. 2019): 25 sub-policies of two operations; or ``randaugment``'s."""
    resized_crop: ResizedCrop | None = None
    """A random rectangle resized to the whole image; absent: none."""
    randaugment: RandAugment | None = None
    """What the policy randaugment does; without effect under another policy."""
    erasing: Erasing | None = None
    """Random erasing; absent: none."""

    def is_off(self, name: str) -> bool:
        """As of every part; ``randaugment`` is off under another policy, too."""
        return super().is_off(name) or (name == "randaugment" and self.policy != "randaugment")


class Mix(Part):
    """Mixup (Zhang et al. 2018) or CutMix (Yun et al. 2019) of a whole batch with itself in reverse order, as timm does it."""

    mixup_alpha: NonNegative
    """Mixup takes the share of the own image from Beta(alpha, alpha); 0: no mixup."""
    cutmix_alpha: NonNegative
    """CutMix takes the share of the image that is not cut out from Beta(alpha, alpha); 0: no CutMix."""
    switch_probability: Probability
    """Probability of CutMix where both have an alpha."""
    probability: Probability
    """Probability that a batch is mixed at all; timm: 1."""


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


class Train(ExtensiblePart):
    """The recipe every run of the spec shares."""

    EXTENSIONS = frozenset({"mix", "clip_norm", "stochastic_depth"})

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
    precision: Precision
    """fp32; tf32: matrix products of fp32 numbers rounded to 10 bits, on CUDA GPUs from compute capability 8.0; or bf16 matrix
    products with fp32 weights."""
    cpu_threads: Threads
    """Threads of one run on a CPU: rounding depends on it, so it is part of the recipe."""
    eval_every: Size
    """Epochs between evaluations; the last epoch is always evaluated and is the one that counts."""
    select_lr_by: Literal["validation-error", "test-error"]
    """What chooses among several learning rates, by its mean over seeds. The test set is the paper's way; a report marks it."""
    optimizer: Optimizer
    """The optimizer and its settings."""
    schedule: Schedule
    """The learning rate over time."""
    augment: Augment
    """Changes of training images."""
    probe: Probe | None = None
    """Measurements besides losses and errors; absent: none."""
    mix: Mix | None = None
    """Mixup and CutMix; absent: none."""
    clip_norm: Positive | None = None
    """Greatest Euclidean norm of all gradients together: longer ones are scaled to it; absent: none."""
    stochastic_depth: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Probability that the last mixing block is skipped for an image; from 0 at the first it rises linearly; absent: 0."""
