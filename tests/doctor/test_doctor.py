"""``pkbench doctor``: each thing that can be missing is named with what to type."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from typer.testing import CliRunner, Result

from pkbench.cli.main import app
from pkbench.doctor import hardware, places, software
from pkbench.doctor.symptom import Symptom
from pkbench.native import library
from tests.claims.factory import document
from tests.report.made import toml

MODELS = {"a": {"C": 8, "first_skip": "layer"}, "b": {"C": 9, "first_skip": "layer"}}
"""On images of whatever size."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spec that needs nothing at quick, and CIFAR-10 at paper, which is not here."""
    monkeypatch.delenv("PKBENCH_RESULTS", raising=False)
    monkeypatch.setenv("PKBENCH_DATA", str(tmp_path / "data"))
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "small.toml").write_text(toml(document(models=MODELS)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["doctor", *arguments])


def by_what(found: list[Symptom]) -> dict[str, Symptom]:
    return {one.what: one for one in found}


def test_a_machine_that_has_all_it_needs(project: Path) -> None:
    before = sorted(project.rglob("*"))
    result = call("--json")
    assert result.exit_code == 0, result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    states = {row["what"]: row["state"] for row in rows}
    assert states["Python"] == states["libraries"] == states["torch"] == states["results folder"] == "ok"
    assert {"code", "mlflow", "dvc", "native engine", "GPU", "bf16 on cpu", "cores", "memory", "disk"} <= states.keys()
    (later,) = [row for row in rows if row["state"] == "note" and row["what"] == "data"]
    assert later["remedy"] == "`pkbench data get small cifar10`"
    assert sorted(project.rglob("*")) == before, "looking leaves nothing behind"
    assert all(row["remedy"] for row in rows if row["state"] == "missing")


def test_something_missing_is_exit_code_one(project: Path) -> None:
    (project / "specs" / "broken.toml").write_text("x")
    result = call()
    assert result.exit_code == 1
    assert "✗ spec broken: specs/broken.toml:1:" in result.stdout
    assert "`pkbench validate specs/broken.toml` names every fault of it" in result.stdout
    assert "1 needed things are missing" in result.stdout


def test_data_that_quick_needs_is_missing_and_is_asked_for_once(project: Path) -> None:
    for name in ("one", "two"):
        raw = document(models=MODELS)
        raw["experiment"]["id"] = name
        raw["profile"] = {"quick": raw["profile"]["quick"] | {"data": ["cifar10"]}}
        (project / "specs" / f"{name}.toml").write_text(toml(raw))
    found = list(places.data(sorted((project / "specs").glob("*.toml"))))
    (missing,) = [one for one in found if one.state == "missing"]
    assert missing == Symptom(
        "data", "missing", "not here, and needed by one (cifar10), two (cifar10)", "`pkbench data get one cifar10`"
    )


@pytest.mark.parametrize(
    ("version", "state"), [((3, 10, 1), "missing"), ((3, 11, 0), "ok"), ((3, 13, 2), "ok"), ((3, 14, 0), "note")]
)
def test_pythons(monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], state: str) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    assert by_what(list(software.software()))["Python"].state == state


def test_libraries_and_extras_that_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    version = software.importlib.metadata.version

    def without(name: str) -> str:
        if name in ("scipy", "dvc"):
            raise software.importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(software.importlib.metadata, "version", without)
    found = by_what(list(software.software()))
    assert (found["libraries"].state, found["libraries"].remedy) == ("missing", "`pip install scipy`")
    assert (found["dvc"].state, found["dvc"].remedy) == ("note", "`pip install '.[dvc]'`")


@pytest.mark.parametrize("has", [0, 1])
def test_it_is_said_whether_a_matrix_unit_multiplies(monkeypatch: pytest.MonkeyPatch, has: int) -> None:
    monkeypatch.setattr(software, "find_compiler", lambda: ["cc"])
    monkeypatch.setattr(software, "library", lambda: SimpleNamespace(pk_has_tiles=lambda: has))
    found = by_what(list(software.software()))["native engine"]
    assert found.state == "ok"
    assert found.found.endswith("matrix unit" if has else "compiled by cc")


def test_without_a_compiler_it_is_said_what_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    library._library_or_why_not.cache_clear()
    monkeypatch.setenv("CC", "/nowhere/cc")
    try:
        found = by_what(list(software.software()))["native engine"]
    finally:
        library._library_or_why_not.cache_clear()
    assert found.state == "note"
    assert "no C compiler here (/nowhere/cc)" in found.found
    assert "apt install gcc" in found.remedy


@pytest.mark.parametrize(("times", "state"), [((1.0, 0.5), "ok"), ((1.0, 0.95), "note"), ((1.0, 19.0), "note")])
def test_bf16_is_fast_only_where_it_is_measured_to_be(
    monkeypatch: pytest.MonkeyPatch, times: tuple[float, float], state: str
) -> None:
    seconds = dict(zip((torch.float32, torch.bfloat16), times, strict=True))
    monkeypatch.setattr(hardware, "_product_seconds", lambda *given: seconds[given[1]])
    found = by_what(list(hardware.hardware()))["bf16 on cpu"]
    assert found.state == state
    assert found.found.startswith("fast" if state == "ok" else "emulated or no faster")


@pytest.mark.parametrize("installed", [True, False])
def test_beside_a_gpu_triton_is_looked_for(monkeypatch: pytest.MonkeyPatch, installed: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "a card")
    monkeypatch.setattr(hardware, "_product_seconds", lambda *_: 1.0)
    monkeypatch.setitem(sys.modules, "triton", SimpleNamespace(__version__="3.6.0") if installed else None)
    found = by_what(list(hardware.hardware()))["fused engine"]
    assert found.state == ("ok" if installed else "note")
    assert ("Triton 3.6.0" if installed else "two to three times as long") in found.found
    assert ("pip install triton" in found.remedy) == (not installed)


def test_products_are_really_timed() -> None:
    assert hardware._product_seconds(torch.device("cpu"), torch.float32) > 0


def test_more_threads_than_cores_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "5000")
    found = by_what(list(hardware.hardware()))["cores"]
    assert (found.state, found.remedy) == ("note", "`unset OMP_NUM_THREADS`")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    # A file where the folder would be made stops root, too; /proc cannot be written by anybody.
    found = by_what(list(places.folders(Path("/proc"), Path("/proc/results"))))
    assert found["results folder"].state == found["reports folder"].state == "missing"
    assert "/proc/results: cannot be written or locked" in found["results folder"].found
    assert "--results" in found["results folder"].remedy
    assert by_what(list(places.folders(tmp_path, tmp_path / "results")))["results folder"].state == "ok"
    assert not any(tmp_path.iterdir())


def test_a_full_disk_is_missing_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = places.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(places.shutil, "disk_usage", lambda _: usage._replace(free=10**8))
    found = by_what(list(places.folders(tmp_path, tmp_path)))["disk"]
    assert (found.state, found.found) == ("missing", "0.1 GB free")


def test_a_torch_that_cannot_be_imported_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    found = list(hardware.hardware())
    assert (found[-1].what, found[-1].state) == ("torch", "missing")
    assert "pip install" in found[-1].remedy
    assert {one.what for one in found} == {"cores", "memory", "torch"}
