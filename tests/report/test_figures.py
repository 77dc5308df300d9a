"""What is drawn: read back from the figures' own objects."""

from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from pkbench.report import style
from pkbench.report.figures import curves_figure, effects_figure, errors_figure, write_figures
from pkbench.report.study import Study
from pkbench.spec.document import Spec
from pkbench.spec.scale import scale
from tests.claims.factory import LESS, document
from tests.report.made import filled, study_of


@pytest.fixture(autouse=True)
def _styled() -> Iterator[None]:
    with style.styled():
        yield


def panel(figure: Figure | None) -> Axes:
    assert figure is not None
    return figure.axes[0]


def points(axis: Axes, marker: str) -> list[tuple[float, float]]:
    """Everything drawn with ``marker``."""
    lines = [line for line in axis.lines if line.get_marker() == marker]
    return [(float(x), float(y)) for line in lines for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)]


def paper() -> Study:
    return study_of(filled("paper", errors={"a": (11.0, 12.0, 13.0), "b": (14.0, 16.0, 18.0)}))


def test_every_seed_and_mean_is_drawn() -> None:
    axis = panel(errors_figure(paper()))
    assert [x for x, _ in points(axis, "o")] == [11.0, 12.0, 13.0, 14.0, 16.0, 18.0]
    assert [x for x, _ in points(axis, "|") if x in (12.0, 16.0)] == [12.0, 16.0]
    assert axis.get_title(loc="left") == "small at paper, cifar10: n = 3 seeds"
    assert [label.get_text() for label in axis.get_yticklabels()] == [
        "a\n30k connections",
        "b\n33.8k connections",
        "lasso\nquoted, not run",
    ]
    assert axis.get_xlabel() == "test error of the final epoch (%)"


def test_seeds_are_joined_pair_by_pair() -> None:
    axis = panel(errors_figure(paper()))
    joins = [
        list(map(float, line.get_xdata())) for line in axis.lines if to_hex(line.get_color()) == style.FAINT.lower()
    ]
    assert joins == [[11.0, 14.0], [12.0, 16.0], [13.0, 18.0]]


def test_equal_errors_do_not_hide_each_other() -> None:
    axis = panel(errors_figure(study_of(filled("paper", errors={"a": (11.0, 11.0, 12.0)}))))
    assert len(set(points(axis, "o"))) == 3


def test_published_numbers_are_hollow_and_only_on_their_own_data() -> None:
    axis = panel(errors_figure(paper()))
    assert [x for x, _ in points(axis, "s")] == [12.07, 15.91, 14.81]
    assert all(line.get_markerfacecolor() == "white" for line in axis.lines if line.get_marker() == "s")
    quick = errors_figure(study_of(filled()))
    assert points(panel(quick), "s") == []


def legend(figure: Figure | None) -> list[str]:
    assert figure is not None
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_published_numbers_are_marked_where_the_profile_is_another() -> None:
    assert legend(errors_figure(paper()))[-1] == "paper, mean ± sd"
    assert "paper" not in str(legend(errors_figure(study_of(filled()))))
    made = filled("paper", errors={"a": (11.0, 12.0, 13.0)})
    raw = made.scaled.spec.model_dump(exclude_none=True)
    raw["profile"]["fast"] = {"scope": "Short training.", "data": ["cifar10"]}
    made.scaled = scale(Spec.model_validate(raw), "fast")
    assert legend(errors_figure(study_of(made)))[-1] == "paper, mean ± sd (at its own scale, not this one)"


def texts(figure: Figure | None) -> str:
    assert figure is not None
    return " ".join(figure.get_supxlabel().split())


def test_the_scope_is_part_of_every_image() -> None:
    found = study_of(filled())
    for figure in (errors_figure(found), curves_figure(found)):
        assert texts(figure) == "Profile quick. Digits only: no evidence about CIFAR."
    assert texts(effects_figure(found)) == (
        "Bars: two-sided intervals, not corrected. Dashes: margins of the claim, which holds where the arrows point. "
        "Profile quick. Digits only: no evidence about CIFAR."
    )


