"""Models, recipes and batches that every engine is tested on, and the module in float64 they are held against."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from pkbench.data.mixing import Mixed, unmixed
from pkbench.models.initial import initialize
from pkbench.models.mixers import Mixer, Mixing, Placement
from pkbench.sizes.mixer import MixerShape
from pkbench.spec.train import AdamW, Augment, Cosine, Precision, Sgd, Train
from pkbench.train.engines.reference import ReferenceEngine
from tests.native.coarse import gelu_to_be_rounded

ADAMW = AdamW(kind="adamw", lr=(0.01,), weight_decay=0.05, betas=(0.9, 0.99), eps=1e-3)
SGD = Sgd(kind="sgd", lr=(0.05,), weight_decay=1e-3, momentum=0.9, nesterov=True)
HEAVY_BALL = Sgd(kind="sgd", lr=(0.05,), weight_decay=0.0, momentum=0.5, nesterov=False)
IMAGE = (3, 16, 16)
P = 4


@dataclass(frozen=True)
class Case:
    """A model, on 16 x 16 images in 4 x 4 patches, and a recipe."""

    placement: Placement | None = None
    gamma: float | None = 2.0
    S: int = 16
    C: int = 20
    skip_layer: bool = False
    activation: str = "gelu"
    bias: bool = True
    skip: bool = True
    layer_norm: bool = True
    classes: int = 10
    depth: int = 2
    batch: int = 40
    threads: int = 1
    smoothing: float = 0.1
    optimizer: AdamW | Sgd = ADAMW
    clip_norm: float | None = None
    precision: Precision = "fp32"
    seed: int = 5

    def model(self) -> Mixer:
        """With norms whose scales and shifts matter."""
        shape = MixerShape(
            S0=16, C0=48, S=self.S, C=self.C, depth=self.depth, gamma_S=self.gamma, gamma_C=self.gamma,
            classes=self.classes, bias=self.bias, skip_layer=self.skip_layer, layer_norm=self.layer_norm,
        )  # fmt: skip
        model = Mixer(shape, P, Mixing(self.placement, self.seed), activation=self.activation, skip=self.skip)
        initialize(model, "torch-linear", self.seed)
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if "norm" in name:
                    parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.2)
        return model

    def recipe(self) -> Train:
        return Train(
            seeds=(0,), epochs=1, batch_size=self.batch, drop_last=False, label_smoothing=self.smoothing,
            precision=self.precision, cpu_threads=self.threads, eval_every=1, select_lr_by="validation-error",
            optimizer=self.optimizer, clip_norm=self.clip_norm,
            schedule=Cosine(kind="cosine", warmup_epochs=0, warmup_lr=0.0, final_lr=0.0),
            augment=Augment(crop_padding=0, flip=False, policy="none"),
        )  # fmt: skip

    def exact(self) -> ReferenceEngine:
        return ReferenceEngine(self.model().double(), self.recipe(), 0.01, torch.device("cpu"))

    def batches(self, count: int, *, mixed: bool = False) -> list[Mixed]:
        generator = torch.Generator().manual_seed(self.seed)
        found = []
        for _ in range(count):
            inputs = torch.randn(self.batch, *IMAGE, generator=generator)
            labels, partners = (torch.randint(self.classes, (self.batch,), generator=generator) for _ in range(2))
            found.append(Mixed(inputs, labels, partners, 0.3) if mixed else unmixed(inputs, labels))
        return found


CASES = [
    *(Case(placement, gamma) for placement in (None, "block", "layer") for gamma in (None, 2.0)),
    *(Case(placement, gamma, S=9, skip_layer=True) for placement in (None, "layer") for gamma in (None, 1.5)),
    Case("layer", S=21, C=7, skip_layer=True, batch=3, depth=1),
    # Matrices of a single row; a bias of a single token is taken out again by the norm, and its gradient nothing but rounding.
    Case("layer", S=1, C=7, skip_layer=True, bias=False, batch=3, depth=1),
    Case("block", activation="relu", bias=False),
    Case(activation="linear", layer_norm=False),
    Case("layer", None, activation="linear", layer_norm=False, bias=False),
    Case("layer", skip=False),
    Case(classes=200, smoothing=0.0, batch=100),
    Case(threads=2, batch=100),
    Case("layer", threads=3, batch=130),
    # Products deeper than one pass over the inner sum, and matrices beyond a chunk's memory.
    Case("block", 4.0, C=150, batch=20, depth=1),
]


def _rounded(numbers: Tensor) -> Tensor:
    """The nearest bfloat16 numbers; gradients come through as they are."""
    # Over float32, as the engines have it: float64 next to the middle of two would go another way.
    return numbers + (numbers.detach().float().bfloat16().to(numbers.dtype) - numbers.detach())


class RoundedOperands(TorchFunctionMode):
    """While open, products of a model's blocks have operands rounded to bfloat16; the classifier's has not.

    GELU is what the native engine has there: where it is a coarse one, a number in the middle of two of bfloat16 goes either way.
    """

    def __init__(self, model: nn.Module) -> None:
        self._exempt = model.get_parameter("classifier.weight")

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func in (functional.linear, torch.matmul) and args[1] is not self._exempt:
            args = (_rounded(args[0]), _rounded(args[1]), *args[2:])
        if func is functional.gelu:
            return gelu_to_be_rounded(args[0])
        return func(*args, **(kwargs or {}))


def double(batch: Mixed) -> Mixed:
    return Mixed(batch.inputs.double(), batch.labels, batch.partners, batch.share)


def split(gradient: Tensor, model: nn.Module) -> list[Tensor]:
    """A flat gradient (parameters,) by parameter."""
    parts = gradient.split([parameter.numel() for parameter in model.parameters()])
    return [part.view(parameter.shape) for part, parameter in zip(parts, model.parameters(), strict=True)]


def assert_gradients(ours: Tensor, exact: ReferenceEngine) -> None:
    """A flat float32 gradient is that of the module in float64."""
    for mine, (name, parameter) in zip(split(ours, exact.model), exact.model.named_parameters(), strict=True):
        assert parameter.grad is not None
        atol = 1e-5 * parameter.grad.abs().max().item() + 1e-8
        torch.testing.assert_close(
            mine.double(), parameter.grad, rtol=1e-5, atol=atol, msg=lambda m, n=name: f"{n}: {m}"
        )


def assert_same_bits(a: nn.Module, b: nn.Module) -> None:
    """Two models have the same parameters to the last bit."""
    assert all(torch.equal(x, y) for x, y in itertools.zip_longest(a.parameters(), b.parameters()))
