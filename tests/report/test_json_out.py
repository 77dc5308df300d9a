import json

from pkbench.report.json_out import report_data, report_json, study_data
from tests.report.made import filled, study_of


def test_everything_is_there_as_plain_json() -> None:
    made = filled("paper", errors={"a": (11.0, 12.0, 13.0)})
    studies = [study_of(filled()), study_of(made, warnings=("odd",))]
    data = json.loads(report_json(studies))
    assert data == json.loads(json.dumps(report_data(studies)))
    assert data["format"] == 1
    quick, paper = data["studies"]
    assert (quick["spec"], quick["profile"], quick["scope"], quick["path"], quick["sha256"]) == (
        "small", "quick", "Digits only: no evidence about CIFAR.", "specs/small.toml", "5" * 64
    )  # fmt: skip
    assert quick["runs"] == {"planned": 6, "finished": 6, "failed": 0}
    less = quick["verdicts"][0]
    assert (less["outcome"], less["effect"], less["n"], less["scope"]) == ("supported", -2.0, 3, quick["scope"])
    assert less["runs_a"] == [run["run_id"] for run in quick["provenance"]["runs"] if run["model"] == "a"]
    assert less["seeds_needed"]["seeds"] > 0
    assert quick["models"][0]["errors"] == {"0": 1.0, "1": 2.0, "2": 3.0}
    assert quick["curves"][0]["points"][-1] == {"epoch": 2, "n": 3, "mean": 2.0, "low": 1.0, "high": 3.0}
    assert [(t["claim_id"], round(t["p"], 3)) for t in quick["paper_tests"]] == [("less", 0.041), ("quoted", 0.01)]
    assert quick["provenance"]["data"] == [
        {"data_id": "digits", "checksum": "c" * 64, "train": 1257, "validation": 180, "test": 10_000}
    ]
    assert quick["provenance"]["circumstances"][0]["runs"] == 6
    assert quick["assumptions"] == {"train.optimizer.eps": "Not stated; PyTorch's default."}
    assert paper["warnings"] == ["odd"]
    assert paper["reported"][0]["mean"] == 12.07
    assert any("The seed is the unit" in sentence for sentence in paper["trust"])


def test_a_run_can_be_followed() -> None:
    (row, *_) = study_data(study_of(filled()))["provenance"]["runs"]
    assert {key: row[key] for key in ("model", "data", "lr", "seed", "status", "counts", "test_error", "commit", "dirty")} == {
        "model": "a", "data": "digits", "lr": 0.01, "seed": 0, "status": "finished", "counts": True,
        "test_error": 1.0, "commit": "0" * 40, "dirty": False,
    }  # fmt: skip
    assert row["weights_sha256"] == "a" * 64


def test_other_learning_rates_are_there_but_do_not_count() -> None:
    made = filled(rates=(0.01, 0.02), errors={})
    made.finish("a", (1.0, 2.0, 3.0), lr=0.01, validation=9.0)
    made.finish("a", (1.0, 2.0, 3.0), lr=0.02, validation=8.0)
    rows = study_data(study_of(made))["provenance"]["runs"]
    assert [(row["lr"], row["counts"]) for row in rows] == [(0.01, False), (0.02, True)] * 3
