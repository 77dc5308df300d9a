from pathlib import Path
from statistics import median

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from pkbench.errors import UsageError
from pkbench.execute.device import available_cores, resolve_device, resolve_jobs
from pkbench.execute.forecast import forecast
from pkbench.models.initial import initialize
from pkbench.models.mixers import Mixer, Mixing
from pkbench.plan.estimate import Calibration, estimate, step_features
from pkbench.probes import calibrate
from pkbench.sizes.mixer import MixerShape
from pkbench.spec.train import Augment
from tests.small import small_runs

UNIT = Calibration(1e-3, 1e-10, 1e-8, 1e-9, 1e-9, 1e-7)


def test_estimate_by_hand() -> None:
    run = small_runs()[0]  # 3 epochs, batch 16, evaluations after epochs 2 and 3
    layers, flops, activations, parameters = step_features(run.shape, 16)
    step = 1e-3 * layers + 1e-10 * flops + 1e-8 * activations + 1e-9 * parameters
    augmentation = 16 * 64 * 1e-9
    expected = 3 * 62 * (step + augmentation) + 2 * (160 / 16) * step / 3
    result = estimate(run, UNIT, 1000, 160)
    assert result.seconds == pytest.approx(expected)
    floats = 4 * run.shape.parameters + 16 * (run.shape.activation_floats + 128)
    assert result.bytes == 4 * floats + 64 * 1160


@pytest.mark.parametrize("gamma", [None, 2.0, 4.0])
@pytest.mark.parametrize("skip_layer", [False, True])
def test_activation_count_is_near_what_autograd_keeps(gamma: float | None, skip_layer: bool) -> None:
    shape = MixerShape(
        S0=16, C0=12, S=16, C=24, depth=3, gamma_S=gamma, gamma_C=gamma, classes=10, bias=True, skip_layer=skip_layer
    )
    model = Mixer(shape, 2, Mixing(None, 0), activation="gelu", skip=True)
    initialize(model, "torch-linear", 0)
    kept: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes() // 4
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        model(torch.randn(32, 3, 8, 8)).sum()
    per_sample = (sum(kept.values()) - shape.parameters) / 32
    assert shape.activation_floats == pytest.approx(per_sample, rel=0.25)


def test_calibration_predicts_a_shape_it_has_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrate.platformdirs, "user_cache_dir", lambda _: str(tmp_path))
    measured = calibrate.calibration("cpu", 1)
    assert calibrate.calibration("cpu", 1) == measured  # from the cache: two measurements never agree exactly
    shape = MixerShape(
        S0=16, C0=48, S=16, C=96, depth=3, gamma_S=4.0, gamma_C=4.0, classes=10, bias=True, skip_layer=False
    )
    features = step_features(shape, 32)
    coefficients = (measured.per_layer, measured.per_flop, measured.per_activation, measured.per_parameter)
    assert all(value >= 0 for value in coefficients)
    assert sum(coefficients) > 0
    predicted = sum(a * b for a, b in zip(coefficients, features, strict=True))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    actual = median(calibrate._step_time(shape, 32, torch.device("cpu")) for _ in range(3))
    torch.set_num_threads(before)
    # An order of magnitude is what planning needs; other processes share this machine.
    assert actual / 5 < predicted < actual * 5


def test_a_damaged_calibration_is_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrate.platformdirs, "user_cache_dir", lambda _: str(tmp_path))
    monkeypatch.setattr(calibrate, "measure", lambda *_: UNIT)
    path = calibrate._cache_path("cpu", 1)
    path.write_text("{not json")
    assert calibrate.calibration("cpu", 1) == UNIT
    assert calibrate.calibration("cpu", 1) == UNIT
    assert path.read_text().startswith('{"per_layer"')


def test_forecast_knows_digits_and_says_what_it_rests_on() -> None:
    casts = forecast(small_runs(), [], UNIT, Path(), "cpu")
    assert all(cast is not None and cast.basis == "calibration" for cast in casts)


def test_augmentation_costs_only_where_asked() -> None:
    plain = Augment(crop_padding=0, flip=False, policy="none")
    bare = estimate(small_runs(augment=plain.model_dump())[0], UNIT, 1000, 0).seconds
    policy = estimate(
        small_runs(augment=plain.model_dump() | {"policy": "autoaugment-cifar10"})[0], UNIT, 1000, 0
    ).seconds
    assert policy - bare == pytest.approx(3 * 62 * 16 * 64 * 1e-7)


def test_devices_and_jobs() -> None:
    assert resolve_device("cpu") == "cpu"
    assert resolve_jobs(7, "cpu", 1, 1) == 7
    assert resolve_jobs(None, "cuda", 1, 100) == 1
    assert resolve_jobs(None, "cpu", 1, 100) == available_cores()
    assert resolve_jobs(None, "cpu", 1000, 100) == 1
    assert resolve_jobs(None, "cpu", 1, 1) == 1
    with pytest.raises(UsageError, match="is no device"):
        resolve_device("toaster")
    with pytest.raises(UsageError, match="not available"):
        resolve_device("cuda:77")
