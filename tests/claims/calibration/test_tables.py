from dataclasses import replace

import pytest

from pkbench.claims.calibration import run
from pkbench.claims.calibration.cases import Case
from pkbench.claims.calibration.page import NAMES, blocks, check_marks, differing, written
from pkbench.claims.calibration.run import Calibration, calibrate
from pkbench.claims.calibration.tables import tables
from pkbench.errors import UsageError


def page() -> str:
    return "# Title\n\n" + "\n\n".join(f"<!-- calibrate:{name} -->\nOLD!\n<!-- /calibrate:{name} -->" for name in NAMES)


def test_a_page_is_written_between_its_marks_only(found: Calibration) -> None:
    content = blocks(found, "Made here.")
    assert tuple(content) == NAMES
    text = written(page(), content)
    assert text.startswith("# Title\n\n<!-- calibrate:made -->\n\nMade here.\n\n<!-- /calibrate:made -->\n")
    assert "OLD!" not in text
    assert written(text, content) == text


def test_differences_are_named_but_not_how_it_was_made(found: Calibration) -> None:
    content = blocks(found, "Made here.")
    text = written(page(), content)
    assert differing(text, content | {"made": "Made elsewhere."}) == []
    assert differing(
        text, blocks(replace(found, powers=tuple(replace(point, shown=0) for point in found.powers)), "")
    ) == ["power"]
    assert differing(page(), content) == ["rates", "limits", "coverage", "power", "seeds", "shared"]


@pytest.mark.parametrize("name", NAMES)
def test_missing_marks_are_said(name: str) -> None:
    check_marks(page())
    for mark in (f"<!-- calibrate:{name} -->", f"<!-- /calibrate:{name} -->"):
        with pytest.raises(UsageError, match=f"calibrate:{name}"):
            check_marks(page().replace(mark, ""))


def test_rates_that_are_not_promised_stand_in_parentheses(found: Calibration, few_cases: tuple[Case, ...]) -> None:
    rates = tables(found)[0]
    flat, value = rates.rows
    assert flat[:3] == (few_cases[0].claim, few_cases[0].truth, "contradicted")
    assert [cell.startswith("(") for cell in flat[3:]] == [False, False, False, False, True]
    assert [cell.startswith("(") for cell in value[3:]] == [False, True, True, False, True]
    by_n = [rate.share for rate in found.rates if rate.case == few_cases[0] and rate.shape.name == "normal"]
    assert flat[3] == " · ".join(f"{100 * share:.1f}" for share in by_n)


def test_the_worse_direction_of_lopsided_is_shown(found: Calibration, few_cases: tuple[Case, ...]) -> None:
    shares = [rate.share for rate in found.rates if rate.case == few_cases[0] and rate.shape.lopsided and rate.n == 3]
    assert len(shares) == 2
    assert tables(found)[0].rows[0][-1].startswith(f"({100 * max(shares):.1f} · ")


def test_every_table_is_whole(found: Calibration) -> None:
    for table in tables(found):
        assert {len(row) for row in table.rows} == {len(table.header)}
        assert len({len(row) for row in table.narrow()}) == 1
        assert table.note
    rates, *_, power, _, shared = tables(found)
    assert shared.rows[2][0:2] == ("alike", "8")
    assert [cell.startswith("(") for cell in shared.rows[2][2:]] == [True, False, False, False]
    assert rates.narrow()[1][-1].count("\n") == 2
    assert not any(mark in cell for row in rates.narrow() for cell in row[1:] for mark in "()")
    assert power.narrow()[1][1] == power.rows[0][1]


def test_problems_are_sentences(found: Calibration) -> None:
    assert found.problems() == []
    rate = found.rates[0]
    spoilt = replace(
        found,
        rates=(replace(rate, wrong=100), replace(rate, disagreeing=2)),
        coverages=(replace(found.coverages[0], covered=0),),
        powers=(replace(found.powers[0], shown=0),),
        seeds=(replace(found.seeds[0], in_range=0.0),),
        shared=(replace(found.shared[0], in_range=0.0),),
    )
    problems = spoilt.problems()
    assert len(problems) == 6
    for sentence, words in zip(
        problems,
        (
            "50.00% of 200",
            "2 of 6 studies",
            "holds the truth in 0.0%",
            "0.0% simulated",
            "range in 0.0%",
            "scatter alike: right in ",
        ),
        strict=True,
    ):
        assert words in sentence


def test_what_is_not_promised_is_no_problem(found: Calibration) -> None:
    lopsided = next(rate for rate in found.rates if rate.shape.lopsided)
    assert replace(found, rates=(replace(lopsided, wrong=200),)).problems() == []


def test_processes_change_nothing(found: Calibration, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    again = calibrate(200, jobs=2, report=told.append)
    assert again == found
    assert told[:-1] == [case.name for case in run.cases()]


def test_plain_values(found: Calibration) -> None:
    data = found.as_data()
    assert (data["studies"], data["problems"]) == (200, [])
    assert data["rates"][0]["share"] == found.rates[0].share
    assert {"effect", "n", "needed", "right", "right_spread_known", "right_given", "in_range"} == set(data["seeds"][0])
    assert data["shared"][0] == {
        "scatter": "alike",
        "comparisons": 1,
        "effect": 0.5,
        "n": 3,
        "needed": 27,
        "right": found.shared[0].right,
        "in_range": found.shared[0].in_range,
        "promised": False,
    }
