"""The figure of the families, read back from its own objects."""

import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from pkbench.claims.verdict import Estimate
from pkbench.paper.points import series_of
from pkbench.report import style
from pkbench.report.families import Line, Place
from pkbench.report.families_axes import lay_out, size_label, tick
from pkbench.report.families_figure import families_figure, metric_label, shifts
from pkbench.report.figures import curves_figure, effects_figure, errors_figure, write_figures
from tests.claims.factory import LESS
from tests.report.made import CROSSING, FAMILY_ERRORS, LOWEST, PARITY, TREND, families, filled, study_of
from tests.report.test_families import hostile, long_errors


@pytest.fixture(autouse=True)
def _styled() -> Iterator[None]:
    with style.styled():
        yield


def drawn(profile: str = "quick", **more: Any) -> Figure:
    figure = families_figure(study_of(families(profile, **more)))
    assert figure is not None
    return figure


def containers(axis: Axes) -> list[Any]:
    """What ``errorbar`` has drawn."""
    return list(axis.containers)


def curves(axis: Axes) -> list[tuple[Any, ...]]:
    """Label, x, y, colour and face of every curve with markers."""
    found = []
    for container in containers(axis):
        line = container.lines[0]
        x, y = ([round(float(v), 4) for v in values] for values in (line.get_xdata(), line.get_ydata()))
        found.append((container.get_label(), x, y, line.get_color(), line.get_markerfacecolor()))
    return found


def bars(axis: Axes, number: int) -> list[list[float]]:
    """Ends of the vertical bars of one curve."""
    (collection,) = containers(axis)[number].lines[2]
    return [[round(float(y), 4) for _, y in segment] for segment in collection.get_segments()]


def titles(figure: Figure) -> list[str]:
    return [axis.get_title(loc="left") for axis in figure.axes]


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def shades(axis: Axes) -> list[tuple[float, float]]:
    return [
        (round(patch.get_x(), 4), round(patch.get_x() + patch.get_width(), 4))
        for patch in axis.patches
        if isinstance(patch, Rectangle) and to_hex(patch.get_facecolor()) == style.SHADE.lower()
    ]


def test_means_and_intervals_of_every_member() -> None:
    axis = drawn(claims=(CROSSING,)).axes[0]
    rp, normal = curves(axis)
    assert rp[:3] == ("rp", [4, 8, 16], [35.5, 21.1667, 21.6667])
    assert normal[:3] == ("normal", [4, 8, 16], [31.0, 21.0, 25.0])
    assert (rp[3], normal[3]) == (style.BLUE, style.ORANGE)
    # t(0.975, 2) = 4.3027 times 1 / sqrt(3).
    half = 4.302652729911275 / math.sqrt(3)
    assert bars(axis, 1)[0] == [round(31 - half, 4), round(31 + half, 4)]
    markers = [container.lines[0].get_marker() for container in containers(axis)]
    assert len(set(markers)) == 2


def test_words_around_a_panel() -> None:
    figure = drawn()
    axis = figure.axes[0]
    assert titles(figure)[0] == "small at quick, digits: n = 3 seeds"
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("channels C", "test error of the final epoch (%)")
    assert figure.get_supxlabel() == "Profile quick. Digits only: no evidence about CIFAR."
    assert legend(figure) == [
        "rp",
        "normal",
        "95 % interval",
        "the paper's points (their own scale)",
        "claimed place of the extremum",
        "means cross; bar: interval",
    ]
    assert legend(drawn(claims=(TREND,))) == ["rp", "95 % interval"]


def test_fewer_seeds_are_said() -> None:
    errors = FAMILY_ERRORS | {"rp-c16": (20.0,)}
    lowest = LOWEST | {"id": "of-normal", "x": "C"}
    assert titles(drawn(errors=errors, claims=(PARITY, lowest)))[0] == "small at quick, digits: n = 1 to 3 seeds"


