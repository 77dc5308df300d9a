"""Where curves are lowest and highest."""

import math
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkbench.audit.evaluate import audit
from pkbench.finding import Finding
from pkbench.spec.audit import ExtremumClaim


def extremum(points: Sequence[tuple[float, ...]], **fields: Any) -> Finding:
    named = [dict(zip(("x", "y", "half_bar"), point, strict=False)) for point in points]
    base: dict[str, Any] = {
        "id": "c",
        "kind": "extremum",
        "statement": "s",
        "place": "p",
        "extreme": "minimum",
        "x_name": "C/S",
    }
    base |= {"y_name": "Error", "stated_x": 1.0, "tolerance": 1.0, "origin": "read off", "points": named}
    return audit(ExtremumClaim.model_validate(base | fields), {})


FIG_6 = [(0.2832, 0.1757, 0.0062), (1.0, 0.1254, 0.0094), (3.5313, 0.1213, 0.0108), (10.8128, 0.1861, 0.0149)]


def test_minimum_beside_the_stated_place() -> None:
    """CIFAR-10, normal: lowest at 3.53, factor 3.5313; 0.0041 below the point at 1, whose bars reach 0.0202."""
    finding = extremum(FIG_6)
    assert finding.residual == pytest.approx(2.5313)
    assert finding.sentence == (
        "Error has its minimum 0.1213 at C/S = 3.531; 1 is stated, a factor of 3.53 away. "
        "At 1, the point nearest to that, it is 0.1254; the error bars of the two overlap."
    )


def test_bars_that_are_apart_and_bars_that_are_missing() -> None:
    apart = extremum([(1.0, 0.5334, 0.0103), (0.2832, 0.5113, 0.0049)])
    assert apart.sentence.endswith("the error bars of the two are apart.")
    assert apart.residual == pytest.approx(1 / 0.2832 - 1)  # a factor below counts as one above
    # 0.015 apart: more than either bar, less than both together.
    touching = extremum([(1.0, 0.5, 0.01), (2.0, 0.485, 0.01)])
    assert touching.sentence.endswith("the error bars of the two overlap.")
    assert extremum([(1.0, 0.5), (2.0, 0.4, 0.1)]).sentence.endswith("it is 0.5.")


def test_extremum_at_the_stated_place() -> None:
    finding = extremum([(0.5, 2), (1, 1), (2, 3)])
    assert finding.residual == 0
    assert finding.sentence == "Error has its minimum 1 at C/S = 1; 1 is stated."


def test_maximum() -> None:
    finding = extremum([(64, 0.7272), (128, 0.7411), (256, 0.7611), (512, 0.7485)], extreme="maximum", stated_x=64.0)
    assert finding.residual == pytest.approx(3)
    assert dict(finding.values)["x of the extremum"] == 256


def test_of_equal_values_the_one_nearest_to_the_stated_place_counts() -> None:
    assert extremum([(0.1, 1), (1.5, 1), (8, 1), (1, 2)]).residual == pytest.approx(0.5)


@given(
    xs=st.lists(st.floats(1e-3, 1e3), min_size=2, max_size=12, unique=True),
    extreme=st.sampled_from(["minimum", "maximum"]),
    data=st.data(),
)
def test_a_valley_is_found_where_it_is_put(xs: list[float], extreme: str, data: st.DataObject) -> None:
    bottom = data.draw(st.sampled_from(xs))
    sign = 1 if extreme == "minimum" else -1
    points = [(x, sign * (0.0 if x == bottom else 1 + abs(math.log(x / bottom)))) for x in xs]
    assert extremum(points, extreme=extreme, stated_x=bottom).residual == pytest.approx(0, abs=1e-12)
    assert extremum(points, extreme=extreme, stated_x=3 * bottom).residual == pytest.approx(2)
