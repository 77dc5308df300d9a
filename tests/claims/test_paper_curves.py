"""What the paper's own points say, against arithmetic on the file's numbers."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from pkbench.claims.evaluate import evaluate
from pkbench.claims.paper_curves import paper_says, plotted
from pkbench.paper.points import PaperPoint, PaperSeries
from pkbench.spec.claim import AnyClaim, PaperCurve
from tests.claims.factory import LESS, curve, study, swept

CLAIM: TypeAdapter[Any] = TypeAdapter(AnyClaim)
RP = {"figure": "7", "a": "rp", "b": "normal"}


def says(claim: dict[str, Any], data: str = "cifar10") -> str:
    return paper_says(CLAIM.validate_python(claim), data)


def test_differences_at_every_place() -> None:
    # Fig. 7, CIFAR-10: 3.29 at 4 blocks … -0.05 at 20.
    assert says(LESS | {"paper": RP}).startswith("The points of Fig. 7: on cifar10 differences from −")
    assert says(LESS | {"paper": RP}).endswith("as claimed at 1 of 5 points")


def test_ends_of_a_crossing() -> None:
    claim = curve("crossing", b="b", margin_first=0.0, margin_last=0.0, x="depth", paper=RP)
    assert says(claim) == "The points of Fig. 7: on cifar10 +3.29 points at blocks = 4, −0.05 points at blocks = 20"


def test_a_data_set_that_is_not_plotted_has_all_that_are() -> None:
    claim = curve("crossing", b="b", margin_first=0.0, margin_last=0.0, x="depth", paper=RP)
    found = says(claim, "digits")
    parts = found.removeprefix("The points of Fig. 7: ").split("; ")
    assert [" ".join(part.split(" ")[:2]) for part in parts] == ["on cifar10", "on cifar100", "on stl10", "on imagenet"]


def test_slopes_and_extrema() -> None:
    # Fig. 5, CIFAR-10, omega = 2^27: 23.37 at m = 177404, 23.16 at 231418: -.21 / log2(1.30447) = -.548.
    trend = curve("trend", direction="falls", margin=0.0, x="m", paper={"figure": "5", "a": "normal omega=2^27"})
    assert says(trend) == "The points of Fig. 5: on cifar10 −0.55 points for each doubling of m"
    assert says(trend | {"x_from": 200_000.0}) == "The points of Fig. 5: on cifar10 too few points"
    assert says(trend | {"x_to": 200_000.0}).endswith("too few points")
    assert says(trend | {"x_from": 177_404.0, "x_to": 231_418.0}).endswith("doubling of m")
    low = curve("minimum-near", target=1.0, within=2.0, x="depth", paper={"figure": "7", "a": "normal"})
    assert says(low) == "The points of Fig. 7: on cifar10 22.52 % at blocks = 4"
    high = low | {"kind": "maximum-near"}
    assert says(high) == "The points of Fig. 7: on cifar10 23.99 % at blocks = 20"


def test_a_slope_is_over_all_places_that_can_be_doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    points = tuple(PaperPoint(x, y, None) for x, y in ((0.0, 99.0), (0.25, 11.0), (1.0, 7.0), (2.0, 6.0)))
    series = (PaperSeries("7", "", "a", "x", "test_error", points),)
    monkeypatch.setattr("pkbench.claims.paper_curves.series_of", lambda *_: series)
    claim = curve("trend", direction="falls", margin=0.0, paper={"figure": "7", "a": "a"})
    # log2 x = -2, 0, 1 with centre -1/3: (-5/3 * 11 + 1/3 * 7 + 4/3 * 6) / (42/9) = -8 * 9 / 42.
    assert says(claim) == "The points of Fig. 7: −1.71 points for each doubling of x"


def test_numbers_without_a_unit_leave_no_gap() -> None:
    claim = curve(
        "trend",
        direction="flat",
        margin=0.1,
        metric="largest_singular_value",
        paper={"figure": "4-right", "a": "c_gamma"},
    )
    assert says(claim, "digits") == "The points of Fig. 4-right: +0.000 for each doubling of gamma_m"


def test_without_curves_or_points_nothing_is_said() -> None:
    assert says(LESS) == ""
    assert says(LESS | {"paper": {"figure": "7", "a": "nobody"}}) == ""
    assert says(LESS | {"paper": {"figure": "7", "a": "rp"}}) == "The points of Fig. 7: on cifar10 no points to compare"


def test_a_crossing_runs_from_the_smallest_x_whatever_the_order_of_the_points(monkeypatch: pytest.MonkeyPatch) -> None:
    def series(figure: str, name: str) -> tuple[PaperSeries, ...]:
        points = {"a": ((4.0, 1.0), (1.0, 9.0), (3.0, 7.0)), "b": ((1.0, 5.0), (4.0, 5.0), (2.0, 5.0))}[name]
        return (PaperSeries(figure, "", name, "x", "test_error", tuple(PaperPoint(x, y, None) for x, y in points)),)

    monkeypatch.setattr("pkbench.claims.paper_curves.series_of", series)
    claim = curve("crossing", b="b", margin_first=0.0, margin_last=0.0, paper={"figure": "7", "a": "a", "b": "b"})
    # 9 - 5 at 1 and 1 - 5 at 4; 2 and 3 are of one curve alone.
    assert says(claim) == "The points of Fig. 7: +4.00 points at x = 1, −4.00 points at x = 4"
    # Exactly at its boundary a claim does not hold.
    margin = LESS | {"margin": 4.0, "paper": {"figure": "7", "a": "a", "b": "b"}}
    assert says(margin).endswith("as claimed at 0 of 2 points")
    assert says(LESS | {"paper": {"figure": "7", "a": "a", "b": "b"}}) == (
        "The points of Fig. 7: differences from −4.00 to +4.00 points, as claimed at 1 of 2 points"
    )
    pairs = plotted(PaperCurve(figure="7", a="a"), "cifar10")
    assert [(a.name, b) for a, b in pairs] == [("a", None)]


def test_the_verdict_carries_it() -> None:
    claim = curve("trend", direction="falls", margin=0.0, paper={"figure": "7", "a": "rp"})
    s = study(seeds=(0, 1, 2), claims=(claim,), models={"a": swept(C=(8, 16))})
    (v,) = evaluate(s.scaled, s.runs, s.records).verdicts
    assert v.paper_says.startswith("The points of Fig. 7: on cifar10 ")
    assert "; on cifar100 " in v.paper_says
    elsewhere = study(seeds=(0, 1, 2), claims=(claim | {"data": ["cifar10"]},), models={"a": swept(C=(8, 16))})
    (v,) = evaluate(elsewhere.scaled, elsewhere.runs, {}).verdicts
    assert v.outcome == "not assessed"
    assert v.paper_says.startswith("The points of Fig. 7: on cifar10 ")
    assert "cifar100" not in v.paper_says