def test_the_papers_points_stand_apart_at_another_profile() -> None:
    figure = drawn(claims=(LOWEST,))
    assert titles(figure) == [
        "small at quick, digits: n = 3 seeds",
        *(
            "\n".join((first, second))
            for first, second in (
                ("the paper, Fig. 6, cifar10", "(its own scale)"),
                ("the paper, Fig. 6,", "cifar100 (its own scale)"),
                ("the paper, Fig. 6, stl10", "(its own scale)"),
                ("the paper, Fig. 6,", "imagenet (its own scale)"),
            )
        ),
    ]
    first = next(series for series in series_of("6", "normal") if series.dataset == "cifar10")
    points = sorted((point.x, point.y, point.half_bar or 0.0) for point in first.points)
    ((_, x, y, colour, face),) = curves(figure.axes[1])
    assert list(zip(x, y, strict=True)) == [(round(a, 4), round(b, 4)) for a, b, _ in points]
    assert (colour, face) == (style.BLUE, "white")
    assert bars(figure.axes[1], 0)[0] == [round(points[0][1] - points[0][2], 4), round(points[0][1] + points[0][2], 4)]
    assert (figure.axes[1].get_xlabel(), figure.axes[1].get_ylabel()) == ("C/S", "test error (%)")
    assert len(curves(figure.axes[0])) == 1


def test_the_papers_points_share_a_panel_only_where_they_measure_the_same() -> None:
    figure = drawn("paper", claims=(LOWEST,))
    (axis,) = figure.axes
    ours, paper = curves(axis)
    assert (ours[4], paper[4]) == (style.BLUE, "white")
    assert ours[3] == paper[3]
    assert len(paper[1]) == 7
    assert "the paper's points" in legend(figure)
    # Another size on the axis, or another data set: a panel of its own, labelled as the paper has it.
    other = drawn("paper", claims=(PARITY,))
    assert [axis.get_xlabel() for axis in other.axes] == ["channels C", "effective width m"]
    assert titles(other)[1] == "the paper, Fig. 5, cifar10 (its own scale)"
    assert [curve[3] for curve in curves(other.axes[1])] == [style.BLUE, style.ORANGE]
    assert all(not container.lines[2] for container in containers(other.axes[1]))  # no bars are drawn there


def test_the_claimed_place_is_shaded_in_ours_and_in_the_papers_panels() -> None:
    figure = drawn(claims=(LOWEST,))
    assert [shades(axis) for axis in figure.axes] == [[(1.3333, 3.0)]] * 5
    assert shades(drawn(claims=(TREND,)).axes[0]) == []
    # A figure along another size has no such place.
    blocks = LOWEST | {"paper": {"figure": "7", "a": "normal"}}
    assert [shades(axis) for axis in drawn(claims=(blocks,)).axes] == [[(1.3333, 3.0)], [], [], [], []]


def test_several_claimed_places_are_bars_in_their_familys_colour() -> None:
    other = LOWEST | {"id": "other", "a": "rp", "target": 4.0}
    axis = drawn(claims=(LOWEST, other)).axes[0]
    assert shades(axis) == []
    bars = [line for line in axis.lines if line.get_alpha() == 0.6]
    assert [list(line.get_xdata()) for line in bars] == [
        pytest.approx([2.0 / 1.5, 3.0]),
        pytest.approx([4.0 / 1.5, 6.0]),
    ]
    assert [line.get_color() for line in bars] == [curve[3] for curve in curves(axis)]
    assert bars[0].get_ydata()[0] > bars[1].get_ydata()[0]
    # One place that two families share is one.
    assert shades(drawn(claims=(LOWEST, LOWEST | {"id": "same", "a": "rp"})).axes[0]) == [(1.3333, 3.0)]


def line_at(*xs: float) -> Line:
    return Line(str(xs), tuple(Place(str(x), x, Estimate(3, 1.0, 0.0, 2.0)) for x in xs))


def test_only_lines_that_share_an_x_are_drawn_apart() -> None:
    assert shifts([line_at(1, 2), line_at(8, 9), line_at(2, 3), line_at(4)]) == [-0.5, 0.0, 0.5, 0.0]
    assert shifts([line_at(1), line_at(2), line_at(1, 2)]) == [-1.0, 0.0, 1.0]
    assert shifts([]) == []


def test_a_claimed_place_beyond_the_members_is_seen() -> None:
    axis = drawn(claims=(LOWEST | {"target": 64.0},)).axes[0]
    low, high = axis.get_xlim()
    assert low < 1
    assert high > 64 / 1.5


