"""A small spec and data set made here, for tests of what stands above both."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from pkbench.data.dataset import Dataset, Part
from pkbench.plan.engine import ENGINES
from pkbench.plan.run import Run, expand
from pkbench.spec.document import Spec
from pkbench.spec.scale import Scaled, scale
from pkbench.train.result import EpochResult
from pkbench.train.steps import compute_alone
from pkbench.train.trainer import Trainer

ON_CPU = tuple(name for name in ENGINES if name != "fused")
"""The engines that compute on a CPU."""

MODEL = {
    "kind": "mlp-mixer",
    "mixing": "normal",
    "depth": 1,
    "patch": 4,
    "S": 4,
    "C": 6,
    "gamma": 2,
    "bias": True,
    "init": "torch-linear",
    "first_skip": "identity",
}
TRAIN = {
    "seeds": [0, 1, 2],
    "epochs": 3,
    "batch_size": 16,
    "drop_last": True,
    "label_smoothing": 0.0,
    "precision": "fp32",
    "cpu_threads": 1,
    "eval_every": 2,
    "select_lr_by": "validation-error",
    "optimizer": {"kind": "adamw", "lr": [0.01], "weight_decay": 0.01, "betas": [0.9, 0.999], "eps": 1e-8},
    "schedule": {"kind": "cosine", "warmup_epochs": 0, "warmup_lr": 0.0, "final_lr": 0.0},
    "augment": {"crop_padding": 1, "flip": True, "policy": "none"},
}
DATA = {
    "id": "digits",
    "source": "digits",
    "shape": [8, 8, 1],
    "classes": 10,
    "test_count": 360,
    "validation_count": 180,
    "split_seed": 0,
    "normalize": "train-statistics",
}


def small_spec(**train: Any) -> Spec:
    """Two models on digits."""
    return Spec.model_validate(
        {
            "experiment": {"id": "small", "title": "Small", "paper": "none", "kind": "train"},
            "data": [DATA],
            "model": [
                {"id": "narrow", **MODEL},
                {"id": "random", **MODEL, "mixing": "random", "rp_placement": "layer"},
            ],
            "train": TRAIN | train,
            "profile": {"quick": {"scope": "a test", "data": ["digits"]}},
        }
    )


def small_scaled(**train: Any) -> Scaled:
    return scale(small_spec(**train), "quick")


def small_runs(**train: Any) -> list[Run]:
    return list(expand(small_scaled(**train), {"digits": "0" * 64}))


def small_data(n: int = 40, seed: int = 0) -> Dataset:
    """Random images whose label is where their brightest quarter lies: learnable."""
    generator = torch.Generator().manual_seed(seed)

    def part(n: int) -> Part:
        images = torch.randint(0, 100, (n, 1, 8, 8), generator=generator, dtype=torch.uint8)
        labels = torch.randint(0, 4, (n,), generator=generator)
        for image, label in zip(images, labels.tolist(), strict=True):
            image[0, 4 * (label // 2) :, 4 * (label % 2) :][:4, :4] += 100
        return Part(images, labels)

    return Dataset(train=part(n), validation=part(12), test=part(20), mean=(0.3,), std=(0.2,), classes=10)


def without_validation(data: Dataset) -> Dataset:
    return replace(data, validation=Part(data.validation.images[:0], data.validation.labels[:0]))


def trained(
    trainer: Trainer,
    on_step: Callable[[], None] = lambda: None,
    on_epoch: Callable[[EpochResult], None] = lambda _: None,
) -> list[EpochResult]:
    """What comes out of every epoch of ``trainer``, trained to its end."""
    found: list[EpochResult] = []

    def add(result: EpochResult) -> None:
        found.append(result)
        on_epoch(result)

    compute_alone(trainer.steps(on_step, add))
    return found


SMALL_TOML = """\
[experiment]
id = "small"
title = "Small"
paper = "none"
kind = "train"

[[data]]
id = "digits"
source = "digits"
shape = [8, 8, 1]
classes = 10
test_count = 300
validation_count = 100
split_seed = 0
normalize = "train-statistics"

[[model]]
id = "narrow"
kind = "s-mixer"
mixing = "normal"
depth = 1
patch = 4
S = 4
C = 6
bias = true
init = "torch-linear"
first_skip = "identity"

[[model]]
id = "random"
kind = "s-mixer"
mixing = "random"
depth = 1
patch = 4
S = 4
C = 6
bias = true
init = "torch-linear"
first_skip = "identity"

[train]
seeds = [0, 1, 2]
epochs = 2
batch_size = 128
drop_last = true
label_smoothing = 0.0
precision = "fp32"
cpu_threads = 1
eval_every = 1
select_lr_by = "validation-error"

[train.optimizer]
kind = "adamw"
lr = [0.01]
weight_decay = 0.01
betas = [0.9, 0.999]
eps = 1e-8

[train.schedule]
kind = "cosine"
warmup_epochs = 0
warmup_lr = 0.0
final_lr = 0.0

[train.augment]
crop_padding = 0
flip = false
policy = "none"

[[claim]]
id = "rp-parity"
kind = "less"
statement = "Random permutations make the error smaller"
place = "nowhere"
a = "random"
b = "narrow"
metric = "test_error"
margin = 0.0
alpha = 0.05

[profile.quick]
scope = "A test."
data = ["digits"]
"""


def write_small(folder: Path, *replacements: tuple[str, str]) -> Path:
    """``folder/specs/small.toml``, the text above with each (old, new) replaced, which must occur."""
    text = SMALL_TOML
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    path = folder / "specs" / "small.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
