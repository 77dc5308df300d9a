"""``pkbench compare``: settings, machines, numbers with tests, and verdicts of two of a kind."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from pkbench.data.identity import checksum
from pkbench.errors import UsageError
from pkbench.plan.run import config_id, expand
from pkbench.spec.load import load_spec
from pkbench.spec.scale import scale
from pkbench.store.files import Store
from tests.results.conftest import call
from tests.results.made import Made


def compared(*arguments: str) -> dict[str, Any]:
    result = call("compare", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def theirs(made: Made, tmp_path: Path) -> Path:
    """A colleague's results: worse by some points for a, on another machine, one of b bit for bit the same."""
    folder = tmp_path / "theirs"
    shutil.copytree(made.store.root, folder)
    for run in made.runs:
        record = made.record(run, {"a": (11.0, 13.0, 14.0), "b": (2.0, 4.0, 6.0)}[run.model.id][run.seed])
        machine = record.environment.model_copy(update={"processor": "Another processor", "torch": "2.12.0"})
        same = run.model.id == "b" and run.seed == 0
        update = {"environment": machine} | ({} if same else {"weights_sha256": "7" * 64})
        Store(folder).write(record.model_copy(update=update))
    return folder


def test_two_folders_are_paired_by_seed_and_verdicts_that_change_are_named(made: Made, theirs: Path) -> None:
    found = compared("results", str(theirs))
    a, b = (1.0, 2.0, 3.0), (11.0, 13.0, 14.0)
    (row,) = [one for one in found["differences"] if one["group"][2] == "a" and one["metric"] == "test_error"]
    expected = stats.ttest_rel(b, a)
    assert (row["test"], row["n_a"], row["n_b"]) == ("paired", 3, 3)
    assert math.isclose(row["effect"], 10 + 2 / 3)
    assert math.isclose(row["p"], expected.pvalue)
    assert math.isclose(row["low"], expected.confidence_interval().low)
    # One test of all has a p value: the others are of numbers that are equal at every seed.
    assert row["p_holm"] == row["p"]
    (equal,) = [one for one in found["differences"] if one["group"][2] == "b" and one["metric"] == "test_error"]
    assert (equal["test"], equal["p"], equal["effect"]) == ("equal at every seed", None, 0.0)
    assert (found["same_weights"], found["other_weights"]) == (1, 5)
    assert ["hardware", "A processor", "Another processor"] in found["circumstances"]
    assert ["PyTorch", "2.11.0", "2.12.0"] in found["circumstances"]
    assert found["settings"] == []
    assert ["small · quick · less · digits", "supported", "contradicted"] in found["verdicts"]


def test_holm_is_over_all_tests(made: Made, theirs: Path) -> None:
    for run in made.runs:
        if run.model.id == "b":
            Store(theirs).write(made.record(run, (2.5, 4.0, 7.0)[run.seed]))
    rows = [one for one in compared("results", str(theirs))["differences"] if one["p"] is not None]
    assert len(rows) == 2
    small, large = sorted(rows, key=lambda one: one["p"])
    assert math.isclose(small["p_holm"], 2 * small["p"])
    assert math.isclose(large["p_holm"], max(large["p"], 2 * small["p"]))


def test_without_common_seeds_the_test_is_welchs(made: Made, theirs: Path) -> None:
    for run in made.runs:
        if run.model.id == "a":
            gone = made.store if run.seed == 2 else Store(theirs)
            gone.record_path("small", str(run.run_id)).unlink()
    (row,) = [
        one
        for one in compared("results", str(theirs))["differences"]
        if one["group"][2] == "a" and one["metric"] == "test_error"
    ]
    assert (row["test"], row["n_a"], row["n_b"], row["p"]) == ("one seed on a side", 2, 1, None)
    for run in made.runs:
        if run.model.id == "a":
            for store, seeds in ((made.store, (0, 1)), (Store(theirs), (2,))):
                if run.seed in seeds:
                    store.write(made.record(run, 1.0 + run.seed))
    other = made.record(next(run for run in made.runs if run.model.id == "a" and run.seed == 2), 9.0)
    config = {**other.config, "seed": 7}
    labels = other.labels.model_copy(update={"seed": 7})
    Store(theirs).write(other.model_copy(update={"config": config, "run_id": config_id(config), "labels": labels}))
    (row,) = [
        one
        for one in compared("results", str(theirs))["differences"]
        if one["group"][2] == "a" and one["metric"] == "test_error"
    ]
    expected = stats.ttest_ind((3.0, 9.0), (1.0, 2.0), equal_var=False)
    assert row["test"] == "Welch"
    assert math.isclose(row["p"], expected.pvalue)


