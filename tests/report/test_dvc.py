import csv
import json
from pathlib import Path

from pkbench.report.curves import curves
from pkbench.report.dvc import metrics, write
from tests.claims.factory import CHECKSUM, failed, finished
from tests.report.made import filled, from_disk, stored, study_of


def test_metrics_are_flat_and_rounded() -> None:
    found = metrics(study_of(filled()))
    assert found["runs"] == {"profile": "quick", "planned": 6, "finished": 6, "failed": 0}
    assert found["claim.less.digits"] == {
        "verdict": "supported",
        "effect": -2.0,
        "low": -4.48414,
        "high": 0.484138,
        "n": 3,
        "p_support": 0.03709,
        "p_contradict": 0.96291,
    }
    assert found["claim.value.digits"]["verdict"] == "not assessed"
    assert found["claim.value.digits"]["effect"] is None
    assert found["model.a.digits"] == {"test_error": 2.0, "sd": 1.0, "n": 3}


def test_what_is_written(tmp_path: Path) -> None:
    made = filled()
    made.put(finished(made.run("a", 0), 1.0, epochs=2))
    store = stored(made, tmp_path)
    study = from_disk(made, tmp_path)
    folder = tmp_path / "small"
    (folder / "metrics").mkdir(parents=True, exist_ok=True)
    (folder / "metrics" / "claim.gone.digits.json").write_text("{}")
    paths = write(study, store)
    rows_by_name = {path.stem: json.loads(path.read_text()) for path in (folder / "metrics").iterdir()}
    assert rows_by_name == metrics(study)
    assert paths[0] == folder / "metrics" / "runs.json"
    assert paths[0].read_text().endswith("}\n")
    assert json.loads((folder / "data.json").read_text()) == {
        "profile": "quick",
        "data": [{"data_id": "digits", "checksum": CHECKSUM, "train": 1257, "validation": 180, "test": 10_000}],
    }
    curves_path, errors_path = paths[-3:-1]
    assert (curves_path, errors_path) == (folder / "plots/learning-curves.csv", folder / "plots/errors.csv")
    curve_rows = list(csv.DictReader(curves_path.open()))
    # The factory's errors fall by one point from the first epoch to the last.
    assert curve_rows[0] == {
        "epoch": "1", "model": "a", "data": "digits", "n": "3", "test_error": "3.0", "low": "2.0", "high": "4.0"
    }  # fmt: skip
    assert [(row["model"], row["epoch"], row["test_error"]) for row in curve_rows] == [
        ("a", "1", "3.0"), ("a", "2", "2.0"), ("b", "1", "5.0"), ("b", "2", "4.0")
    ]  # fmt: skip
    rows = list(csv.DictReader(errors_path.open()))
    assert rows[0] == {"model": "a", "data": "digits", "seed": "0", "test_error": "1.0"}
    assert len(rows) == 6
    before = [path.read_bytes() for path in paths]
    assert [path.read_bytes() for path in write(from_disk(made, tmp_path), store)] == before


def test_nothing_run_gives_tables_with_headers_only(tmp_path: Path) -> None:
    made = filled(errors={})
    paths = write(from_disk(made, tmp_path), stored(made, tmp_path))
    assert paths[-3].read_text() == "epoch,model,data,n,test_error,low,high\n"
    assert paths[-2].read_text() == "model,data,seed,test_error\n"
    assert paths[-1].read_text() == "epoch,name,where,model,data,seed,value\n"


def test_curves_are_of_epochs_every_seed_was_evaluated_at() -> None:
    made = filled()
    record = made.records[made.run("a", 1).run_id or ""]
    first = record.history[0].model_copy(update={"test_error": None})
    made.put(record.model_copy(update={"history": (first, record.history[1])}))
    made.put(failed(made.run("b", 0)))
    a, b = curves(study_of(made))
    assert [(point.epoch, point.n) for point in a.points] == [(2, 3)]
    assert [(point.epoch, point.n, point.mean, point.low, point.high) for point in b.points] == [
        (1, 2, 6.0, 5.0, 7.0), (2, 2, 5.0, 4.0, 6.0)
    ]  # fmt: skip


def test_curves_are_of_the_learning_rate_that_counts() -> None:
    made = filled(rates=(0.01, 0.02), errors={})
    made.finish("a", (1.0, 1.0, 1.0), lr=0.01, validation=9.0)
    made.finish("a", (3.0, 3.0, 3.0), lr=0.02, validation=8.0)
    (curve,) = curves(study_of(made))
    assert curve.points[-1].mean == 3.0
