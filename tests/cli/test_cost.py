"""``pkbench cost``: numbers of every model, counted by PyTorch as by formula."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pkbench.cli.main import app
from tests.small import write_small


def test_every_model_is_measured(tmp_path: Path) -> None:
    spec, out = write_small(tmp_path), tmp_path / "cost.json"
    done = CliRunner().invoke(
        app, ["cost", str(spec), "--repeats", "2", "--device", "cpu", "--out", str(out), "--json"]
    )
    assert done.exit_code == 0, done.output
    rows = json.loads(out.read_text())
    assert json.loads(done.stdout) == rows
    assert [row["model"] for row in rows] == ["narrow", "random"]
    for row in rows:
        assert row["parameters"] == row["formula_parameters"]
        assert row["forward_flops"] == row["formula_forward_flops"]
        assert 0 < row["forward_seconds"]["median"] < row["epoch_seconds"]
        assert row["epoch_seconds"] == pytest.approx(-(-1397 // 128) * row["step_seconds"]["median"])
        assert row["memory_kind"] == "saved tensors"


def test_the_tables_name_models_and_machine(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["cost", str(write_small(tmp_path)), "--repeats", "1", "--device", "cpu"])
    assert done.exit_code == 0, done.output
    for word in ("narrow", "random", "FLOP counted", "permuting", "medians of 1", "torch"):
        assert word in done.stdout
