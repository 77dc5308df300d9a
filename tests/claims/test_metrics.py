"""What a finished run contributes to a claim, for every metric there is."""

import math
from typing import Any, get_args

import pytest

from pkbench.claims.evaluate import evaluate
from pkbench.claims.metrics import amount, difference, value_of, with_unit
from pkbench.probes import watch
from pkbench.spec.metric import MEASURED_SWITCHES, METRICS, MetricName
from pkbench.spec.train import Probe
from pkbench.store.record import Measured, Record
from tests.claims.factory import LESS, finished, study

RUN = study(epochs=3).run("a", 0)


def record(**more: Any) -> Record:
    return finished(RUN, 12.5, train=4.0, **more)


def measured(*items: tuple[int, str, str, float]) -> Record:
    return record(measured=[Measured(epoch=e, where=w, name=n, value=v) for e, w, n, v in items])


def test_errors_and_losses_are_the_last_epochs() -> None:
    found = record(losses=(0.75, 0.5))
    assert value_of("test_error", found) == 12.5
    assert value_of("train_error", found) == 4.0
    assert (value_of("test_loss", found), value_of("train_loss", found)) == (0.75, 0.5)
    assert value_of("loss_gap", found) == 0.25
    assert value_of("loss_gap", record(losses=(None, 0.5))) is None
    assert value_of("test_loss", record(losses=(None, 0.5))) is None


def test_seconds_are_a_logarithm_of_the_typical_epoch() -> None:
    # The first epoch, which compiles and fills caches, is left out: median of 2 and 4.
    assert value_of("log_epoch_seconds", record(seconds=(60.0, 2.0, 4.0))) == pytest.approx(100 * math.log(3))
    single = study(epochs=1).run("a", 0)
    assert value_of("log_epoch_seconds", finished(single, 1.0, seconds=(2.0,))) == pytest.approx(100 * math.log(2))
    # A difference of d hundredths is about d per cent.
    slow, fast = (value_of("log_epoch_seconds", record(seconds=(1.0, s, s))) for s in (1.01, 1.0))
    assert slow is not None
    assert fast is not None
    assert slow - fast == pytest.approx(1.0, abs=0.01)


def test_a_clock_that_did_not_move_has_no_logarithm() -> None:
    assert value_of("log_epoch_seconds", record(seconds=(1.0, 0.0, 0.0))) is None


def test_measured_metrics_are_means_over_parts_at_the_end() -> None:
    name = "largest singular value"
    found = measured((0, "t1", name, 9.0), (3, "t1", name, 2.0), (3, "c1", name, 3.0), (3, "t1", "L1 norm", 50.0))
    assert value_of("largest_singular_value", found) == 2.5
    assert value_of("gradient_norm", found) is None
    assert value_of("weight_sparsity", measured()) is None
    # Degrees are known before the training.
    degrees = measured((0, "t1", "row degree, KS distance from binomial", 0.25))
    assert value_of("degree_distance", degrees) == 0.25


def test_effective_sparsity_is_that_of_products_where_there_are_any() -> None:
    name = "Hoyer sparsity"
    dense = measured((0, "B1", name, 0.1), (3, "B1", name, 0.3), (0, "B2", name, 0.2), (3, "B2", name, 0.5))
    assert value_of("effective_sparsity", dense) == pytest.approx(0.4)
    assert value_of("sparsity_gain", dense) == pytest.approx(0.4 - 0.15)
    products = measured(
        (0, "B1", name, 0.9), (3, "B1", name, 0.9), (0, "B1", f"V ⊗ W, {name}", 0.25), (3, "B1", f"V ⊗ W, {name}", 0.2)
    )
    assert value_of("effective_sparsity", products) == 0.2
    assert value_of("sparsity_gain", products) == pytest.approx(-0.05)
    assert value_of("effective_sparsity", measured()) is value_of("sparsity_gain", measured()) is None


def test_a_gradient_norm_is_that_of_the_blocks() -> None:
    name = "gradient norm"
    assert (
        value_of("gradient_norm", measured((3, "t1", name, 1.0), (3, "c1", name, 2.0), (3, "the rest", name, 99.0)))
        == 1.5
    )


