"""Measures how fast a device trains Mixers: seconds of random steps on reference shapes, kept for a month.

The prediction is linear (see :func:`pkbench.plan.estimate.step_features`); its four coefficients are fitted
to the median times of steps whose layers, operations, activations and parameters differ.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from pkbench.atomic import write_bytes
from pkbench.cache import cache_folder
from pkbench.errors import StoreError
from pkbench.plan.estimate import Calibration, step_features
from pkbench.sizes.mixer import MixerShape
from pkbench.spec.train import AdamW, Augment, Cosine, Train

if TYPE_CHECKING:
    import torch

_MAX_AGE = 30 * 24 * 3600.0
_REPEATS = 5
_RECORDING = 3
"""Steps on a GPU before those that are like all others: two, and one that is recorded."""


def _reference(S: int, C: int, depth: int) -> MixerShape:
    return MixerShape(
        S0=S, C0=48, S=S, C=C, depth=depth, gamma_S=2.0, gamma_C=2.0, classes=10, bias=True, skip_layer=False
    )


_REFERENCES = (
    (_reference(4, 8, 8), 8),
    (_reference(16, 32, 4), 64),
    (_reference(64, 64, 2), 64),
    (_reference(16, 256, 2), 64),
    (_reference(256, 16, 2), 64),
    (_reference(4, 1024, 1), 4),
)
"""Shapes with their batch sizes: one dominated by each term."""


def calibration(device: str, threads: int, engine: str, *, again: bool = False) -> Calibration:
    """The calibration of ``engine`` on ``device`` with ``threads``, measured now (seconds) or up to a month ago on this machine."""
    known = None if again else kept(device, threads, engine)
    if known is not None:
        return known
    result = measure(device, threads, engine)
    try:
        write_bytes(_cache_path(device, threads, engine), json.dumps(asdict(result)).encode())
    except StoreError:
        # Without a cache folder it is measured again next time.
        return result
    return result


def kept(device: str, threads: int, engine: str) -> Calibration | None:
    """The calibration that was measured up to a month ago on this machine, if one was."""
    path = _cache_path(device, threads, engine)
    try:
        if time.time() - path.stat().st_mtime < _MAX_AGE:
            return Calibration(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return None


def _cache_path(device: str, threads: int, engine: str) -> Path:
    """The cache file for this machine, device, thread count, engine and installed torch."""
    import platform
    from importlib.metadata import version

    parts = f"3|{platform.node()}|{platform.machine()}|{device}|{threads}|{engine}|{version('torch')}"
    name = hashlib.sha256(parts.encode()).hexdigest()[:16]
    return cache_folder() / f"calibration-{name}.json"


def measure(device: str, threads: int, engine: str) -> Calibration:
    """Measure ``engine`` on ``device`` now."""
    import numpy as np
    import torch
    from scipy.optimize import nnls

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        kind = torch.device(device)
        features = np.array([step_features(shape, batch) for shape, batch in _REFERENCES])
        times = np.array([_step_time(shape, batch, kind, engine) for shape, batch in _REFERENCES])
        # Divided by the times, so that every shape's relative error counts alike.
        scale = features.max(axis=0)
        coefficients, _ = nnls(features / scale / times[:, None], np.ones(len(times)))
        per_layer, per_flop, per_activation, per_parameter = coefficients / scale
        return Calibration(
            float(per_layer),
            float(per_flop),
            float(per_activation),
            float(per_parameter),
            **_augmentation_times(kind),
        )
    finally:
        torch.set_num_threads(before)


def _median_seconds(action: Callable[[], None], device: torch.device) -> float:
    import torch

    def synchronized() -> float:
        start = time.perf_counter()
        action()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter() - start

    for _ in range(_RECORDING if device.type == "cuda" else 1):
        synchronized()
    return median(synchronized() for _ in range(_REPEATS))


def _step_time(shape: MixerShape, batch: int, device: torch.device, engine: str) -> float:
    """Median seconds of a training step on random numbers."""
    import torch

    from pkbench.data.mixing import unmixed
    from pkbench.models.initial import initialize
    from pkbench.models.mixers import Mixer, Mixing
    from pkbench.train.engines.choose import engine_called

    model = Mixer(shape, 4, Mixing(None, 0), activation="gelu", skip=True)
    initialize(model, "torch-linear", 0)
    side = {4: 8, 16: 16, 64: 32, 256: 64}[shape.S0]
    made = engine_called(engine, model, _recipe(batch, torch.get_num_threads()), 1e-3, (3, side, side), device)
    images = torch.zeros(batch, 3, side, side, device=device)
    inputs = unmixed(images, torch.zeros(batch, dtype=torch.int64, device=device))
    return _median_seconds(lambda: _discard(made.step(inputs, 1e-3, None)[0]), device)


def _recipe(batch: int, threads: int) -> Train:
    """What most recipes are like, as far as it costs time."""
    return Train(
        seeds=(0,),
        epochs=1,
        batch_size=batch,
        drop_last=True,
        label_smoothing=0.0,
        precision="fp32",
        cpu_threads=threads,
        eval_every=1,
        select_lr_by="validation-error",
        optimizer=AdamW(kind="adamw", lr=(1e-3,), weight_decay=0.01, betas=(0.9, 0.999), eps=1e-8),
        schedule=Cosine(kind="cosine", warmup_epochs=0, warmup_lr=0.0, final_lr=0.0),
        augment=Augment(crop_padding=0, flip=False, policy="none"),
    )


def _augmentation_times(device: torch.device) -> dict[str, float]:
    """Seconds per image value of each change of training images, by its name in :class:`Calibration`."""
    import torch

    from pkbench.data.augment import augment
    from pkbench.data.erasing import erase
    from pkbench.data.mixing import mix
    from pkbench.spec.train import Augment, Erasing, Mix, RandAugment, ResizedCrop
    from pkbench.train.making import BYTES_AT_ONCE

    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (128, 3, 32, 32), dtype=torch.uint8, generator=generator).to(device)
    inputs, labels = images.float(), torch.zeros(128, dtype=torch.int64, device=device)
    nothing = Augment(crop_padding=0, flip=False, policy="none")
    resized = ResizedCrop(area=(0.08, 1.0), ratio=(0.75, 4 / 3))
    # Two operations with probability 1/2: one is done.
    operations = RandAugment(
        num_ops=2, probability=0.5, magnitude=9, magnitude_std=0.5, magnitude_max=10, increasing=True
    )
    erasing = Erasing(probability=0.25, area=(0.02, 1 / 3), ratio=(0.3, 1 / 0.3), fill="normal")
    mixing = Mix(mixup_alpha=0.8, cutmix_alpha=1.0, switch_probability=0.5, probability=1.0)

    # Of what a GPU changes for many batches at a time, as many.
    many = images.repeat(max(1, BYTES_AT_ONCE // (4 * images.numel())), 1, 1, 1) if device.type == "cuda" else images

    def changed(images: torch.Tensor = images, **parts: object) -> Callable[[], None]:
        spec = nothing.model_copy(update=parts)
        return lambda: _discard(augment(images, spec, generator))

    actions: dict[str, Callable[[], None]] = {
        "crop_flip_per_value": changed(many, crop_padding=4, flip=True),
        "policy_per_value": changed(many, policy="autoaugment-cifar10"),
        "randaugment_per_value": changed(policy="randaugment", randaugment=operations),
        "resized_crop_per_value": changed(resized_crop=resized),
        "erasing_per_value": lambda: _discard(erase(inputs, erasing, generator)),
        "mix_per_value": lambda: _discard(mix(inputs, labels, mixing, generator)),
    }
    together = ("crop_flip_per_value", "policy_per_value")
    return {
        name: _median_seconds(action, device) / (many if name in together else images).numel()
        for name, action in actions.items()
    }


def _discard(_: object) -> None:
    """Forget a value: the timed actions return nothing."""
