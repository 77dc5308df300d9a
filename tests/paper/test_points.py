"""The points read off the paper's figures are the ones of the file, in one unit and complete."""

import csv
import math
from importlib.resources import files

import pytest

from pkbench.paper.points import PaperPoint, all_series, figures, names_in, series_of

ROWS = list(csv.DictReader(files("pkbench.paper").joinpath("points.csv").read_text(encoding="utf-8").splitlines()))


def test_every_point_of_the_file_is_in_one_series() -> None:
    assert sum(len(series.points) for series in all_series()) == len(ROWS)
    keys = [(s.figure, s.dataset, s.name, s.y_name) for s in all_series()]
    assert len(set(keys)) == len(keys)


def test_accuracies_and_fractions_become_errors_in_per_cent() -> None:
    # 4-left gives errors as fractions: .3575; S1-left accuracies in per cent: 56.084 with bars of .6043 to each side.
    assert [r["y"] for r in ROWS if (r["figure"], r["series"], float(r["x"])) == ("4-left", "sw-mlp", 2880)] == [
        "0.3575"
    ]
    (fractions,) = series_of("4-left", "sw-mlp")
    assert fractions.points[0] == PaperPoint(2880.0, pytest.approx(35.75), pytest.approx(0.31))
    (accuracies,) = series_of("S1-left", "sw-mlp omega=2^16")
    assert accuracies.points[0] == PaperPoint(0.9, pytest.approx(43.916), 0.6043)
    assert {fractions.y_name, accuracies.y_name} == {"test_error"}
    assert series_of("5", "normal omega=2^27")[0].points[0].half_bar is None


def test_other_quantities_stay_as_drawn() -> None:
    (series,) = series_of("4-right", "c_gamma")
    assert {point.y for point in series.points} == {2.4142}
    assert (series.y_name, series.points[0].half_bar) == ("largest_singular_value", None)
    assert series_of("2a", "S=C=64")[0].points[0] == PaperPoint(1.0, 0.5793, 0.0292)


@pytest.mark.parametrize("name", ["normal", "rp"])
def test_imagenets_axis_in_fig_6_is_c_over_s(name: str) -> None:
    """App. C.5: patches of 7, 8, 14, 16, 28 and 32 on 224 pixels, C = 3 P^2 channels."""
    ratios = [3 * P**2 / (224 // P) ** 2 for P in (7, 8, 14, 16, 28, 32)]
    (imagenet,) = [series for series in series_of("6", name) if series.dataset == "imagenet"]
    assert [point.x for point in imagenet.points] == pytest.approx(ratios, rel=2e-3)


def test_errors_are_per_cents_and_x_can_be_doubled() -> None:
    for series in all_series():
        xs = [point.x for point in series.points]
        assert all(x > 0 for x in xs)
        assert len(set(xs)) == len(xs), series
        assert all(math.isfinite(point.y) for point in series.points)
        if series.y_name == "test_error":
            assert all(10 < point.y < 100 for point in series.points), series


def test_a_name_has_one_series_for_each_data_set() -> None:
    assert [series.dataset for series in series_of("7", "rp")] == ["cifar10", "cifar100", "stl10", "imagenet"]
    assert [series.dataset for series in series_of("4-right", "c_gamma")] == [""]
    assert series_of("7", "nobody") == ()
    assert series_of("99", "rp") == ()


def test_figures_and_the_names_of_their_curves() -> None:
    assert figures() == ("2a", "4-left", "4-right", "6", "7", "5", "S2", "S3-right", "S1-left")
    assert names_in("7") == ("normal", "rp")
    assert names_in("4-right") == ("c_gamma", "sw-mlp M*A")
    assert names_in("99") == ()


@pytest.mark.parametrize(
    ("figure", "a", "b"), [("6", "rp", "normal"), ("7", "rp", "normal"), ("4-left", "sw-mlp", "mlp-mixer")]
)
def test_curves_that_are_held_against_each_other_have_the_same_x(figure: str, a: str, b: str) -> None:
    for one, other in zip(series_of(figure, a), series_of(figure, b), strict=True):
        assert one.dataset == other.dataset
        assert [point.x for point in one.points] == [point.x for point in other.points]