def test_a_run_has_no_cka_of_its_own() -> None:
    assert value_of("cka", record()) is None


def test_the_names_are_those_that_the_probe_gives() -> None:
    """A run that measures everything has a value of every metric that is measured."""
    import torch

    from pkbench.models.build import build

    probe = Probe(times=1, spectrum=True, sparsity=True, gradients=True, degrees=True)
    model = build(RUN.model, RUN.shape, 0)
    found = list(watch.measure(model, probe, 0, torch.zeros(8, 1, 8, 8), torch.zeros(8, dtype=torch.long)))
    items = [(item.epoch, item.where, item.name, item.value) for item in found]
    for metric in MEASURED_SWITCHES:
        assert value_of(metric, measured(*items)) is not None, metric
    assert any(item.where == "the rest" for item in found)


@pytest.mark.parametrize("metric", sorted(set(get_args(MetricName)) - {"cka"}))
def test_claims_can_be_about_each(metric: str) -> None:
    # Losses, measurements and seconds that are lower in a by 1, 2 and 3 of anything; an image is no measure of them.
    s = study(seeds=(0, 1, 2), epochs=2, claims=(LESS | {"metric": metric},))
    for model, values in (("a", (1.0, 2.0, 3.0)), ("b", (2.0, 4.0, 6.0))):
        for seed, value in enumerate(values):
            parts = [
                Measured(epoch=2, where="t1", name=name, value=value)
                for name in (
                    "largest singular value",
                    "gradient norm",
                    "share nearly zero",
                    "row degree, KS distance from binomial",
                    "Hoyer sparsity",
                )
            ]
            parts.append(Measured(epoch=0, where="t1", name="Hoyer sparsity", value=0.0))
            losses = (2 * value, value) if metric == "loss_gap" else (value, value)
            seconds = (1.0, math.exp(value / 100))
            s.finish(model, {seed: value}, train=value, losses=losses, seconds=seconds, measured=parts, images=10)
    (v,) = evaluate(s.scaled, s.runs, s.records).verdicts
    assert (v.effect, v.metric) == (pytest.approx(-2.0), metric)
    assert v.p_support == pytest.approx(0.037090, abs=1e-6)
    assert v.outcome == ("inconclusive" if metric == "test_error" else "supported")
    name = "" if metric == "test_error" else f"{metric.replace('_', ' ').capitalize()}: "
    assert v.sentence.startswith(f"{name}a {amount(2.0, v.metric)}, b {amount(4.0, v.metric)}: difference ")
    assert with_unit(-2.0, v.metric) in v.sentence


def test_a_metric_that_a_run_lacks_is_a_missing_seed() -> None:
    s = study(seeds=(0, 1, 2), claims=(LESS | {"metric": "test_loss"},))
    s.finish("a", (1.0, 2.0, 3.0))
    s.finish("b", (1.0, 2.0), losses=(1.0, 1.0))
    s.finish("b", {2: 3.0}, losses=(None, 1.0))
    (v,) = evaluate(s.scaled, s.runs, s.records).verdicts
    assert (v.n, v.n_planned) == (2, 3)
    assert "1 of 3 pairs of seeds is missing" in v.sentence


def test_numbers_with_their_units() -> None:
    assert amount(12.071, "test_error") == "12.07 %"
    assert amount(0.6124, "test_loss") == "0.612 nats"
    assert amount(0.6124, "cka") == "0.612"
    assert amount(-3.26, "log_epoch_seconds") == "−3.3"
    assert difference(0.4, "test_error") == "+0.40"
    assert difference(-0.4, "test_error") == "−0.40"
    assert difference(-0.001, "test_error") == "+0.00"
    assert with_unit(-0.4, "test_error") == "−0.40 points"
    assert with_unit(0.4, "cka") == "+0.400"
    assert with_unit(3.0, "log_epoch_seconds") == "+3.0 hundredths of a log"


def test_every_metric_is_described() -> None:
    assert tuple(METRICS) == get_args(MetricName)
    assert all(metric.meaning and metric.digits > 0 for metric in METRICS.values())
