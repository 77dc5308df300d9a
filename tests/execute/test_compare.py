"""Comparisons of trained models: which pairs, computed once, right, and not possible on other weights."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import torch
from scipy import stats

from pkbench.data.dataset import load
from pkbench.execute.events import ComparisonEnded, Note
from pkbench.execute.prepare import Selection, prepare
from pkbench.execute.session import Options, Session
from pkbench.models.build import build
from pkbench.plan.compare import comparisons
from pkbench.probes.cka import CkaAccumulator
from pkbench.probes.features import block_features
from pkbench.report.comparisons import compared, section
from pkbench.report.study import read_records, study
from pkbench.results.prove import prove
from pkbench.results.subject import subjects
from pkbench.spec.load import load_spec
from pkbench.store.code import package_sha256
from pkbench.store.files import Store
from pkbench.train.weights import load_weights
from tests.small import SMALL_TOML

COMPARE = """
[[compare]]
id = "{id}"
kind = "cka"
statement = "How alike {a} and {b} are"
a = "{a}"
b = "{b}"
batch = 150
passes = 1
seed = 0
"""


def written(folder: Path, *extra: str, seeds: str = "[0, 1, 2, 3, 4]") -> Path:
    text = SMALL_TOML.replace("seeds = [0, 1, 2]", f"seeds = {seeds}").replace("epochs = 2", "epochs = 1")
    path = folder / "specs" / "small.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "".join(extra))
    return path


RP = COMPARE.format(id="rp", a="narrow", b="random")
SEEDS = COMPARE.format(id="other-seeds", a="narrow", b="narrow")


def run(path: Path, **selection: Any) -> list[Any]:
    events: list[Any] = []
    options = Options(path.parent.parent / "results", "cpu", 1)
    Session(load_spec(path), Selection(**selection), options).run(events.append, lambda: False)
    return events


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spec with both kinds of comparison, computed."""
    path = written(tmp_path_factory.mktemp("project"), RP, SEEDS)
    run(path)
    return path


def test_comparisons_and_kept_weights_are_proven_by_hash(project: Path) -> None:
    store = Store(project.parent.parent / "results")
    runs = store.scan("small").records
    for record in store.scan_comparisons("small").records.values():
        assert record.weights_sha256 == tuple(runs[record.config[side]].weights_sha256 for side in "ab")
    for run_id, record in runs.items():
        kept = store.weights_path("small", run_id)
        assert record.kept_sha256 == (hashlib.sha256(kept.read_bytes()).hexdigest() if kept.is_file() else None)
        assert record.code.files_sha256 == package_sha256()
    proof = prove(subjects([str(project)], None), [], named=True)
    assert not proof.discrepancies
    assert proof.proven["kept weights"] == len(list((store.folder("small") / "weights").iterdir())) > 0


def test_pairs_share_no_trained_model(project: Path) -> None:
    loaded = load_spec(project)
    runs = [decision.run for decision in prepare(loaded, Selection(), project.parent / "none").decisions]
    found = comparisons(loaded.spec.compare, runs)
    pairs = [(entry.compare.id, entry.a.seed, entry.b.seed) for entry in found]
    assert pairs == [("rp", seed, seed) for seed in range(5)] + [("other-seeds", 0, 1), ("other-seeds", 2, 3)]
    assert len({entry.run_id for entry in found}) == len(found)
    for name in ("rp", "other-seeds"):
        models = [run.run_id for entry in found if entry.compare.id == name for run in (entry.a, entry.b)]
        assert len(set(models)) == len(models)


def test_each_is_computed_once_and_again_when_asked(project: Path) -> None:
    store = Store(project.parent.parent / "results")
    assert len(store.scan_comparisons("small").records) == 7
    assert [event for event in run(project) if isinstance(event, ComparisonEnded)] == []


def test_a_matrix_is_what_its_definition_gives(project: Path) -> None:
    results = project.parent.parent / "results"
    store, loaded = Store(results), load_spec(project)
    prepared = prepare(loaded, Selection(fresh=True), results)
    comparison = next(entry for entry in prepared.comparisons if entry.compare.id == "rp" and entry.a.seed == 2)
    data = load(comparison.a.data, project.parent, "cpu")
    models = []
    for one in (comparison.a, comparison.b):
        record = store.read("small", one.run_id or "")
        assert record is not None
        model = build(one.model, one.shape, one.seed)
        load_weights(model, store.weights_path("small", record.run_id).read_bytes(), record.weights_sha256 or "")
        models.append(model.eval())
    whole = CkaAccumulator(2, 2)
    images = data.to_input(data.test.images)
    with torch.inference_mode(), block_features(models[0]) as of_a, block_features(models[1]) as of_b:
        models[0](images)
        models[1](images)
        whole.update(list(of_a.values()), list(of_b.values()))
    found = store.scan_comparisons("small").records[comparison.run_id]
    assert found.images == 300
    assert found.blocks_a == ("token_mixing.0", "channel_mixing.0")
    # Two batches of 150 estimate what one of 300 does.
    assert torch.tensor(found.matrix) == pytest.approx(whole.matrix().numpy(), abs=0.06)
    assert found.diagonal_mean == pytest.approx((found.matrix[0][0] + found.matrix[1][1]) / 2)  # type: ignore[operator]


def test_the_report_has_means_and_intervals_over_pairs(project: Path) -> None:
    results = project.parent.parent / "results"
    store, loaded = Store(results), load_spec(project)
    prepared = prepare(loaded, Selection(), results)
    checksums = {"digits": prepared.decisions[0].run.config["data"]["checksum"]}
    scan = store.scan_comparisons("small")
    there = study(prepared.scaled, project, loaded.sha256, read_records(store, "small"), checksums, compared=scan)
    rp, seeds = compared(there)
    values = [record.diagonal_mean or 0.0 for record in rp.records]
    assert (rp.planned, len(rp.records), seeds.planned) == (5, 5, 2)
    assert rp.diagonal == pytest.approx(sum(values) / 5)
    assert rp.low is not None
    assert rp.high is not None
    assert (rp.low, rp.high) == pytest.approx(stats.t.interval(0.95, 4, loc=rp.diagonal, scale=stats.sem(values)))
    assert any("| `rp` | `narrow` with `random`, same seeds |" in line for line in section(there))


def test_weights_that_are_gone_are_computed_again_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, seeds="[0, 1]")
    run(path)
    store = Store(tmp_path / "results")
    ids = sorted(store.scan("small").records)
    before = {run_id: store.record_path("small", run_id).read_bytes() for run_id in ids}
    path = written(tmp_path, RP, seeds="[0, 1]")
    decisions = prepare(load_spec(path), Selection(), tmp_path / "results").decisions
    assert {decision.action for decision in decisions} == {"run"}
    assert all("weights, which comparison rp needs" in decision.reason for decision in decisions)
    assert len([event for event in run(path) if isinstance(event, ComparisonEnded)]) == 2
    after = store.scan("small").records
    assert sorted(after) == ids == sorted(before)

    comparison = prepare(load_spec(path), Selection(fresh=True), tmp_path / "results").comparisons[0]
    (tmp_path / "results" / "small" / "comparisons" / f"{comparison.run_id}.json").unlink()
    weights = store.weights_path("small", comparison.a.run_id or "")
    weights.write_bytes(store.weights_path("small", comparison.b.run_id or "").read_bytes())
    notes = [event.text for event in run(path) if isinstance(event, Note)]
    assert len(notes) == 1
    assert "not possible" in notes[0]
    weights.write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    (note,) = [event.text for event in run(path) if isinstance(event, Note)]
    assert "no weights" in note
