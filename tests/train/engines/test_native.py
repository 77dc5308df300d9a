"""The native engine against the module in float64: gradients, logits, losses; optimizers; resuming."""

import copy
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from pkbench.data.mixing import Mixed, unmixed
from pkbench.models.initial import initialize
from pkbench.models.mixers import Mixer, Mixing, Placement
from pkbench.sizes.mixer import MixerShape
from pkbench.spec.train import AdamW, Augment, Cosine, Sgd, Train
from pkbench.train.engines.native import NativeEngine
from pkbench.train.engines.reference import ReferenceEngine
from pkbench.train.native.library import UnavailableError, library

try:
    library()
except UnavailableError as error:
    pytest.skip(f"no native engine here: {error}", allow_module_level=True)

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

    def model(self) -> Mixer:
        """With norms whose scales and shifts matter."""
        shape = MixerShape(
            S0=16, C0=48, S=self.S, C=self.C, depth=self.depth, gamma_S=self.gamma, gamma_C=self.gamma,
            classes=self.classes, bias=self.bias, skip_layer=self.skip_layer, layer_norm=self.layer_norm,
        )  # fmt: skip
        model = Mixer(shape, P, Mixing(self.placement, 5), activation=self.activation, skip=self.skip)
        initialize(model, "torch-linear", 3)
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if "norm" in name:
                    parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.2)
        return model

    def recipe(self) -> Train:
        return Train(
            seeds=(0,), epochs=1, batch_size=self.batch, drop_last=False, label_smoothing=self.smoothing,
            precision="fp32", cpu_threads=self.threads, eval_every=1, select_lr_by="validation-error",
            optimizer=self.optimizer, clip_norm=self.clip_norm,
            schedule=Cosine(kind="cosine", warmup_epochs=0, warmup_lr=0.0, final_lr=0.0),
            augment=Augment(crop_padding=0, flip=False, policy="none"),
        )  # fmt: skip

    def native(self) -> NativeEngine:
        return NativeEngine(self.model(), self.recipe(), 0.01, IMAGE)

    def exact(self) -> ReferenceEngine:
        return ReferenceEngine(self.model().double(), self.recipe(), 0.01, torch.device("cpu"))

    def batches(self, count: int, *, mixed: bool = False) -> list[Mixed]:
        generator = torch.Generator().manual_seed(7)
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


def double(batch: Mixed) -> Mixed:
    return Mixed(batch.inputs.double(), batch.labels, batch.partners, batch.share)


def gradients(engine: NativeEngine) -> list[Tensor]:
    """Of the last step, by parameter."""
    parts = engine.gradient.split([parameter.numel() for parameter in engine.model.parameters()])
    return [part.view(p.shape) for part, p in zip(parts, engine.model.parameters(), strict=True)]


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients_loss_and_logits_are_the_modules(case: Case, mixed: bool) -> None:
    native, exact = case.native(), case.exact()
    (batch,) = case.batches(1, mixed=mixed)
    expected_logits = exact.logits(batch.inputs.double())
    torch.testing.assert_close(native.logits(batch.inputs), expected_logits, rtol=2e-5, atol=2e-6)
    loss, wrong = native.step(batch, 0.0, None)
    expected_loss, expected_wrong = exact.step(double(batch), 0.0, None)
    assert loss.item() == pytest.approx(expected_loss.item(), rel=2e-6)
    assert wrong.item() == expected_wrong.item()
    for ours, (name, parameter) in zip(gradients(native), exact.model.named_parameters(), strict=True):
        assert parameter.grad is not None
        size = parameter.grad.abs().max().item()
        torch.testing.assert_close(
            ours.double(), parameter.grad, rtol=1e-5, atol=1e-5 * size + 1e-8, msg=lambda m, name=name: f"{name}: {m}"
        )