def test_a_crossing_is_marked_with_its_interval() -> None:
    axis = drawn(claims=(CROSSING,)).axes[0]
    marks = [line for line in axis.lines if line.get_linestyle() == "-."]
    assert [round(float(line.get_xdata()[0]), 3) for line in marks] == [8.268]
    (bar,) = [line for line in axis.lines if list(line.get_ydata()) == [0.02, 0.02]]
    assert [float(x) for x in bar.get_xdata()] == [4.0, 16.0]
    apart = FAMILY_ERRORS | {f"rp-c{c}": (50.0, 51.0, 52.5) for c in (4, 8, 16)}
    assert not [line for line in drawn(claims=(CROSSING,), errors=apart).axes[0].lines if line.get_linestyle() == "-."]


def test_a_crossing_without_ends_has_a_bar_across() -> None:
    near = FAMILY_ERRORS | {"rp-c4": (29.0, 32.0, 35.5), "rp-c16": (23.0, 26.0, 23.0)}
    axis = drawn(claims=(CROSSING,), errors=near).axes[0]
    (bar,) = [line for line in axis.lines if list(line.get_ydata()) == [0.02, 0.02]]
    assert tuple(bar.get_xdata()) == axis.get_xlim()


def test_a_single_model_is_a_line_across() -> None:
    baseline = LESS | {"id": "beats-alone", "a": "rp", "b": "alone", "x": "C"}
    errors = FAMILY_ERRORS | {"alone": (27.0, 28.0, 29.0)}
    axis = drawn(claims=(baseline,), errors=errors, singles=("alone",)).axes[0]
    (line,) = [line for line in axis.lines if line.get_label() == "alone"]
    assert list(line.get_ydata()) == [28.0, 28.0]
    assert [curve[0] for curve in curves(axis)] == ["rp"]


def test_metrics_and_sizes_have_panels_of_their_own() -> None:
    loss = CROSSING | {"id": "loss", "metric": "test_loss"}
    figure = drawn(claims=(CROSSING, TREND | {"x": "width"}, loss))
    assert [(axis.get_xlabel(), axis.get_ylabel()) for axis in figure.axes] == [
        ("channels C", "test error of the final epoch (%)"),
        ("width γm", "test error of the final epoch (%)"),
        ("channels C", "test loss of the final epoch (nats)"),
    ]
    # One family has one colour everywhere.
    assert len({curve[3] for axis in figure.axes for curve in curves(axis) if curve[0] == "rp"}) == 1
    assert metric_label("cka") == "mean CKA of blocks of the same depth"


def test_axes_double_only_where_they_span_much() -> None:
    def axis(*xs: float) -> Axes:
        found = Figure().subplots()
        lay_out(found, xs, inches=4, reach=[])
        return found

    assert (axis(4, 8, 16).get_xscale(), axis(4, 8, 12).get_xscale(), axis(0, 8).get_xscale()) == (
        "log",
        "linear",
        "linear",
    )
    assert [label.get_text() for label in axis(4, 8, 16).get_xticklabels()] == ["4", "8", "16"]
    # 1000 and 1001 have no room beside each other.
    assert [label.get_text() for label in axis(1000, 1001, 64000).get_xticklabels()] == ["1k", "64k"]
    assert axis(5).get_xlim() == (4.5, 5.5)
    assert [tick(x) for x in (0.0317, 3.5313, 16.0, 177_404.0)] == ["0.0317", "3.53", "16", "177k"]
    assert [size_label(name) for name in ("gamma_m", "blocks", "C/S")] == ["width γm", "blocks", "C/S"]