def test_two_runs(made: Made) -> None:
    found = compared("a/0", "b/0")
    assert found["settings"] == [["model.C changed from 8 to 9", 1], ["model.D_C changed from 16 to 18", 1]]
    (row,) = [one for one in found["differences"] if one["metric"] == "test_error"]
    assert (row["mean_a"], row["mean_b"], row["effect"], row["p"]) == (1.0, 2.0, 1.0, None)
    shown = call("compare", "a/0", str(made.runs[1].run_id)[:8]).stdout
    assert "setting: model.C changed from 8 to 9 (1 pair)" in shown
    assert "test error" in shown


def test_two_profiles_of_other_data_are_compared_model_by_model(made: Made) -> None:
    text = made.spec.read_text()
    start, end = text.index("[[data]]"), text.index("[[model]]")
    text += text[start:end].replace('"id" = "digits"', '"id" = "others"')
    profile = '"quick" = {"scope" = "Digits only: no evidence about CIFAR.", "data" = ["digits"], "model" = {}}'
    assert profile in text
    fast = '"fast" = {"scope" = "Longer.", "data" = ["others"], "train" = {"epochs" = 3}}'
    made.spec.write_text(text.replace(profile, f"{profile}\n{fast}"))
    scaled = scale(load_spec(made.spec).spec, "fast")
    here = {"others": checksum(scaled.data[0], made.spec.parent)}
    for run in expand(scaled, here):
        made.store.write(made.record(run, 5.0 - run.seed))
    found = compared("small:quick", "small:fast")
    assert {tuple(one["group"]) for one in found["differences"]} == {("a",), ("b",)}
    assert ["train.epochs changed from 2 to 3", 6] in found["settings"]
    assert ["less", "supported", "inconclusive"] in found["verdicts"]


def test_two_commits(made: Made) -> None:
    for run in made.runs:
        commit = ("1" if run.seed else "2") * 40
        record = made.record(run, 4.0 + run.seed)
        made.store.write(record.model_copy(update={"code": record.code.model_copy(update={"commit": commit})}))
    found = compared("1111111", "commit:2222222")
    (row,) = [one for one in found["differences"] if one["group"][2] == "a" and one["metric"] == "test_error"]
    assert (row["n_a"], row["n_b"]) == (2, 1)
    assert any(name == "code" for name, *_ in found["circumstances"])
    error = call("compare", "1111111", "commit:3333333").exception
    assert isinstance(error, UsageError)
    assert "commits here: 111111111111, 222222222222" in error.message


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ("a/0", "results", "one of runs, results one of folders"),
        ("small:papr", "small:quick", "names no result"),
        ("small:paper", "small:quick", "has no profile paper"),
        ("nothing:quick", "small:quick", "there is no spec nothing here that trains"),
        ("nothing", "a/0", "nothing names no result"),
        ("x" * 5000, "a/0", "names no result"),
    ],
)
def test_bad_names_are_one_line(made: Made, a: str, b: str, words: str) -> None:
    error = call("compare", a, b).exception
    assert isinstance(error, UsageError)
    assert words in error.message


def test_in_words(made: Made, theirs: Path) -> None:
    shown = call("compare", "results", str(theirs)).stdout
    assert "runs of one id in both: 1 with the same final weights, bit for bit; 5 with others" in shown
    assert "hardware: A A processor; B Another processor" in shown
    assert "verdict: small · quick · less · digits: A supported; B contradicted" in shown
