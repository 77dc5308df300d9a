"""What a record becomes in MLflow."""

import math

import pytest

from pkbench.store.mirror import entry

from .factory import STARTED, make_config, make_counts, make_epoch, make_failed, make_record


def test_name_says_what_the_run_is() -> None:
    assert entry.run_name(make_record(3)) == "mixer-ss-8 C=60 seed 3, digits, lr 0.01"
    without = make_counts().model_copy(update={"S": None, "C": None})
    assert entry.run_name(make_record(3, counts=without)) == "mixer-ss-8 seed 3, digits, lr 0.01"


def test_configuration_is_flattened_by_path() -> None:
    parameters = entry.parameters(make_record(7))
    assert parameters["train.optimizer.lr"] == "0.01"
    assert parameters["train.optimizer.betas"] == "[0.9, 0.999]"
    assert parameters["data.shape"] == "[8, 8, 1]"
    assert parameters["data.resize"] == "null"
    assert parameters["model.mixing"] == "normal"
    assert parameters["seed"] == "7"


def test_sizes_are_numbers_by_their_own_names() -> None:
    """So that MLflow's charts have them as axes, and errors are seen against width at once."""
    parameters = entry.parameters(make_record())
    sizes = {"S": 4, "C": 60, "width": 960, "connections": 260_000, "omega": 67_200, "p": 0.01, "depth": 2}
    assert {name: float(parameters[name]) for name in sizes} == sizes
    without = make_counts().model_copy(update={"S": None, "C": None, "gamma": None})
    assert not {"S", "C", "gamma"} & set(entry.parameters(make_record(counts=without)))


def test_long_values_are_shortened_to_what_mlflow_takes() -> None:
    record = make_record(config=make_config(note="x" * 10_000))
    assert entry.parameters(record)["model.note"] == "x" * 5999 + "…"


def test_points_are_exactly_the_measured_values_at_the_times_in_the_record() -> None:
    record = make_record(history=(make_epoch(1, evaluated=False), make_epoch(2)))
    points = entry.points(record)
    first = {point.key: point.value for point in points if point.step == 1}
    assert first == {
        "lr": record.history[0].lr, "train_loss": 2.0, "train_error": 60.0, "seconds": 0.5, "data_seconds": 0.05,
    }  # fmt: skip
    assert {point.timestamp for point in points if point.step == 2} == {round((STARTED + 1) * 1000)}
    assert {point.key for point in points if point.step == 2} - set(first) == {
        "validation_loss", "validation_error", "test_loss", "test_error",
    }  # fmt: skip


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_is_no_number_is_left_out(value: float) -> None:
    record = make_record(history=(make_epoch(1, train_loss=value),))
    assert "train_loss" not in {point.key for point in entry.points(record)}
    assert "train_error" in {point.key for point in entry.points(record)}


def test_tags_identify_run_spec_and_code() -> None:
    record = make_failed()
    tags = entry.tags(record, "f" * 64)
    assert tags["pkbench.run_id"] == record.run_id
    assert tags["pkbench.record_sha256"] == "f" * 64
    assert tags["pkbench.spec"] == "toy"
    assert tags["pkbench.dirty"] == "false"
    assert tags["pkbench.commit"] == tags["mlflow.source.git.commit"] == "0123abcd" * 5
    assert tags["pkbench.failure"] == "diverged: the loss is not a number"


def test_code_outside_git_has_no_commit() -> None:
    code = make_record().code.model_copy(update={"commit": None, "dirty": None})
    tags = entry.tags(make_record(code=code), "f" * 64)
    assert tags["pkbench.commit"] == tags["pkbench.dirty"] == "unknown"
    assert "mlflow.source.git.commit" not in tags


def test_a_new_epoch_of_a_record_is_not_forgotten() -> None:
    """Every measured field of an epoch is mirrored: one added to the record must be added to the mirror."""
    fields = set(type(make_epoch(1)).model_fields) - {"epoch", "ended"}
    assert {point.key for point in entry.points(make_record(epochs=1))} == fields