def test_effects_show_difference_interval_and_boundary() -> None:
    found = study_of(filled(claims=(LESS | {"margin": 0.5}, LESS | {"id": "other", "a": "b", "b": "a"})))
    axis = panel(effects_figure(found))
    first, second = found.evaluation.verdicts
    drawn = [[round(float(x), 6) for x in line.get_xdata()] for line in axis.lines]
    assert drawn == [
        [-0.5, -0.5], [-0.5], [round(first.low or 0, 6), round(first.high or 0, 6)], [-2.0],
        [0.0, 0.0], [0.0], [round(second.low or 0, 6), round(second.high or 0, 6)], [2.0],
    ]  # fmt: skip
    assert [x for x, _ in points(axis, "<")] == [-0.5, 0.0]
    assert [text.get_text() for text in axis.texts] == ["inconclusive\nn = 3", "inconclusive\nn = 3"]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["less, digits\na − b", "other, digits\nb − a"]
    assert axis.get_xlabel() == "difference, first minus second (percentage points)"
    assert axis.get_title(loc="left") == "small at quick: effects the claims are about"


def test_outcomes_differ_in_shape_as_well_as_in_colour() -> None:
    supported = panel(effects_figure(study_of(filled(claims=(LESS,))))).lines[-1]
    contradicted = panel(effects_figure(study_of(filled(claims=(LESS | {"a": "b", "b": "a"},))))).lines[-1]
    assert (supported.get_marker(), contradicted.get_marker()) == ("o", "X")
    assert supported.get_color() != contradicted.get_color()


def test_curves() -> None:
    axis = panel(curves_figure(study_of(filled())))
    assert [line.get_label() for line in axis.lines] == ["a", "b"]
    assert [list(map(float, line.get_ydata())) for line in axis.lines] == [[3.0, 2.0], [5.0, 4.0]]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("epoch", "test error (%)")
    assert axis.get_title(loc="left") == "small at quick, digits: mean and range of n = 3 seeds"
    assert axis.get_ylim()[0] == 0
    assert len(axis.collections) == 2


def test_a_thousand_models_still_make_an_image() -> None:
    figure, _ = style.panels([1000], extra=1.25)
    # Agg's limit is 2^16 pixels.
    assert figure.get_figheight() * 150 < 2**16
    small, _ = style.panels([3], extra=1.25)
    assert small.get_figheight() == pytest.approx(3 * 0.62 + 1.25 + 0.5)


def test_many_models_stay_distinct() -> None:
    models = {f"m{i}": {"C": 8 + i} for i in range(12)}
    made = filled(
        models=models,
        claims=(),
        numbers=(),
        errors={name: (1.0 + i, 2.0 + i, 3.0 + i) for i, name in enumerate(models)},
    )
    axis = panel(curves_figure(study_of(made)))
    assert axis.get_title(loc="left").endswith("digits: mean of n = 3 seeds")
    assert len(axis.collections) == 0
    assert len({(line.get_color(), line.get_linestyle()) for line in axis.lines}) == 12


def test_nothing_is_drawn_of_nothing(tmp_path: Path) -> None:
    assert write_figures(study_of(filled(errors={})), tmp_path) == {}
    assert list(tmp_path.iterdir()) == []


def test_one_seed_is_drawn_without_an_interval() -> None:
    found = study_of(filled(errors={"a": (1.0,), "b": (2.0,)}))
    axis = panel(errors_figure(found))
    assert axis.get_title(loc="left").endswith("n = 1 seed")
    assert [x for x, _ in points(axis, "|")] == [1.0, 2.0]
    assert [list(line.get_xdata()) for line in panel(effects_figure(found)).lines] == [[0.0, 0.0], [0.0], [-1.0]]


def test_dollars_are_not_formulas(tmp_path: Path) -> None:
    raw = document(seeds=(0, 1, 2))
    raw["profile"]["quick"]["scope"] = r"costs $1 and $\frac{ 2$"
    made = filled()
    made.scaled = scale(Spec.model_validate(raw), "quick")
    figure = effects_figure(study_of(made))
    assert figure is not None
    style.save(figure, tmp_path / "figure")
    assert (tmp_path / "figure.png").is_file()


def test_the_users_settings_are_neither_used_nor_lost(tmp_path: Path) -> None:
    only_errors = filled(claims=(), errors={"a": (1.0, 2.0, 3.0)})
    with mpl.rc_context({"font.size": 31.0, "axes.titlelocation": "center"}):
        write_figures(study_of(only_errors), tmp_path / "other")
        assert mpl.rcParams["font.size"] == 31.0
    write_figures(study_of(only_errors), tmp_path / "plain")
    for name in ("errors.png", "errors.svg"):
        files = [tmp_path / folder / f"small-quick-{name}" for folder in ("other", "plain")]
        assert files[0].read_bytes() == files[1].read_bytes()
        assert b"date" not in files[0].read_bytes().lower()
