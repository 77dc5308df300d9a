"""The flat tables: one row each, every column described and used, texts harmless."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from pkbench.report.build import write_csv
from pkbench.report.checks import CheckStudy
from pkbench.report.csv_columns import MEMBER_COLUMNS, MODEL_COLUMNS, RUN_COLUMNS, VERDICT_COLUMNS
from pkbench.report.csv_out import csv_files
from pkbench.report.study import Study
from tests.claims import factory
from tests.report.made import families, filled, study_of
from tests.report.test_checks import both
from tests.spec.test_check_specs import THEORY

COLUMNS = {
    "verdicts.csv": VERDICT_COLUMNS,
    "members.csv": MEMBER_COLUMNS,
    "models.csv": MODEL_COLUMNS,
    "runs.csv": RUN_COLUMNS,
}
FORMULA = '=HYPERLINK("http://x","y")'


def read(name: str, *studies: Study, checks: tuple[CheckStudy, ...] = ()) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_files(studies, checks)[name])))


@pytest.fixture
def both_profiles() -> tuple[Study, Study]:
    return study_of(filled("quick")), study_of(filled("paper"))


def test_verdicts(both_profiles: tuple[Study, Study]) -> None:
    rows = read("verdicts.csv", *both_profiles)
    assert [(row["profile"], row["claim"]) for row in rows] == [
        (profile, claim) for profile in ("quick", "paper") for claim in ("less", "quoted", "value")
    ]
    (less,) = [row for row in rows if (row["profile"], row["claim"]) == ("paper", "less")]
    assert (less["spec"], less["kind"], less["data"], less["verdict"]) == ("small", "train", "cifar10", "supported")
    numbers = ("effect", "mean_a", "mean_b", "margin", "paper_a_percent", "paper_a_sd_points", "paper_b_percent")
    assert [float(less[name]) for name in numbers] == pytest.approx([-2.0, 2.0, 4.0, 0.0, 12.07, 0.47, 15.91])
    assert float(less["effect_low"]) < -2 < float(less["effect_high"])
    assert (less["n"], less["n_planned"], less["paper_a_n"]) == ("3", "3", "3")
    assert (less["effect_unit"], less["mean_unit"]) == ("points", "%")
    assert less["scope"] == "The published setting."


def test_the_unit_is_that_of_the_metric() -> None:
    study = study_of(filled("quick"))
    verdict = replace(study.evaluation.verdicts[0], metric="test_loss")
    trend = replace(verdict, kind="trend", metric="test_error")
    plain = replace(verdict, kind="trend", metric="cka")
    changed = replace(study, evaluation=replace(study.evaluation, verdicts=(verdict, trend, plain)))
    rows = read("verdicts.csv", changed)
    assert [row["effect_unit"] for row in rows] == ["nats", "points per doubling", "per doubling"]
    assert [row["mean_unit"] for row in rows] == ["nats", "%", ""]


def test_computed_claims_stand_beside_trained_ones(tmp_path: Path) -> None:
    checks = both(tmp_path, THEORY)
    rows = read("verdicts.csv", study_of(filled("quick")), checks=(checks,))
    assert [row["kind"] for row in rows] == ["train"] * 3 + ["theory"] * 2
    holds, fails = rows[3:]
    assert [(row["residual"], row["verdict"]) for row in (holds, fails)] == [
        ("0.0", "supported"),
        ("0.5", "contradicted"),
    ]
    assert holds["profile"] == holds["data"] == holds["effect"] == ""
    assert holds["run"] == checks.verdicts[0].run_id
    assert rows[0]["residual"] == rows[0]["run"] == ""


def test_models(both_profiles: tuple[Study, Study]) -> None:
    rows = read("models.csv", *both_profiles)
    assert [(row["profile"], row["model"], row["source"]) for row in rows] == [
        ("quick", "a", "run"),
        ("quick", "b", "run"),
        ("paper", "a", "run"),
        ("paper", "b", "run"),
        ("paper", "lasso", "quoted"),
    ]
    a, lasso = rows[2], rows[4]
    assert [float(a[f"test_error_{name}"]) for name in ("percent", "sd_points", "min_percent", "max_percent")] == [
        2.0,
        1.0,
        1.0,
        3.0,
    ]
    assert float(a["test_error_low_percent"]) < 2 < float(a["test_error_high_percent"])
    assert (a["S"], a["C"], a["n"], a["failed_runs"], a["paper_percent"]) == ("4", "8", "3", "0", "12.07")
    assert (lasso["paper_percent"], lasso["n"], lasso["test_error_percent"]) == ("14.81", "", "")


def test_members_of_families() -> None:
    rows = read("members.csv", study_of(families()))
    assert [row["claim"] for row in rows] == ["parity"] * 3 + ["trend"] * 3 + ["lowest"] * 3 + ["crossing"] * 3
    first = rows[0]
    names = ("x", "x_value", "a", "b", "role", "n", "mean_unit", "difference_unit", "alpha")
    assert [first[name] for name in names] == ["C", "4.0", "rp-c4", "normal-c4", "decides", "3", "%", "points", "0.05"]
    # Differences 4, 4.5, 5: sd 0.5; t(2) at 0.975 is 4.302653.
    numbers = [float(first[name]) for name in ("mean_a", "mean_b", "difference", "difference_low", "difference_high")]
    half = 4.302653 * 0.5 / 3**0.5
    assert numbers == pytest.approx([35.5, 31.0, 4.5, 4.5 - half, 4.5 + half])
    # Of a alone 34, 35.5, 37: sd 1.5; of b 30, 31, 32: sd 1.
    ends = [float(first[f"mean_{side}_{end}"]) for side in "ab" for end in ("low", "high")]
    assert ends == pytest.approx([35.5 - 3 * half, 35.5 + 3 * half, 31 - 2 * half, 31 + 2 * half])
    assert [row["difference"] == row["b"] == row["mean_b"] == row["difference_unit"] == "" for row in rows[3:9]] == [
        True
    ] * 6
    assert [(row["a"], row["x_value"], row["role"]) for row in rows[6:9]] == [
        ("normal-c4", "1.0", ""),
        ("normal-c8", "2.0", "best near"),
        ("normal-c16", "4.0", "best elsewhere"),
    ]


def test_members_without_a_finished_run_have_a_row() -> None:
    rows = read("members.csv", study_of(families(errors={})))
    assert len(rows) == 12
    assert {(row["n"], row["mean_a"], row["difference"], row["role"] in ("", "decides")) for row in rows} == {
        ("0", "", "", True)
    }


def test_models_say_which_family_they_are_of() -> None:
    rows = read("models.csv", study_of(families(singles=("single",))))
    assert [(row["model"], row["family"]) for row in rows] == [
        ("normal-c4", "normal"),
        ("normal-c8", "normal"),
        ("normal-c16", "normal"),
        ("rp-c4", "rp"),
        ("rp-c8", "rp"),
        ("rp-c16", "rp"),
        ("single", ""),
    ]


def test_runs() -> None:
    made = factory.study(seeds=(0, 1, 2), rates=(0.01, 0.02))
    made.finish("a", (1.0, 2.0, 3.0), lr=0.01, validation=10.0)
    made.finish("a", (4.0, 5.0, 6.0), lr=0.02, validation=20.0)
    made.put(factory.failed(made.run("b", 0, 0.01)))
    rows = read("runs.csv", study_of(made))
    assert len(rows) == len(made.records) == len({row["run"] for row in rows})
    counted = [(row["seed"], row["test_error_percent"]) for row in rows if row["counts"] == "true"]
    assert counted == [("0", "1.0"), ("1", "2.0"), ("2", "3.0")]
    (failed,) = [row for row in rows if row["status"] == "failed"]
    assert (failed["model"], failed["counts"], failed["test_error_percent"]) == ("b", "false", "")
    assert failed["dirty"] == "false"
    assert [row["failed_runs"] for row in read("models.csv", study_of(made))] == ["0", "1"]


def test_time_spent_waiting_for_batches() -> None:
    """It is the sum of the epochs', or unknown where one of them has none."""
    made = factory.study(seeds=(0, 1))
    made.finish("a", (1.0, 2.0))
    known, unknown = made.records.values()
    first, *others = unknown.history
    history = (first.model_copy(update={"data_seconds": None}), *others)
    made.put(unknown.model_copy(update={"history": history}))
    found = {row["run"]: row["data_seconds"] for row in read("runs.csv", study_of(made))}
    assert found == {known.run_id: str(0.125 * len(known.history)), unknown.run_id: ""}