def test_labels_do_not_touch() -> None:
    figure = drawn(claims=(TREND,), C=range(4, 40, 1), errors={f"rp-c{c}": (1.0, 2.0, 4.0) for c in range(4, 40)})
    figure.canvas.draw()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_nothing_without_families(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert families_figure(study_of(filled())) is None
    assert families_figure(study_of(families(errors={}))) is None
    monkeypatch.setattr(style, "save", lambda _, stem: (stem,))
    written = write_figures(study_of(families()), tmp_path)
    assert {kind: path.name for kind, path in written.items()} == {
        kind: f"small-quick-{kind}" for kind in ("errors", "effects", "families", "curves")
    }


def test_the_same_numbers_give_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        with style.styled():
            written.append(style.save(drawn("paper", claims=(LOWEST,)), tmp_path / name))
    for first, second in zip(*written, strict=True):
        assert first.read_bytes() == second.read_bytes()


def test_dollars_are_not_formulas(tmp_path: Path) -> None:
    for draw in (families_figure, effects_figure):
        figure = draw(hostile(CROSSING))
        assert figure is not None
        style.save(figure, tmp_path / "figure")
    assert style.safe("costs $1 and $2\n") == r"costs \$1 and \$2"


def test_effects_of_one_unit_share_a_panel() -> None:
    loss = CROSSING | {"id": "loss", "metric": "test_loss"}
    gap = TREND | {"id": "gap", "metric": "loss_gap", "x": "width"}
    rises = TREND | {"id": "rises", "direction": "rises", "x": "width"}
    figure = effects_figure(study_of(families(claims=(PARITY, TREND, LOWEST, CROSSING, loss, gap, rises))))
    assert figure is not None
    assert {axis.get_xlabel(): [label.get_text() for label in axis.get_yticklabels()] for axis in figure.axes} == {
        "difference, first minus second (percentage points)": [
            "parity, digits\nrp − normal at every C, hardest at\nC = 4",
            "lowest, digits\nnear − elsewhere: normal-c8\n− normal-c16",
            "crossing, digits\nrp − normal at both ends of C,\nhardest at C = 16",
        ],
        "slope (percentage points per doubling)": [
            "trend, digits\nslope of rp along C",
            "rises, digits\nslope of rp along width",
        ],
        "difference, first minus second (nats)": ["loss, digits\nrp − normal at both ends of C,\nhardest at C = 4"],
        "slope (nats per doubling)": ["gap, digits\nslope of rp along width"],
    }


def arrows(axis: Axes) -> list[tuple[float, str]]:
    return [
        (float(line.get_xdata()[0]), str(line.get_marker()))
        for line in axis.lines
        if isinstance(line, Line2D) and line.get_marker() in ("<", ">")
    ]


def test_arrows_point_to_where_a_claim_holds() -> None:
    highest = LOWEST | {"id": "highest", "kind": "maximum-near"}
    figure = effects_figure(study_of(families(claims=(PARITY, LOWEST, highest, CROSSING))))
    assert figure is not None
    # Of the crossing the last end decides: there rp has to be below.
    assert arrows(figure.axes[0]) == [(-2.0, ">"), (2.0, "<"), (0.0, "<"), (0.0, ">"), (0.0, "<")]
    first = FAMILY_ERRORS | {"rp-c4": (30.0, 31.5, 32.0)}
    figure = effects_figure(study_of(families(claims=(CROSSING, TREND | {"direction": "rises"}), errors=first)))
    assert figure is not None
    assert [arrows(axis) for axis in figure.axes] == [[(0.5, ">")], [(1.0, ">")]]


def test_long_families_are_left_to_their_own_figure() -> None:
    made = families(C=range(4, 11), errors=long_errors(7) | {"alone": (1.0, 2.0, 3.0)}, singles=("alone",))
    figure = errors_figure(study_of(made))
    assert figure is not None
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["alone\n46.4k connections"]
    assert errors_figure(study_of(families(C=range(4, 11), errors=long_errors(7)))) is None


def test_seeds_are_joined_within_a_family_only() -> None:
    figure = errors_figure(study_of(families()))
    assert figure is not None
    joins = [line for line in figure.axes[0].lines if to_hex(line.get_color()) == style.FAINT.lower()]
    assert len(joins) == 2 * 2 * 3  # two families of three rows, three seeds each


def test_of_many_learning_curves_some_are_shown() -> None:
    found = study_of(families(C=range(4, 11), errors=long_errors(7)))
    figure = curves_figure(found)
    assert figure is not None
    assert [line.get_label() for line in figure.axes[0].lines] == [
        "normal-c4", "normal-c7", "normal-c10", "rp-c4", "rp-c7", "rp-c10",
    ]  # fmt: skip
    assert str(figure.get_supxlabel()).startswith("Of each family the first, the middle and the last member")
    whole = curves_figure(study_of(families()))
    assert whole is not None
    assert str(whole.get_supxlabel()).startswith("Profile quick.")