@pytest.mark.parametrize("optimizer", [ADAMW, SGD, HEAVY_BALL], ids=["adamw", "nesterov", "heavy-ball"])
@pytest.mark.parametrize("clip_norm", [None, 0.5])
@pytest.mark.parametrize("placement", [None, "layer"])
def test_fifty_steps_stay_with_float64(
    optimizer: AdamW | Sgd, clip_norm: float | None, placement: Placement | None
) -> None:
    case = Case(placement, optimizer=optimizer, clip_norm=clip_norm)
    native, exact = case.native(), case.exact()
    for number, batch in enumerate(case.batches(50)):
        rate = 0.02 if number < 25 else 0.005
        loss, expected = native.step(batch, rate, None)[0], exact.step(double(batch), rate, None)[0]
        assert loss.item() == pytest.approx(expected.item(), rel=1e-4)
    for ours, theirs in zip(native.model.parameters(), exact.model.parameters(), strict=True):
        torch.testing.assert_close(ours.double(), theirs, rtol=1e-3, atol=2e-5)


@pytest.mark.parametrize("optimizer", [ADAMW, SGD], ids=["adamw", "sgd"])
def test_the_optimizers_state_is_torchs_and_goes_on_bit_for_bit(optimizer: AdamW | Sgd) -> None:
    case = Case("block", optimizer=optimizer)
    whole, stopped, resumed = case.native(), case.native(), case.native()
    batches = case.batches(6)
    for batch in batches:
        whole.step(batch, 0.01, None)
    for batch in batches[:3]:
        stopped.step(batch, 0.01, None)
    state = copy.deepcopy((stopped.model.state_dict(), stopped.optimizer_state()))
    torch_rule = torch.optim.AdamW if isinstance(optimizer, AdamW) else torch.optim.SGD
    torch_rule(resumed.model.parameters(), lr=0.01).load_state_dict(copy.deepcopy(state[1]))
    resumed.model.load_state_dict(state[0])
    resumed.load_optimizer_state(state[1])
    for batch in batches[3:]:
        resumed.step(batch, 0.01, None)
    assert_same_bits(whole, resumed)


def test_a_run_can_change_its_engine() -> None:
    case = Case("layer")
    batches = case.batches(8)
    native, reference = case.native(), ReferenceEngine(case.model(), case.recipe(), 0.01, torch.device("cpu"))
    for batch in batches[:4]:
        native.step(batch, 0.01, None)
    reference.model.load_state_dict(native.model.state_dict())
    reference.load_optimizer_state(native.optimizer_state())
    for batch in batches[4:]:
        native.step(batch, 0.01, None)
        reference.step(batch, 0.01, None)
    for ours, theirs in zip(native.model.parameters(), reference.model.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_steps_repeat_bit_for_bit(threads: int) -> None:
    case = Case("layer", threads=threads, batch=100)
    first, again = case.native(), case.native()
    for engine in (first, again):
        for batch in case.batches(5):
            engine.step(batch, 0.01, None)
    assert_same_bits(first, again)


def test_logits_do_not_depend_on_what_else_is_in_the_batch() -> None:
    engine = Case().native()
    inputs = torch.randn(150, *IMAGE, generator=torch.Generator().manual_seed(0))
    together = engine.logits(inputs)
    assert torch.equal(together[70:73], engine.logits(inputs[70:73]))
    assert together.shape == (150, 10)


def test_parameters_of_the_module_are_the_engines() -> None:
    engine = Case().native()
    before = copy.deepcopy(engine.model.state_dict())
    (batch,) = Case().batches(1)
    engine.step(batch, 0.01, None)
    changed = [name for name, value in engine.model.state_dict().items() if not torch.equal(value, before[name])]
    assert "classifier.weight" in changed
    assert "token_mixing.0.norm.weight" in changed
    torch.testing.assert_close(engine.logits(batch.inputs), engine.model(batch.inputs), rtol=1e-4, atol=1e-5)


def test_a_loss_that_is_no_number_is_told() -> None:
    case = Case()
    engine = case.native()
    (batch,) = case.batches(1)
    with torch.no_grad():
        next(engine.model.parameters()).fill_(float("nan"))
    loss, _ = engine.step(batch, 0.01, None)
    assert not torch.isfinite(loss)


def test_what_it_has_not_is_refused() -> None:
    case = Case()
    with pytest.raises(ValueError, match="stochastic depth"):
        case.native().step(case.batches(1)[0], 0.01, torch.ones(case.batch, 4))


def assert_same_bits(a: Any, b: Any) -> None:
    for ours, theirs in zip(a.model.parameters(), b.model.parameters(), strict=True):
        assert torch.equal(ours, theirs)
