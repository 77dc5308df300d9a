"""Families on the page, in the terminal and as data."""

import io
import json
import re
from typing import Any

from markdown_it import MarkdownIt
from rich.console import Console
from rich.table import Table

from pkbench.claims.verdict import Estimate, Verdict
from pkbench.report.families import Claimed, ends_and_middle, fits_in_rows, panels
from pkbench.report.families_page import section
from pkbench.report.json_out import report_json
from pkbench.report.markdown import index_page, spec_page
from pkbench.report.study import Study
from pkbench.report.tables import model_table, verdict_table
from pkbench.report.trust import trust
from pkbench.report.words import effect, effect_of, effect_unit, estimated, paper, paper_points, size
from pkbench.spec.document import Spec
from pkbench.spec.scale import scale
from pkbench.store.record import Measured
from tests.claims.factory import LESS
from tests.report.made import CROSSING, FAMILY_ERRORS, LOWEST, PARITY, TREND, families, filled, study_of

GITHUB = MarkdownIt("commonmark").enable("table")


def verdicts(**more: Any) -> dict[str, Verdict]:
    return {verdict.claim_id: verdict for verdict in study_of(families(**more)).evaluation.verdicts}


def shown(table: Table) -> str:
    output = io.StringIO()
    Console(file=output, width=200, highlight=False).print(table)
    return output.getvalue()


def long_errors(members: int) -> dict[str, tuple[float, ...]]:
    return {f"{name}-c{4 + i}": (1.0 + i, 2.0 + i, 4.0 + i) for name in ("normal", "rp") for i in range(members)}


def test_what_an_effect_is_of() -> None:
    found = verdicts()
    assert {name: effect_of(verdict) for name, verdict in found.items()} == {
        "parity": "rp − normal at every C, hardest at C = 4",
        "trend": "slope of rp along C",
        "lowest": "near − elsewhere: normal-c8 − normal-c16",
        "crossing": "rp − normal at both ends of C, hardest at C = 16",
    }
    assert effect_of(found["crossing"], lambda name: f"<{name}>") == (
        "<rp> − <normal> at both ends of <C>, hardest at <C> = 16"
    )


def test_what_an_effect_is_of_before_anything_has_run() -> None:
    assert {name: effect_of(verdict) for name, verdict in verdicts(errors={}).items()} == {
        "parity": "rp − normal at every C, hardest at C = 4",
        "trend": "slope of rp along C",
        "lowest": "normal, near − elsewhere",
        "crossing": "rp − normal at both ends of C",
    }


def test_single_models_and_reported_values() -> None:
    less, quoted, value = study_of(filled("paper")).evaluation.verdicts
    assert [effect_of(verdict) for verdict in (less, quoted, value)] == ["a − b", "a − lasso", "a − reported"]


def test_effects_have_their_unit_where_it_is_not_points() -> None:
    loss = TREND | {"id": "loss", "metric": "test_loss", "x": "C/S"}
    found = verdicts(claims=(PARITY, TREND, loss, LESS | {"a": "x", "b": "y", "metric": "gradient_norm"}), singles="xy")
    assert [effect_unit(verdict) for verdict in found.values()] == [
        "points",
        "points per doubling of C",
        "nats per doubling of C/S",
        "gradient norm",
    ]
    assert effect(found["trend"]) == "−6.92 [−7.28, −6.56] points per doubling of C"
    assert effect(found["loss"]) == "+0.000 nats per doubling of C/S"
    assert effect(found["parity"]) == "+4.50 [+3.26, +5.74]"
    (power,) = [line for line in trust(study_of(families(claims=(TREND,)))) if "80 % chance" in line]
    assert re.search(r"a true distance of 0\.\d\d points per doubling of C from the claimed margin", power)


def test_a_distance_without_a_unit_says_what_it_is_one_of() -> None:
    s = families(claims=(TREND | {"metric": "gradient_norm"},))
    for model, norms in FAMILY_ERRORS.items():
        parts = [[Measured(epoch=2, where="t1", name="gradient norm", value=value)] for value in norms]
        for seed, part in enumerate(parts):
            s.finish(model, {seed: norms[seed]}, measured=part)
    (power,) = [line for line in trust(study_of(s)) if "80 % chance" in line]
    assert re.search(r"a true distance of 0\.\d{4} in gradient norm per doubling of C from the claimed margin", power)


