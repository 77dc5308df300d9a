import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from pkbench.models.mixers import Placement
from pkbench.models.permutation import Identity, Permute, random_permutation
from pkbench.probes import cost
from pkbench.probes.cost import Quartiles, forward_flops, measure_cost, saved_bytes, without_permutations
from pkbench.sizes.mixer import MixerShape
from tests.probes.models import S_MIXER, SHAPE, images, mixer

IMAGE = (3, 4, 4)


class Clock:
    """Time that passes only where a test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(cost, "time", SimpleNamespace(perf_counter=lambda: self.now))


class Timed(nn.Module):
    """A linear layer between two permutations; each pass takes three units of time for the layer."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.before = Permute(random_permutation(48, 0))
        self.linear = nn.Linear(48, 2)
        self.after = Permute(Identity(2))

    def forward(self, x: Tensor) -> Tensor:
        self.clock.now += 3
        return self.after(self.linear(self.before(x.flatten(1))))

    def __deepcopy__(self, memo: object) -> "Timed":
        """With the same clock."""
        return Timed(self.clock)


@pytest.mark.parametrize("shape", [SHAPE, S_MIXER, replace(SHAPE, S=4, skip_layer=False)])
@pytest.mark.parametrize("placement", [None, "block", "layer"])
def test_counted_operations_are_those_of_the_formula(shape: MixerShape, placement: Placement | None) -> None:
    assert forward_flops(mixer(placement, shape), images(3)) == shape.forward_flops


def test_cost_of_a_mixer() -> None:
    model = mixer()
    found = measure_cost(model, IMAGE, 5, repeats=2, seed=0)
    assert found.parameters == SHAPE.parameters
    assert found.forward_flops == SHAPE.forward_flops
    assert found.memory == saved_bytes(model, images(5))
    assert found.memory_kind == "saved tensors"
    assert found.permutation_share is not None
    assert found.permutation_share < 1
    for seconds in (found.forward_seconds, found.step_seconds):
        assert 0 < seconds.lower <= seconds.median <= seconds.upper


def test_frozen_parameters_are_not_counted() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(48, 2))
    model[1].bias.requires_grad_(False)
    assert measure_cost(model, IMAGE, 2, repeats=1, seed=0).parameters == 96


def test_the_model_is_left_as_it_was() -> None:
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(48), Permute(random_permutation(48, 0)), nn.Linear(48, 2))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modules = dict(model.named_modules())
    measure_cost(model, IMAGE, 4, repeats=1, seed=0)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert dict(model.named_modules()) == modules
    assert model.training


def test_times_and_share_are_what_the_clock_says(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    plain = Permute.forward

    def slow(self: Permute, x: Tensor) -> Tensor:
        clock.now += 1
        return plain(self, x)

    monkeypatch.setattr(Permute, "forward", slow)
    found = measure_cost(Timed(clock), IMAGE, 2, repeats=3, seed=0)
    assert found.step_seconds == found.forward_seconds == Quartiles(5.0, 5.0, 5.0)
    assert found.permutation_share == pytest.approx(2 / 5)


def test_times_are_summed_up_by_quartiles(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    # The first is the warm-up.
    durations = iter([100.0, 5.0, 1.0, 2.0, 4.0, 3.0])

    def action() -> None:
        clock.now += next(durations)

    times = cost._times(action, torch.device("cpu"), 5)
    assert times == [5.0, 1.0, 2.0, 4.0, 3.0]
    assert cost._quartiles(times) == Quartiles(median=3.0, lower=2.0, upper=4.0)


def test_a_model_without_permutations_has_no_share() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(48, 2))
    assert measure_cost(model, IMAGE, 2, repeats=1, seed=0).permutation_share is None


def test_permutations_pass_through_only_inside() -> None:
    model = mixer("layer")
    permutes = [module for module in model.modules() if isinstance(module, Permute)]
    expected = model(images(2))
    with without_permutations(model):
        assert not any(isinstance(module, Permute) for module in model.modules())
        bare = model(images(2))
    assert bare.shape == expected.shape
    assert not torch.allclose(bare, expected)
    assert [module for module in model.modules() if isinstance(module, Permute)] == permutes
    assert torch.equal(model(images(2)), expected)


def test_permutations_are_back_after_an_error() -> None:
    model = mixer("layer")
    expected = model(images(2))
    with pytest.raises(RuntimeError), without_permutations(model):
        model(torch.zeros(1, 1, 4, 4))
    assert torch.equal(model(images(2)), expected)


def test_saved_tensors_count_every_storage_once() -> None:
    # Kept: the first layer's input and what leaves the ReLU, which is the second layer's input too.
    model = nn.Sequential(nn.Linear(7, 5), nn.ReLU(), nn.Linear(5, 2))
    assert saved_bytes(model, torch.zeros(11, 7)) == 4 * 11 * (7 + 5)
    assert saved_bytes(model.double(), torch.zeros(11, 7, dtype=torch.float64)) == 8 * 11 * (7 + 5)


def test_index_vectors_are_no_saved_tensors() -> None:
    linear = nn.Linear(6, 6)
    permuted = nn.Sequential(linear, Permute(random_permutation(6, 0)))
    assert saved_bytes(permuted, torch.zeros(3, 6)) == saved_bytes(linear, torch.zeros(3, 6)) == 4 * 3 * 6


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_device_peak_holds_parameters_gradients_and_activations() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(48, 4096), nn.ReLU(), nn.Linear(4096, 2)).cuda()
    found = measure_cost(model, IMAGE, 64, repeats=1, seed=0)
    assert found.memory_kind == "device peak"
    assert found.memory >= 2 * 4 * found.parameters + 4 * 64 * 4096
    assert found.memory < 10 * (2 * 4 * found.parameters + 4 * 64 * 4096) + 2**26


def test_at_least_one_measurement() -> None:
    with pytest.raises(ValueError, match="at least one"):
        measure_cost(mixer(), IMAGE, 1, repeats=0, seed=0)


def test_operations_of_one_sample_do_not_depend_on_the_batch() -> None:
    assert forward_flops(mixer(), images(1)) == forward_flops(mixer(), images(9)) > 0
    assert math.isfinite(forward_flops(nn.Flatten(), images(1)))
