"""Tables of the page: what they say and what they are ordered by."""

import re
from pathlib import Path

from pkbench.report.page.cells import Table, figure
from pkbench.report.page.provenance_tables import check_records, provenance
from pkbench.report.page.tables import tables
from tests.claims import factory
from tests.report.made import CROSSING, families, filled, study_of
from tests.report.page.made import compared
from tests.report.test_checks import both


def texts(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def named(found: tuple[Table, ...]) -> dict[str, Table]:
    return {table.name: table for table in found}


def test_models_and_rows_that_nobody_ran() -> None:
    found = named(tables(study_of(filled("paper", errors={"a": (11.0, 12.0, 13.0)}))))["Models"]
    assert texts(found)[0] == [
        "a", "cifar10", "1", "4", "8", "64", "29,952", "12.00 ± 1.00", "9.52 to 14.48", "3 of 3", "0.01", "5.00", "20.00",
        "12.07 ± 0.47 (n = 3)",
    ]  # fmt: skip
    assert texts(found)[1][7:10] == ["–", "–", "0 of 3"]
    assert texts(found)[2][:2] == ["lasso", "cifar10"]
    assert texts(found)[2][-1] == "14.81, quoted"
    assert found.rows[0][7].hidden_value == 12.0


def test_only_numbers_that_cannot_be_read_are_hidden() -> None:
    script = re.compile(r"-?\d+(\.\d+)?(e-\d+)?")
    for cell in (figure(2048), figure(0.5, "0.50"), figure(1e-7), figure(12.0, "12.00 ± 1.00"), figure(None)):
        readable = script.fullmatch(cell.text.replace(",", "").replace("−", "-"))
        assert (cell.hidden_value is None) == (readable is not None or cell.sort is None)
    assert figure(1234567).text == "1,234,567"


def test_learning_rates() -> None:
    made = filled(rates=(0.01, 0.02, 0.04), errors={})
    made.finish("a", (1.0, 2.0, 3.0), lr=0.01, validation=9.0)
    made.finish("a", (1.0, 2.0, 3.0), lr=0.02, validation=8.0)
    made.put(factory.failed(made.run("a", 0, 0.04)))
    found = named(tables(study_of(made)))["Learning rates tried"]
    assert [row[2:] for row in texts(found)[:3]] == [
        ["0.01", "9.00", "3", "–"],
        ["0.02", "8.00", "3", "chosen"],
        ["0.04", "–", "0", "out: diverged for 1 seed"],
    ]


def test_families_have_a_row_a_member() -> None:
    found = named(tables(study_of(families(claims=(CROSSING,)))))["Family rp and normal along channels C, digits"]
    assert [row[0] for row in texts(found)] == ["4", "8", "16"]
    assert texts(found)[2][-1] == "decides crossing"
    assert found.note.startswith("test error of the final epoch in %, n = 3 seeds")


def test_comparisons() -> None:
    (row,) = texts(named(tables(compared()))["Comparisons"])
    assert row[:4] == ["same", "a with b, same seeds", "digits", "0.800"]
    assert row[5] == "3 of 3"


def test_every_number_can_be_followed_to_its_run_code_machine_and_data() -> None:
    made = filled()
    made.put(factory.finished(made.run("a", 0), 1.0, dirty=True, device="A GPU"))
    runs, ways, data = provenance(study_of(made))
    assert [row[0] for row in texts(runs)] == [run.run_id for run in made.runs]
    by_id = {row[0]: row for row in texts(runs)}
    odd, usual = by_id[made.run("a", 0).run_id or ""], by_id[made.run("a", 1).run_id or ""]
    assert odd[8] == "000000000000 + uncommitted"
    assert usual[8] == "000000000000"
    circumstances = {row[0]: row[1:] for row in texts(ways)}
    assert circumstances[odd[9]][1] == "A GPU"
    assert circumstances[usual[9]][1] == "A processor"
    assert texts(data) == [["digits", "c" * 64, "1,257", "180", "10,000"]]
    assert runs.rows[0][0].anchor == f"run:small:quick:{made.runs[0].run_id}"


def test_two_models_that_are_one_run_share_its_anchor() -> None:
    made = filled(models={"a": {}, "b": {}}, claims=(), numbers=(), errors={"a": (1.0, 2.0, 3.0)})
    runs, *_ = provenance(study_of(made))
    anchors = [row[0].anchor for row in runs.rows]
    assert len(runs.rows) == 6
    assert anchors.count("") == 3
    assert len(set(anchors)) == 4


def test_records_of_computed_claims(tmp_path: Path) -> None:
    study = both(tmp_path)
    found = check_records(study)
    assert found is not None
    assert [row[0].text for row in found.rows] == [verdict.run_id for verdict in study.verdicts]
    assert found.rows[1][1].href == f"claim:{study.spec_id}:{study.verdicts[1].claim_id}"
    assert texts(found)[1][2] == "0.5"