def test_sizes_and_means() -> None:
    assert [size(x) for x in (8.0, 177404.0, 4.571428, 0.0317, 0.5)] == ["8", "177,404", "4.571", "0.0317", "0.5"]
    assert estimated(Estimate(3, 12.071, 11.2, 12.94), "test_error") == "12.07 [11.20, 12.94]"
    assert estimated(Estimate(1, -0.5, None, None), "loss_gap") == "−0.500"
    assert estimated(Estimate(0, None, None, None), "test_error") == "–"


def test_the_papers_points_in_words() -> None:
    found = verdicts(profile="paper")
    assert paper_points(found["lowest"]) == "Fig. 6: on cifar10 12.13 % at C/S = 3.5313"
    assert paper(found["lowest"]) == paper_points(found["lowest"])
    assert (paper_points(found["trend"]), paper(found["trend"])) == ("", "–")


def test_a_table_for_every_compared_family() -> None:
    assert section(study_of(families())) == [
        "### Families",
        "",
        "Means over the seeds that count, with two-sided t intervals, not corrected.",
        "",
        "**`rp` and `normal` along `C`** on `digits`, test error of the final epoch in %, n = 3 seeds: "
        "`parity`, `crossing`.",
        "",
        "| `C` | `rp` | mean [95 % interval] | `normal` | mean [95 % interval] | difference [95 % interval], points "
        "| role |",
        "|---|---|---|---|---|---|---|",
        "| 4 | `rp-c4` | 35.50 [31.77, 39.23] | `normal-c4` | 31.00 [28.52, 33.48] | +4.50 [+3.26, +5.74] "
        "| **decides** `parity` |",
        "| 8 | `rp-c8` | 21.17 [19.27, 23.06] | `normal-c8` | 21.00 [18.52, 23.48] | +0.17 [−0.55, +0.88] |  |",
        "| 16 | `rp-c16` | 21.67 [17.87, 25.46] | `normal-c16` | 25.00 [22.52, 27.48] | −3.33 [−4.77, −1.90] "
        "| **decides** `crossing` |",
        "",
        "**`rp` along `C`** on `digits`, test error of the final epoch in %, n = 3 seeds: `trend`.",
        "",
        "| `C` | `rp` | mean [95 % interval] | role |",
        "|---|---|---|---|",
        "| 4 | `rp-c4` | 35.50 [31.77, 39.23] |  |",
        "| 8 | `rp-c8` | 21.17 [19.27, 23.06] |  |",
        "| 16 | `rp-c16` | 21.67 [17.87, 25.46] |  |",
        "",
        "**`normal` along `C/S`** on `digits`, test error of the final epoch in %, n = 3 seeds: `lowest`.",
        "",
        "| `C/S` | `normal` | mean [95 % interval] | role |",
        "|---|---|---|---|",
        "| 1 | `normal-c4` | 31.00 [28.52, 33.48] |  |",
        "| 2 | `normal-c8` | 21.00 [18.52, 23.48] | **best near** `lowest` |",
        "| 4 | `normal-c16` | 25.00 [22.52, 27.48] | **best elsewhere** `lowest` |",
        "",
    ]


def test_no_families_no_section() -> None:
    assert section(study_of(filled())) == []
    assert section(study_of(families(errors={}))) == []
    assert "### Families" not in spec_page([study_of(families(errors={}))], {})


def test_the_page() -> None:
    text = spec_page([study_of(families("paper"))], {})
    assert "−6.92 [−7.28, −6.56] points per doubling of C<br>slope of `rp` along `C`" in text
    assert "−4.00<br>near − elsewhere: `normal-c8` − `normal-c16`" in text
    assert "+4.50 [+3.26, +5.74]<br>`rp` − `normal` at every `C`, hardest at `C` = 4" in text
    assert "| its points: below |" in text
    assert "  - the paper's points: Fig. 6: on cifar10 12.13 % at C/S = 3.5313\n" in text
    assert "reported |" not in text.split("### Families")[0]
    assert "None" not in text
    assert "Fig. 6: on cifar10 12.13 % at C/S = 3.5313 | The published setting. |" in index_page(
        [study_of(families("paper"))]
    )