def test_every_column_is_described_and_used(both_profiles: tuple[Study, Study], tmp_path: Path) -> None:
    checks = (both(tmp_path),)
    files = csv_files((*both_profiles, study_of(families())), checks)
    described = list(csv.DictReader(io.StringIO(files["columns.csv"])))
    assert all(row["meaning"] for row in described)
    for name, columns in COLUMNS.items():
        rows = list(csv.DictReader(io.StringIO(files[name])))
        assert list(rows[0]) == list(columns) == [row["column"] for row in described if row["file"] == name]
        assert [column for column in columns if not any(row[column] for row in rows)] == []


def test_texts_are_no_formulas_and_numbers_stay_numbers() -> None:
    study = study_of(filled("quick"))
    verdict = replace(study.evaluation.verdicts[0], statement=FORMULA, sentence="+1\x1b[2J\n-2", place='@x,"y"')
    changed = replace(study, evaluation=replace(study.evaluation, verdicts=(verdict,)))
    (row,) = read("verdicts.csv", changed)
    assert row["statement"] == f"'{FORMULA}"
    assert row["sentence"] == "'+1 [2J -2"
    assert row["place"] == '\'@x,"y"'
    assert row["effect"].startswith("-2")


def test_the_same_store_gives_the_same_bytes(both_profiles: tuple[Study, Study], tmp_path: Path) -> None:
    again = (study_of(filled("quick")), study_of(filled("paper")))
    assert csv_files(both_profiles, ()) == csv_files(again, ())
    paths = write_csv(both_profiles, (), tmp_path / "tables")
    assert [path.name for path in paths] == [
        "verdicts.csv",
        "members.csv",
        "models.csv",
        "runs.csv",
        "columns.csv",
    ]
    assert {path.name: path.read_bytes().decode() for path in paths} == csv_files(both_profiles, ())


def test_nothing_to_say_is_a_header() -> None:
    assert csv_files([], [])["runs.csv"] == ",".join(RUN_COLUMNS) + "\n"
