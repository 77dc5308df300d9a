from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import torch
from torch.autograd.graph import saved_tensors_hooks

from pkbench.errors import UsageError
from pkbench.execute.device import available_cores, batches_ahead, resolve_device, resolve_jobs
from pkbench.execute.forecast import forecast
from pkbench.models.initial import initialize
from pkbench.models.mixers import Mixer, Mixing
from pkbench.native.library import UnavailableError, library
from pkbench.plan.estimate import Calibration, estimate, step_features
from pkbench.probes import calibrate
from pkbench.sizes.mixer import MixerShape
from pkbench.spec.train import Augment
from tests.small import small_runs


def native_or_skip() -> None:
    try:
        library()
    except UnavailableError as error:
        pytest.skip(str(error))


UNIT = Calibration(1e-3, 1e-10, 1e-8, 1e-9, 1e-9, 1e-7, 2e-7, 3e-7, 4e-7, 5e-7)


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


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_calibration_predicts_a_shape_it_has_not_seen(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine == "native":
        native_or_skip()

    monkeypatch.setattr(calibrate, "cache_folder", lambda: tmp_path)
    measured = calibrate.calibration("cpu", 1, engine)
    assert calibrate.calibration("cpu", 1, engine) == measured  # from the cache: two measurements never agree exactly
    shape = MixerShape(
        S0=16, C0=48, S=16, C=96, depth=3, gamma_S=4.0, gamma_C=4.0, classes=10, bias=True, skip_layer=False
    )
    features = step_features(shape, 32)
    coefficients = (measured.per_layer, measured.per_flop, measured.per_activation, measured.per_parameter)
    assert all(value >= 0 for value in coefficients)
    assert sum(coefficients) > 0
    assert min(asdict(measured).values()) >= 0
    assert measured.policy_per_value > measured.mix_per_value > 0
    predicted = sum(a * b for a, b in zip(coefficients, features, strict=True))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    actual = median(calibrate._step_time(shape, 32, torch.device("cpu"), engine) for _ in range(3))
    torch.set_num_threads(before)
    # An order of magnitude is what planning needs; other processes share this machine.
    assert actual / 5 < predicted < actual * 5


def test_a_damaged_calibration_is_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrate, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(calibrate, "measure", lambda *_: UNIT)
    path = calibrate._cache_path("cpu", 1, "reference")
    path.write_text("{not json")
    assert calibrate.calibration("cpu", 1, "reference") == UNIT
    assert calibrate.calibration("cpu", 1, "reference") == UNIT
    assert path.read_text().startswith('{"per_layer"')


def test_forecast_knows_digits_and_says_what_it_rests_on() -> None:
    casts = forecast(small_runs(), [], lambda _: UNIT, Path(), "cpu")
    assert all(cast is not None and cast.basis == "calibration" for cast in casts)


def test_times_of_another_engine_are_not_taken_for_this_ones() -> None:
    """A run's own record tells its time only where the same engine would compute it."""
    run = small_runs()[0]
    asked: list[str] = []

    def calibration(name: str) -> Calibration:
        asked.append(name)
        return UNIT

    for name in ("reference", "batch-last"):
        forecast([run], [], calibration, Path(), "cpu", name)
    assert asked == ["reference", "batch-last"]
    assert forecast([run], [], calibration, Path(), "cuda", "native") == [None]


RAND = {"num_ops": 3, "probability": 0.5, "magnitude": 9, "magnitude_std": 0.5, "magnitude_max": 10, "increasing": True}
ERASING = {"probability": 0.25, "area": [0.02, 0.3], "ratio": [0.3, 3.3], "fill": "normal"}
MIX = {"mixup_alpha": 0.8, "cutmix_alpha": 1.0, "switch_probability": 0.5, "probability": 0.5}


@pytest.mark.parametrize(
    ("augment", "mix", "seconds"),
    [
        ({"flip": True}, None, 1e-9),
        ({"policy": "autoaugment-cifar10"}, None, 1e-7),
        ({"policy": "randaugment", "randaugment": RAND}, None, 1.5 * 2e-7),
        ({"randaugment": RAND}, None, 0.0),
        ({"resized_crop": {"area": [0.3, 1.0], "ratio": [0.75, 1.25]}}, None, 3e-7),
        ({"erasing": ERASING}, None, 4e-7),
        ({}, MIX, 0.5 * 5e-7),
        ({"policy": "autoaugment-cifar10", "erasing": ERASING}, MIX, 1e-7 + 4e-7 + 0.5 * 5e-7),
    ],
)
def test_augmentation_costs_only_where_asked(
    augment: dict[str, Any], mix: dict[str, Any] | None, seconds: float
) -> None:
    plain = Augment(crop_padding=0, flip=False, policy="none").model_dump()
    bare, costly = (
        estimate(small_runs(**train)[0], UNIT, 1000, 0).seconds
        for train in ({"augment": plain}, {"augment": plain | augment, "mix": mix})
    )
    # 3 epochs of 62 batches of 16 images of 64 values.
    assert costly - bare == pytest.approx(3 * 62 * 16 * 64 * seconds, abs=1e-9)


@pytest.mark.parametrize(
    ("augment", "device", "jobs", "ahead"),
    [
        ({"policy": "autoaugment-cifar10"}, "cpu", 1, 2),
        ({"policy": "autoaugment-cifar10"}, "cpu", 3, 2),
        ({"policy": "autoaugment-cifar10"}, "cpu", 4, 0),
        ({"policy": "autoaugment-cifar10"}, "cuda:1", 4, 2),
        ({"crop_padding": 4, "flip": True}, "cuda", 1, 0),
        ({"policy": "autoaugment-cifar10"}, "mps", 1, 0),
        ({"erasing": ERASING}, "cpu", 1, 2),
        ({"resized_crop": {"area": [0.3, 1.0], "ratio": [0.75, 1.25]}}, "cpu", 1, 2),
        ({"crop_padding": 4, "flip": True}, "cpu", 1, 0),
    ],
)
def test_batches_are_made_ahead_where_it_pays(
    augment: dict[str, Any], device: str, jobs: int, ahead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs with 2 threads on a machine with 8 cores."""
    monkeypatch.setattr("pkbench.execute.device.available_cores", lambda: 8)
    plain = Augment(crop_padding=0, flip=False, policy="none").model_dump()
    train = small_runs(augment=plain | augment, cpu_threads=2)[0].train
    assert batches_ahead(train, device, jobs) == ahead


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