def test_the_bootstrap_interval_is_a_detail() -> None:
    errors = {"a": (1.0, 2.0, 3.0, 4.0, 5.5), "b": (2.0, 4.0, 5.0, 5.0, 7.0)}
    made = study_of(filled(seeds=(0, 1, 2, 3, 4), errors=errors))
    verdict = made.evaluation.verdicts[0]
    ends = f"{verdict.bootstrap_low:+.2f} to {verdict.bootstrap_high:+.2f}".replace("-", "−")
    assert f"bootstrap interval (BCa) {ends}" in spec_page([made], {})


def test_the_terminal() -> None:
    text = shown(verdict_table(study_of(families("paper"))))
    assert "slope of rp along C" in text
    assert "near − elsewhere: normal-c8 − normal-c16" in text
    assert "Fig. 6: on cifar10 12.13 % at C/S = 3.5313" in text
    assert "reported" not in text


def test_many_models_are_short_in_the_terminal_and_folded_on_the_page() -> None:
    found = study_of(families(C=range(4, 17), errors=long_errors(13), singles=("alone",)))
    text = shown(model_table(found))
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in text.splitlines() if line.startswith("│")]
    assert rows == [
        ["normal (13 members)", "digits", "4", "4 to 16", "32 to 128", "768 to 6.14k", "2.33 to 14.33", "3 of 3", "0.01", "–"],
        ["rp (13 members)", "digits", "4", "4 to 16", "32 to 128", "768 to 6.14k", "2.33 to 14.33", "3 of 3", "0.01", "–"],
        ["alone", "digits", "4", "50", "400", "46.4k", "–", "0 of 3", "0.01", "–"],
    ]  # fmt: skip
    page = spec_page([found], {})
    assert "<details><summary>Every model by itself (27 rows)</summary>\n\n| model |" in page
    assert "members)" not in shown(model_table(study_of(families())))
    assert "Every model" not in spec_page([study_of(families())], {})


def test_long_families_have_no_rows_where_a_curve_shows_them() -> None:
    def rows(**more: Any) -> list[str]:
        return [summary.model_id for summary in fits_in_rows(study_of(families(singles=("alone",), **more)), "digits")]

    assert len(rows()) == 7
    many: dict[str, Any] = {"C": range(4, 11), "errors": long_errors(7)}
    assert rows(**many) == ["alone"]
    # Only the loss of these has a curve: their errors would be nowhere.
    loss = tuple(claim | {"metric": "test_loss"} for claim in (PARITY, TREND))
    assert len(rows(claims=loss, **many)) == 15
    # Nothing is claimed of rp.
    assert rows(claims=(LOWEST,), **many) == [*(f"rp-c{c}" for c in range(4, 11)), "alone"]


def test_the_ends_and_the_middle() -> None:
    assert ends_and_middle(study_of(families(C=range(4, 9), errors={}, singles=("alone",)))) == {
        "normal-c4", "normal-c6", "normal-c8", "rp-c4", "rp-c6", "rp-c8", "alone",
    }  # fmt: skip


def test_panels() -> None:
    found = panels(study_of(families("paper")))
    assert [(panel.x, panel.metric, [line.name for line in panel.lines]) for panel in found] == [
        ("C", "test_error", ["rp", "normal"]),
        ("C/S", "test_error", ["normal"]),
    ]
    along_c, along_ratio = found
    assert [(place.member, place.x) for place in along_c.lines[0].places] == [
        ("rp-c4", 4),
        ("rp-c8", 8),
        ("rp-c16", 16),
    ]
    assert [(line.family, line.series.name) for line in along_c.paper] == [
        ("rp", "rp omega=2^18"),
        ("normal", "normal omega=2^18"),
    ]
    assert along_ratio.claimed == (Claimed("normal", 2.0 / 1.5, 3.0),)
    assert (along_c.claimed, [round(spot.x or 0, 3) for spot in along_c.crossings]) == ((), [8.268])
    # Fig. 5 is about m, and this curve of ours about C; Fig. 6 is along C/S as ours is.
    assert not any(along_c.measures_the_same(line, "paper") for line in along_c.paper)
    assert all(along_ratio.measures_the_same(line, "paper") for line in along_ratio.paper)
    assert not any(along_ratio.measures_the_same(line, "quick") for line in along_ratio.paper)


