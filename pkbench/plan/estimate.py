"""Time and memory a run will take, from a few measured properties of the machine: no training, no data."""

from __future__ import annotations

from dataclasses import dataclass

from pkbench.plan.run import Run
from pkbench.sizes.base import Shape
from pkbench.spec.train import AdamW, Train

BYTES = 4
"""Size of a float32."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How fast a device trains these models, as measured by :mod:`pkbench.probes.calibrate`; all in seconds."""

    per_layer: float
    """Fixed cost of a mixing block in one step."""
    per_flop: float
    """Cost of one floating-point operation in large products."""
    per_activation: float
    """Cost of one activation moved forward and back."""
    per_parameter: float
    """Cost of one parameter in the optimizer's step."""
    crop_flip_per_value: float
    """Cost of cropping and flipping, per value of an image."""
    policy_per_value: float
    """Cost of AutoAugment, per value of an image."""
    randaugment_per_value: float
    """Cost of RandAugment, per value of an image and operation that is done."""
    resized_crop_per_value: float
    """Cost of a resized crop, per value of an image."""
    erasing_per_value: float
    """Cost of random erasing, per value of an image, erased or not."""
    mix_per_value: float
    """Cost of mixup or CutMix, per value of an image."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """``seconds`` of wall time and ``bytes`` of memory of one run, Python's and torch's own memory left out."""

    seconds: float
    bytes: int


def step_features(shape: Shape, batch: int) -> tuple[float, float, float, float]:
    """What a training step's time is linear in: layers, operations (forward and twice that backward), activations, parameters."""
    return (
        float(shape.layers),
        3.0 * batch * shape.forward_flops,
        float(batch * shape.activation_floats),
        float(shape.parameters),
    )


def step_seconds(calibration: Calibration, shape: Shape, batch: int) -> float:
    """Predicted seconds of one step of ``batch`` images, augmentation left out."""
    layers, flops, activations, parameters = step_features(shape, batch)
    return (
        calibration.per_layer * layers
        + calibration.per_flop * flops
        + calibration.per_activation * activations
        + calibration.per_parameter * parameters
    )


def estimate(run: Run, calibration: Calibration, train_images: int, evaluated_images: int) -> Estimate:
    """Time and memory of ``run`` with this many training and (validation plus test) images."""
    recipe = run.train
    batch = min(recipe.batch_size, train_images)
    steps = train_images // batch if recipe.drop_last else -(-train_images // batch)
    values = run.data.shape[0] * run.data.shape[1] * run.data.shape[2]
    per_step = step_seconds(calibration, run.shape, batch)
    per_step += batch * values * augmentation_seconds(calibration, recipe)
    # A forward pass is a third of a step's operations.
    evaluation = evaluated_images / batch * step_seconds(calibration, run.shape, batch) / 3
    evaluations = -(-recipe.epochs // recipe.eval_every)
    memory = memory_bytes(run, train_images, evaluated_images)
    return Estimate(recipe.epochs * steps * per_step + evaluations * evaluation, memory)


def memory_bytes(run: Run, train_images: int, evaluated_images: int) -> int:
    """Memory of ``run`` with all its images, Python's and torch's own left out."""
    height, width, colours = run.data.shape
    batch = min(run.train.batch_size, train_images)
    return training_bytes(run, batch) + height * width * colours * (train_images + evaluated_images)


def training_bytes(run: Run, batch: int) -> int:
    """Memory of training ``run`` on ``batch`` images at a time, the data set left out."""
    copies = 4 if isinstance(run.train.optimizer, AdamW) else 3
    height, width, colours = run.data.shape
    values = height * width * colours
    return BYTES * (copies * run.shape.parameters + batch * (run.shape.activation_floats + 2 * values))


def augmentation_seconds(calibration: Calibration, recipe: Train) -> float:
    """Seconds of all that changes training images, mixing included, per value of an image."""
    augment = recipe.augment
    seconds = 0.0
    if augment.resized_crop is not None:
        seconds += calibration.resized_crop_per_value
    if augment.crop_padding or augment.flip:
        seconds += calibration.crop_flip_per_value
    if augment.policy == "autoaugment-cifar10":
        seconds += calibration.policy_per_value
    elif augment.policy == "randaugment" and augment.randaugment is not None:
        operations = augment.randaugment.num_ops * augment.randaugment.probability
        seconds += operations * calibration.randaugment_per_value
    if augment.erasing is not None:
        seconds += calibration.erasing_per_value
    if recipe.mix is not None:
        seconds += recipe.mix.probability * calibration.mix_per_value
    return seconds
