"""Measurements while training: taken when due, right, and without influence on the training."""

import pytest
import torch

from pkbench.models.build import build
from pkbench.models.structured import StructuredLinear
from pkbench.plan.run import Run, expand
from pkbench.probes.sparsity import matrix_sparsity, product_sparsity
from pkbench.probes.watch import NEARLY_ZERO, due_epochs, is_kronecker, measure, mixing_layers
from pkbench.spec.document import Spec
from pkbench.spec.scale import scale
from pkbench.spec.train import Probe
from pkbench.train.result import EpochResult
from pkbench.train.trainer import Trainer
from tests.small import DATA, MODEL, TRAIN, small_data, trained

PROBE = Probe(times=2, spectrum=True, sparsity=True, gradients=True, degrees=True)
S_MIXER = {key: value for key, value in MODEL.items() if key != "gamma"} | {"kind": "s-mixer"}
SW_MLP = {key: value for key, value in MODEL.items() if key != "mixing"} | {
    "kind": "sw-mlp",
    "p": 0.25,
    "mask": "bernoulli",
    "mask_value": "one",
    "compute": "sparse",
    "pool": "flatten",
}
S_FC = {"kind": "s-fc", "alpha": 2, "bias": True, "init": "torch-linear"}
STRUCTURED = {key: value for key, value in MODEL.items() if key != "mixing"} | {
    "kind": "structured-mixer",
    "structure": "monarch",
}
SHALLOW = {"kind": "shallow", "S": 4, "C": 4, "bias": False, "init": "torch-linear", "activation": "relu"}
SHALLOWS = {name: SHALLOW | {"weights": name} for name in ("dense", "monarch", "kronecker")}
KINDS = {"mlp-mixer": MODEL, "s-mixer": S_MIXER, "sw-mlp": SW_MLP, "s-fc": S_FC, "structured": STRUCTURED} | SHALLOWS


def run_of(kind: str, probe: Probe | None = PROBE) -> Run:
    train = TRAIN | {"probe": None if probe is None else probe.model_dump()}
    spec = Spec.model_validate(
        {
            "experiment": {"id": "small", "title": "Small", "paper": "none", "kind": "train"},
            "data": [DATA],
            "model": [{"id": kind, **KINDS[kind]}],
            "train": train,
            "profile": {"quick": {"scope": "a test", "data": ["digits"]}},
        }
    )
    return next(iter(expand(scale(spec, "quick"), {"digits": "0" * 64})))


@pytest.mark.parametrize(
    ("times", "epochs", "due"), [(1, 20, {0, 20}), (2, 3, {0, 2, 3}), (4, 20, {0, 5, 10, 15, 20}), (9, 2, {0, 1, 2})]
)
def test_times_are_even_and_have_both_ends(times: int, epochs: int, due: set[int]) -> None:
    assert due_epochs(PROBE.model_copy(update={"times": times}), epochs) == due


@pytest.mark.parametrize("kind", KINDS)
def test_every_model_can_be_measured_and_stays_as_it_is(kind: str) -> None:
    run = run_of(kind)
    trainer, alone = (Trainer(run, small_data(), torch.device("cpu")) for _ in range(2))
    before = trainer.weights_sha256()
    found = tuple(measure(trainer.model, PROBE, 0, *trainer.probe_batch()))
    assert trainer.weights_sha256() == before
    assert all(parameter.grad is None for parameter in trainer.model.parameters())
    assert trainer.model.training

    def measured(_: EpochResult) -> None:
        assert tuple(measure(trainer.model, PROBE, 1, *trainer.probe_batch()))

    trained(trainer, on_epoch=measured)
    trained(alone)
    assert trainer.weights_sha256() == alone.weights_sha256()
    names = {measurement.name for measurement in found}
    assert "gradient norm" in names
    assert ("largest singular value" in names) == (kind != "s-fc")


def test_numbers_are_those_of_the_effective_matrices() -> None:
    run = run_of("s-mixer")
    model = build(run.model, run.shape, run.seed)
    found = {
        (m.where, m.name): m.value for m in measure(model, PROBE, 0, torch.zeros(2, 1, 8, 8), torch.tensor([0, 1]))
    }
    layers = dict(mixing_layers(model))
    assert list(layers) == ["token_mixing.0.layers.0", "channel_mixing.0.layers.0"]
    for name, layer in layers.items():
        dense = layer.to_dense().double()
        assert found[name, "largest singular value"] == pytest.approx(
            torch.linalg.matrix_norm(dense, 2).item(), rel=1e-6
        )
        root = (dense.square().sum() / min(dense.shape)).sqrt().item()
        ratio = found[name, "largest singular value"] / root
        assert found[name, "largest over root mean square"] == pytest.approx(ratio, rel=1e-6)
        assert found[name, "row degree, variance"] == 0
        assert found[name, "row degree, mean"] == (dense != 0).sum(1).double().mean().item()
    W, V = (layer.weight for layer in layers.values())
    whole = product_sparsity(V, W, 1e-3)
    assert found["base block 0", "V ⊗ W, Hoyer sparsity"] == whole.hoyer
    assert found["base block 0", "V ⊗ W, L1 norm"] == pytest.approx(torch.kron(V, W).abs().sum().item(), rel=1e-5)


@pytest.mark.parametrize("kind", SHALLOWS)
def test_a_shallow_models_matrices_are_measured_and_kronecker_ones_as_products(kind: str) -> None:
    run = run_of(kind)
    model = build(run.model, run.shape, run.seed)
    found = {
        (m.where, m.name): m.value for m in measure(model, PROBE, 0, torch.zeros(2, 1, 8, 8), torch.tensor([0, 1]))
    }
    layers = dict(mixing_layers(model))
    assert list(layers) == ["B1", "B2"]
    assert {where for where, _ in found} <= {"B1", "B2", "the rest"}
    for where, layer in layers.items():
        assert isinstance(layer, StructuredLinear)
        assert is_kronecker(layer) == (kind == "kronecker") == ((where, "V ⊗ W, Hoyer sparsity") in found)
        whole = matrix_sparsity(layer.to_dense(), NEARLY_ZERO)
        if kind == "kronecker":
            assert found[where, "V ⊗ W, Hoyer sparsity"] == pytest.approx(whole.hoyer, rel=1e-5)
            assert found[where, "V ⊗ W, L1 norm"] == pytest.approx(whole.l1, rel=1e-5)
        if kind == "dense":
            assert found[where, "Hoyer sparsity"] == pytest.approx(whole.hoyer, rel=1e-6)


def test_degrees_of_a_mask_vary_and_are_measured_once() -> None:
    run = run_of("sw-mlp")
    model = build(run.model, run.shape, run.seed)
    batch = torch.zeros(2, 1, 8, 8), torch.tensor([0, 1])
    first = {(m.where, m.name): m.value for m in measure(model, PROBE, 0, *batch)}
    assert first["blocks.0.layers.0", "row degree, variance"] > 0
    assert not any("degree" in m.name for m in measure(model, PROBE, 1, *batch))


def test_nothing_is_measured_that_is_not_asked_for() -> None:
    nothing = Probe(times=1, spectrum=False, sparsity=False, gradients=False, degrees=False)
    run = run_of("mlp-mixer")
    model = build(run.model, run.shape, run.seed)
    assert not tuple(measure(model, nothing, 0, torch.zeros(2, 1, 8, 8), torch.tensor([0, 1])))
    assert run.run_id != run_of("mlp-mixer", None).run_id