def test_members_that_several_claims_are_about_are_shown_with_most_seeds() -> None:
    errors = FAMILY_ERRORS | {"normal-c16": (24.0, 25.0)}
    (along_c,) = panels(study_of(families(errors=errors, claims=(PARITY, TREND))))
    assert {place.estimate.n for place in along_c.lines[0].places} == {3}
    assert {place.estimate.n for place in along_c.lines[1].places} == {2}


def test_everything_of_a_family_is_data() -> None:
    (data,) = json.loads(report_json([study_of(families("paper"))]))["studies"]
    parity, trend, lowest, crossing = data["verdicts"]
    assert (parity["x"], parity["deciding"], parity["compared"], parity["spot"]) == ("C", 0, None, None)
    assert parity["members"][1] == {
        "x": 8.0, "a": "rp-c8", "b": "normal-c8",
        "of_a": {"n": 3, "mean": 21.166666666666668, "low": parity["members"][1]["of_a"]["low"],
                 "high": parity["members"][1]["of_a"]["high"]},
        "of_b": {"n": 3, "mean": 21.0, "low": parity["members"][1]["of_b"]["low"],
                 "high": parity["members"][1]["of_b"]["high"]},
        "effect": parity["members"][1]["effect"], "low": parity["members"][1]["low"],
        "high": parity["members"][1]["high"],
    }  # fmt: skip
    assert round(parity["members"][1]["effect"], 6) == 0.166667
    assert (trend["members"][0]["b"], trend["members"][0]["of_b"], trend["members"][0]["effect"]) == (None, None, None)
    assert lowest["compared"] == ["normal-c8", "normal-c16"]
    assert lowest["spot"]["what"] == "lowest"
    assert lowest["spot"]["x"] == 2.0
    assert set(crossing["spot"]) == {"what", "x", "low", "high"}
    assert lowest["paper_says"] == "The points of Fig. 6: on cifar10 12.13 % at C/S = 3.5313"
    assert {"bootstrap_low", "bootstrap_high", "boundaries", "metric", "alpha"} <= set(trend)


def test_the_papers_points_are_data() -> None:
    (data,) = json.loads(report_json([study_of(families("paper"))]))["studies"]
    assert [(entry["claim"], entry["stands_for"], entry["name"]) for entry in data["paper_points"]] == [
        ("parity", "rp", "rp omega=2^18"),
        ("parity", "normal", "normal omega=2^18"),
        ("lowest", "normal", "normal"),
    ]
    last = data["paper_points"][-1]
    assert {key: last[key] for key in ("data", "figure", "dataset", "x_name", "y_name")} == {
        "data": "cifar10", "figure": "6", "dataset": "cifar10", "x_name": "C/S", "y_name": "test_error",
    }  # fmt: skip
    assert set(last["points"][0]) == {"x", "y", "half_bar"}
    assert len(last["points"]) == 7


HOSTILE = "<script>x</script> | [a](javascript:b) `c` **d** $\\frac{ 2$\n# e \x9b2J"


def hostile(*claims: dict[str, Any]) -> Study:
    made = families(claims=tuple(claim | {"statement": HOSTILE, "place": HOSTILE} for claim in claims))
    raw = made.scaled.spec.model_dump(exclude_none=True)
    raw["profile"]["quick"]["scope"] = HOSTILE
    made.scaled = scale(Spec.model_validate(raw), "quick")
    return study_of(made)


def test_text_of_a_spec_is_never_markup_beside_families() -> None:
    found = hostile(PARITY, TREND, LOWEST, CROSSING)
    for text in (spec_page([found], {}), index_page([found])):
        tokens = [t for token in GITHUB.parse(text) for t in (token, *(token.children or ()))]
        html = {t.content.strip() for t in tokens if t.type.startswith("html")}
        assert html <= {
            "<br>",
            "</details>",
            "<details><summary>Runs, code, machines and data behind these numbers</summary>",
        }
        assert all("javascript" not in str(t.attrs) for t in tokens)
        assert "\x9b" not in text
