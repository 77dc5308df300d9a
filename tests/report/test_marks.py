"""Numbers that rest on uncommitted, other or older code, or on other hardware, carry a sign: in the terminal and on the page."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pkbench.plan.run import RESULT_VERSION, config_id
from pkbench.report.checks import verdict_table as check_table
from pkbench.report.checks_page import page
from pkbench.report.markdown import index_page, spec_page
from pkbench.report.marks import CODE, DIRTY, HARDWARE, VERSION, check_marks, marks
from pkbench.report.study import Study
from pkbench.report.tables import model_table, verdict_table
from tests.claims import factory
from tests.report.made import families, filled, study_of
from tests.report.test_checks import fill
from tests.spec.test_check_specs import AUDIT, load_checks


def shown(table: Any) -> str:
    console = Console(width=200, record=True, file=StringIO())
    console.print(table)
    return console.export_text()


def row(text: str, name: str) -> str:
    """The first line of a table that begins with ``name``."""
    return next(line for line in text.splitlines() if line.strip("│| `").startswith(name))


def marked(**of_b: Any) -> Study:
    """Two models, the second one's runs computed in another way."""
    made = filled(errors={"a": (1.0, 2.0, 3.0)})
    made.finish("a", (1.0, 2.0, 3.0))
    made.finish("b", (2.0, 4.0), **of_b)
    return study_of(made)


@pytest.mark.parametrize(
    ("sign", "of_b", "words"),
    [
        (DIRTY, {"dirty": True}, "§ computed with uncommitted changes to the code, so that no commit gives it: b on digits (2 of 2 records)"),
        (CODE, {"commit": "1" * 40}, "† computed by other code than most: b on digits (2 of 2 records) – pkbench 0.1.0, commit 111111111111"),
        (HARDWARE, {"device": "A GPU"}, "‡ computed on other hardware than most: b on digits (2 of 2 records) – A GPU"),
    ],
)  # fmt: skip
def test_each_stands_beside_its_numbers_and_is_explained(sign: str, of_b: dict[str, Any], words: str) -> None:
    study = marked(**of_b)
    for text in (shown(model_table(study)), spec_page([study], {})):
        assert sign in row(text, "b")
        assert sign not in row(text, "a ")
    for text in (shown(verdict_table(study)), spec_page([study], {}), index_page([study])):
        assert sign in next(line for line in text.splitlines() if "less" in line and "digits" in line)
    assert any(line.startswith(words) for line in marks(study).legend())
    assert words[2:40] in spec_page([study], {})


def test_results_of_code_that_computed_other_numbers_are_told_where_their_model_stands() -> None:
    made = filled()
    old = factory.finished(made.run("b", 0), 9.0)
    config = {**old.config, "result_version": RESULT_VERSION - 1}
    made.put(old.model_copy(update={"config": config, "run_id": config_id(config)}))
    study = study_of(made)
    for text in (shown(model_table(study)), spec_page([study], {})):
        assert VERSION in row(text, "b")
        assert VERSION not in row(text, "a ")
    (line,) = marks(study).legend()
    assert f"result version {RESULT_VERSION - 1}, now {RESULT_VERSION}" in line
    assert "not used: b on digits" in line


def test_runs_that_are_alike_have_no_signs() -> None:
    study = study_of(filled())
    assert marks(study).legend() == []
    assert not set(shown(model_table(study))) & {DIRTY, CODE, HARDWARE, VERSION}


def test_two_states_of_uncommitted_code_are_told_apart() -> None:
    made = filled(errors={})
    made.finish("a", (1.0, 2.0, 3.0), dirty=True)
    made.finish("b", (1.0, 2.0), dirty=True)
    for run_id, record in list(made.records.items()):
        files = "1" * 64 if record.labels.model == "a" else "2" * 64
        made.records[run_id] = record.model_copy(
            update={"code": record.code.model_copy(update={"files_sha256": files})}
        )
    legend = marks(study_of(made)).legend()
    assert [line[0] for line in legend] == [DIRTY, CODE]
    assert "(files 222222222222)" in legend[1]


def test_a_family_in_one_row_carries_the_signs_of_its_members() -> None:
    made = families(singles=[f"s{number}" for number in range(30)])
    made.finish("rp-c8", (20.5, 21.0, 22.0), device="A GPU")
    text = shown(model_table(study_of(made)))
    assert HARDWARE in row(text, "rp (3 members)")
    assert HARDWARE not in row(text, "normal (3 members)")


def test_computed_claims_carry_them_too(tmp_path: Path) -> None:
    study = fill(load_checks(tmp_path, AUDIT), tmp_path / "results", {"residual": 0.0}, {"residual": 0.0})
    assert check_marks(study).legend() == []
    dirty = {"code": next(iter(study.records.values())).code.model_copy(update={"dirty": True})}
    study = fill(load_checks(tmp_path, AUDIT), tmp_path / "results", {"residual": 0.0}, {"residual": 0.0, **dirty})
    first, second = (verdict.claim_id for verdict in study.verdicts)
    for text in (shown(check_table(study)), page(study)):
        lines = text.splitlines()
        assert DIRTY not in next(line for line in lines if first in line)
        assert DIRTY in next(line for line in lines if second in line)
    assert check_marks(study).legend()[0].startswith(f"{DIRTY} computed with uncommitted changes")
