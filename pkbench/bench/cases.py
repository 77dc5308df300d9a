"""The models that are timed: one case each, its sizes by the paper's letters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from pkbench.errors import UsageError
from pkbench.sizes.base import Shape
from pkbench.sizes.sparse import Form
from pkbench.spec.mixer import MlpMixer, SMixer
from pkbench.spec.model import AnyModel, shape_of
from pkbench.spec.other_models import SwMlp

Mixing = Literal["normal", "random"]
"""Whether a Mixer mixes along tokens and channels or by random permutations; an SW-MLP is ``random`` by its mask."""

CLASSES: Final = 10
MODEL_ID: Final = "timed"


@dataclass(frozen=True, slots=True)
class Case:
    """One model at one batch size, on artificial images.

    ``image`` is (height, width, colours) and ``patch`` cuts it into exactly ``S`` tokens. Hidden widths are ``gamma`` times
    ``S`` and ``C``, or ``widths`` = (D_S, D_C), or absent (S-Mixer). ``p`` is an SW-MLP's density. ``few`` marks cases
    whose step takes seconds on a CPU: they get the fewest rounds.
    """

    name: str
    kind: Literal["mlp-mixer", "s-mixer", "sw-mlp"]
    S: int
    C: int
    depth: int
    batch: int
    image: tuple[int, int, int]
    patch: int
    gamma: float | None = None
    widths: tuple[int, int] | None = None
    p: float | None = None
    few: bool = False

    @property
    def train_images(self) -> int:
        """Images of the training part: 32 batches, so that a DataLoader seldom starts anew."""
        return 32 * self.batch

    @property
    def test_images(self) -> int:
        """Images that an evaluation goes over: two batches."""
        return 2 * self.batch

    def model(self, mixing: Mixing, form: Form = "sparse") -> AnyModel:
        """The spec's model; ``form`` is how an SW-MLP is computed and ``mixing`` how a Mixer is permuted."""
        common = {
            "id": MODEL_ID,
            "depth": self.depth,
            "patch": self.patch,
            "S": self.S,
            "C": self.C,
            "bias": True,
            "init": "torch-linear",
            "first_skip": "identity",
        }
        if self.kind == "sw-mlp":
            sparse = {"p": self.p, "gamma": self.gamma, "mask": "exact", "mask_value": "one", "pool": "mean"}
            return SwMlp.model_validate({**common, **sparse, "kind": "sw-mlp", "compute": form})
        mixed = {**common, "mixing": mixing}
        if self.kind == "s-mixer":
            return SMixer.model_validate({**mixed, "kind": "s-mixer"})
        hidden = {"gamma": self.gamma} if self.widths is None else dict(zip(("D_S", "D_C"), self.widths, strict=True))
        placement = {"rp_placement": "layer"} if mixing == "random" else {}
        return MlpMixer.model_validate({**mixed, **hidden, **placement, "kind": "mlp-mixer"})

    def shape(self, form: Form = "sparse") -> Shape:
        """The sizes; permutations change none."""
        return shape_of(self.model("normal", form), self.image, CLASSES)


def _mixer(S: int, C: int, gamma: float, depth: int, batch: int, image: tuple[int, int, int], patch: int) -> Case:
    return Case(f"mixer-{S}x{C}", "mlp-mixer", S, C, depth, batch, image, patch, gamma=gamma)


_CIFAR: Final = (32, 32, 3)

CASES: Final = (
    _mixer(16, 32, 2, 4, 64, _CIFAR, 8),
    _mixer(64, 64, 4, 8, 128, _CIFAR, 4),
    _mixer(16, 128, 4, 8, 128, _CIFAR, 8),
    _mixer(128, 128, 2, 4, 128, (64, 32, 3), 4),
    Case("s-mixer-48x83", "s-mixer", 48, 83, 8, 128, (32, 24, 3), 4),
    Case("sw-mlp-4096", "sw-mlp", 64, 64, 2, 128, _CIFAR, 4, p=1 / 64),
    replace(_mixer(64, 467, 4, 2, 128, _CIFAR, 4), few=True),
    replace(_mixer(16, 986, 4, 2, 128, _CIFAR, 8), few=True),
    Case("mixer-b16", "mlp-mixer", 196, 768, 12, 8, (224, 224, 3), 16, widths=(384, 3072), few=True),
)
"""Every case, the quickest first. ``mixer-b16`` is Tolstikhin et al.'s (2021) Mixer-B/16."""

QUICK: Final = ("mixer-16x32", "sw-mlp-1024")
_BY_NAME: Final = (
    Case("sw-mlp-1024", "sw-mlp", 16, 64, 2, 128, _CIFAR, 8, p=1 / 64),
    _mixer(64, 48, 2, 3, 128, _CIFAR, 4),
    _mixer(64, 487, 4, 2, 1024, _CIFAR, 4),
)
"""Cases that are timed where they are asked for: the one of ``--quick``, the model of Table S.3 and Mixer-SS-W at the batch it is trained with."""


def find_cases(names: list[str], *, quick: bool, batch: int | None = None) -> list[Case]:
    """The cases of these ``names``; without any, all of them, or the small ones for ``quick``; with ``batch`` images a step in place of their own.

    Raises:
        UsageError: a name is none of a case.
    """
    known = {case.name: case for case in (*CASES, *_BY_NAME)}
    chosen = names or (list(QUICK) if quick else [case.name for case in CASES])
    for name in chosen:
        if name not in known:
            raise UsageError(f"--shape {name} is no shape", constraint=f"shapes are {', '.join(known)}")
    found = [known[name] for name in dict.fromkeys(chosen)]
    return found if batch is None else [replace(case, batch=batch) for case in found]
