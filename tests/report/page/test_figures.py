"""What the page's figures draw: read back from their marks and lines."""

import pytest

from pkbench.report.page.drawing import BOTTOM, LEFT, RIGHT, SHAPES, TOP, Drawn, Mark
from pkbench.report.page.family_figure import families as families_figure
from pkbench.report.page.heat_maps import cka
from pkbench.report.page.learning_figure import learning
from pkbench.report.page.row_figures import effects, errors
from tests.claims.factory import LESS
from tests.report.made import LOWEST, PARITY, families, filled, study_of
from tests.report.page.made import compared


def marks(drawn: Drawn | None) -> list[Mark]:
    assert drawn is not None
    rows = [mark for panel in drawn.rows for row in panel.rows for mark in row.marks]
    return rows + [mark for plot in drawn.plots for mark in plot.marks]


def paper() -> Drawn | None:
    return errors(study_of(filled("paper", errors={"a": (11.0, 12.0, 13.0), "b": (14.0, 16.0, 18.0)})))


def test_every_seed_and_mean_with_its_runs() -> None:
    made = filled()
    found = marks(errors(study_of(made)))
    seeds = [mark for mark in found if mark.look == "seed"]
    assert [mark.seed for mark in seeds] == [0, 1, 2, 0, 1, 2]
    assert seeds[0].tip == f"a, seed 0: 1.00 %; run {made.run('a', 0).run_id}"
    means = [mark for mark in found if mark.look == "mean"]
    runs = ", ".join(str(made.run("a", seed).run_id) for seed in range(3))
    assert means[0].tip == f"a: mean 2.00 %, 95 % interval −0.48 to 4.48 %, n = 3; runs {runs}"
    assert means[0].x == pytest.approx(seeds[1].x)


def test_the_papers_numbers_are_hollow() -> None:
    drawn = paper()
    assert drawn is not None
    found = [mark for mark in marks(drawn) if "paper" in mark.look]
    assert [mark.look for mark in found] == ["paper hollow"] * 3
    assert [mark.tip for mark in found] == [
        "a in the paper: 12.07 ± 0.47 (n = 3) %, Table 1",
        "b in the paper: 15.91 ± 1.55 (n = 3) %, Table 1",
        "lasso, quoted: 14.81, quoted %, Table 1",
    ]
    assert drawn.keys[-1].label == "the paper, mean ± sd"
    assert "paper" not in str(errors(study_of(filled())))


def test_equal_errors_do_not_hide_each_other() -> None:
    found = marks(errors(study_of(filled(errors={"a": (11.0, 11.0, 12.0)}))))
    assert len({(mark.x, mark.y) for mark in found if mark.look == "seed"}) == 3


def test_effects_have_their_interval_margin_and_outcome() -> None:
    drawn = effects(study_of(filled(claims=(LESS | {"margin": 0.5}, LESS | {"id": "other", "a": "b", "b": "a"}))))
    assert drawn is not None
    (panel,) = drawn.rows
    first, second = panel.rows
    assert (first.label, first.under, first.n) == ("less, digits", "a − b", "n = 3")
    assert first.value == "−2.00 [−4.48, +0.48]"
    assert first.href == "claim:small:quick:less:digits"
    margin, interval = first.strokes
    assert margin.x1 == margin.x2 == pytest.approx(100 * panel.axis.part(-0.5), abs=0.01)
    assert (interval.x1, interval.x2) == pytest.approx(
        [100 * panel.axis.part(end) for end in (-4.484, 0.484)], abs=0.05
    )
    assert [mark.shape for mark in first.marks] == ["left", "diamond"]
    assert second.marks[-1].look == "inconclusive"
    assert panel.label == "difference, first minus second (percentage points)"


def test_families_and_the_papers_points() -> None:
    drawn = families_figure(study_of(families(claims=(PARITY, LOWEST))))
    assert drawn is not None
    ours = [plot for plot in drawn.plots if not plot.paper]
    assert [plot.title for plot in ours] == ["digits, n = 3 seeds"] * 2
    assert [plot.x_label for plot in ours] == ["channels C", "C/S"]
    assert all("hollow" not in mark.look for plot in ours for mark in plot.marks)
    papers = [plot for plot in drawn.plots if plot.paper]
    assert papers
    assert all("hollow" in mark.look for plot in papers for mark in plot.marks)
    assert papers[0].title.startswith("The paper, Fig. 5")
    assert papers[0].title.endswith(", its own scale")
    tip = ours[0].marks[0].tip
    assert tip.startswith("rp-c4 at channels C = 4: test error 35.50 [")
    assert "n = 3; runs " in tip
    assert any(box.look == "claimed" for box in ours[1].boxes)


def test_everything_is_inside_its_panel() -> None:
    drawn = [families_figure(study_of(families())), learning(study_of(families())), learning(study_of(filled()))]
    for plot in [plot for found in drawn if found is not None for plot in found.plots]:
        places = [(mark.x, mark.y) for mark in plot.marks]
        places += [place for path in (*plot.lines, *plot.areas) for place in path.points]
        places += [place for line in plot.strokes for place in ((line.x1, line.y1), (line.x2, line.y2))]
        assert places
        assert all(LEFT - 8 <= x <= RIGHT + 8 and TOP <= y <= BOTTOM for x, y in places)


def test_learning_curves() -> None:
    drawn = learning(study_of(filled()))
    assert drawn is not None
    (plot,) = drawn.plots
    assert plot.title == "digits, mean and range of n = 3 seeds"
    assert (plot.x_label, plot.y_label) == ("epoch", "test error (%)")
    assert plot.y.low == 0.0
    assert len(plot.lines) == len(plot.areas) == 2
    assert plot.marks[0].tip == "a after epoch 1: mean 3.00 %, 2.00 to 4.00 %, n = 3"
    assert [key.label for key in drawn.keys] == ["a", "b"]


def test_one_evaluation_is_no_curve() -> None:
    made = filled(errors={}, epochs=1)
    made.finish("a", (1.0, 2.0, 3.0))
    assert learning(study_of(made)) is None


def test_heat_maps() -> None:
    drawn = cka(compared())
    assert drawn is not None
    (map_,) = drawn.maps
    assert map_.title == "same on digits (3 pairs)"
    assert [cell.text for cell in map_.cells] == ["0.80", "0.00", "0.00", "0.80"]
    assert map_.cells[0].tip == "block 1 of a, block 1 of b: CKA 0.800, mean of 3 pairs"
    # The first block is at the bottom.
    assert map_.cells[0].y > map_.cells[2].y


def test_nothing_is_drawn_of_nothing() -> None:
    study = study_of(filled(errors={}, claims=()))
    assert [draw(study) for draw in (errors, effects, families_figure, learning, cka)] == [None] * 5


def test_every_shape_is_one_there_is() -> None:
    drawn = [paper(), effects(study_of(filled())), families_figure(study_of(families())), learning(study_of(filled()))]
    keys = [key.shape for found in drawn if found is not None for key in found.keys if key.shape]
    assert {mark.shape for found in drawn for mark in marks(found)} | set(keys) <= set(SHAPES)
