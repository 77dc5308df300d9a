"""``pkbench bench`` on models of a few numbers: what is measured, written, refused and compared; never how fast."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from click.testing import Result
from typer.testing import CliRunner

from pkbench.bench import cases, ceilings, measure, run
from pkbench.bench.results import Rate, Row, read, to_json
from pkbench.cli import bench as command
from pkbench.cli.main import app
from pkbench.errors import UsageError
from pkbench.sizes.base import Shape
from pkbench.sizes.sparse import SparseShape
from tests.bench.small import MIXER, S_MIXER, SPARSE, compile_at_once
from tests.small import ON_CPU


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "CASES", (MIXER, S_MIXER, SPARSE))
    monkeypatch.setattr(ceilings, "COPY_BYTES", 4096)
    monkeypatch.setattr(run, "RATE_SECONDS", 0.001)
    monkeypatch.setattr(run, "QUICK_RATE_SECONDS", 0.001)
    monkeypatch.setattr(measure, "SAMPLE_SECONDS", 0.0)
    compile_at_once(monkeypatch)


def bench(*options: str) -> Result:
    return CliRunner().invoke(app, ["bench", "--rounds", "2", "--threads", "1", "--device", "cpu", *options])


def refused(case: str, row: Row) -> bool:
    """Whether an engine of ours says that it is not for this."""
    mixers_only = case == "tiny-sw" and row.owner == "ours" and "reference" not in row.variant
    return mixers_only or "fused" in row.variant


def test_every_variant_has_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("timm")
    monkeypatch.setattr(ceilings, "bf16_refusal", lambda _: None)
    monkeypatch.setattr(run, "bf16_refusal", lambda _: None)
    copy = tmp_path / "copy.json"
    shapes = [f"--shape={case.name}" for case in (MIXER, SPARSE)]
    done = bench(*shapes, "--out", str(tmp_path / "out"), "--json", str(copy), "--stack", "2")
    assert done.exit_code == 0, done.output
    found = read(tmp_path / "out" / "bench.json")
    assert read(copy) == found
    assert [case.case for case in found.cases] == ["tiny", "tiny-sw"]
    assert (found.made.rounds, found.made.threads, found.made.quick) == (2, 1, False)
    for case in found.cases:
        assert {floor.precision for floor in case.floors} == {"fp32", "bf16"}
        for row in case.rows:
            if refused(case.case, row):
                assert row.reason is not None, row.variant
                continue
            assert row.reason is None, f"{row.variant}: {row.reason}"
            assert len(row.samples) == 2
            assert (row.rp_ratio is None) == (row.normal is None)
            assert row.graphs == (2 if row.compiled else 0)
            assert row.recompiles == 0
            assert (row.compile_seconds is None) == (not row.compiled)
            assert row.peak_kind == "step peak"
            assert row.variant in done.stdout
    assert (tmp_path / "out" / "bench.svg").exists()


def test_without_timm_and_fast_bf16_the_rest_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm.models.mlp_mixer", None)
    monkeypatch.setattr(run, "bf16_refusal", lambda _: "bf16 GEMM is no faster here")
    done = bench("--quick", "--shape", "tiny", "--out", str(tmp_path))
    assert done.exit_code == 0, done.output
    assert "not timed: timm eager; timm compiled; timm eager, DataLoader (timm is not installed" in done.stdout
    (case,) = read(tmp_path / "bench.json").cases
    reasons = {row.variant: row.reason for row in case.rows}
    assert reasons["ours reference, bf16"] == reasons["timm eager, autocast"] == "bf16 GEMM is no faster here"
    ran = {row.variant for row in case.rows if row.step is not None}
    ours = {f"ours{rp} {engine}" for rp in ("", " RP") for engine in ON_CPU}
    assert ran == ours | {"plain RP eager"}
    assert reasons["plain RP compiled"] == run.LEFT_OUT


def test_compare_fails_where_a_row_is_slower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "bf16_refusal", lambda _: "slow")
    old = tmp_path / "old.json"
    options = ("--shape", "tiny-sw", "--out", str(tmp_path / "out"), "--rounds", "5")
    assert bench(*options, "--json", str(old)).exit_code == 0
    before = read(old)

    def with_samples(factor: float) -> str:
        rows = [
            row.model_copy(update={"samples": tuple(factor * row.step.median for _ in row.samples)})
            for row in before.cases[0].rows
            if row.step is not None
        ]
        return to_json(before.model_copy(update={"cases": (before.cases[0].model_copy(update={"rows": tuple(rows)}),)}))

    # A thousand times quicker and slower than it was: no noise is as large.
    for factor, code, verdict in ((1e-3, 1, "slower, fails"), (1e3, 0, "faster")):
        old.write_text(with_samples(factor))
        done = bench(*options, "--compare", str(old))
        assert done.exit_code == code, done.output
        assert verdict in done.stdout
        assert "old / new" in (tmp_path / "out" / "bench.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--shape", "nothing"], "--shape nothing is no shape"),
        (["--shape", "tiny", "--engine", "warp"], "--engine warp is no engine"),
        (["--shape", "tiny", "--compare", "missing.json"], "cannot read missing.json"),
        (["--shape", "tiny", "--device", "cuda:77"], "--device cuda:77 is not available here"),
    ],
)
def test_bad_options_are_said_before_the_work(options: list[str], says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(run, "benchmark", never)
    done = bench(*options)
    assert isinstance(done.exception, UsageError)
    assert says in done.exception.message
    assert done.exception.exit_code == 2


def test_the_default_folder_is_the_one_documented() -> None:
    assert Path("reports/bench") == command.OUT


def test_only_some_rows_at_another_batch(tmp_path: Path) -> None:
    done = bench("--shape=tiny", "--only=ours native", "--only=RP reference", "--batch=5", "--out", str(tmp_path))
    assert done.exit_code == 0, done.output
    (case,) = read(tmp_path / "bench.json").cases
    assert case.batch == 5
    assert {row.variant for row in case.rows} == {"ours native", "ours native, bf16", *rp_reference(case.rows)}


def rp_reference(rows: Sequence[Row]) -> set[str]:
    found = {row.variant for row in rows if "RP reference" in row.variant}
    assert "ours RP reference" in found
    return found


def test_what_was_measured_stays_if_a_later_shape_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = run.measure_rates

    def ended(shape: Shape, batch: int, device: torch.device, *, seconds: float) -> tuple[Rate, ...]:
        if isinstance(shape, SparseShape):
            raise KeyboardInterrupt
        return measured(shape, batch, device, seconds=seconds)

    monkeypatch.setattr(run, "measure_rates", ended)
    bench("--shape=tiny", "--shape=tiny-sw", "--only=reference", "--out", str(tmp_path))
    assert [case.case for case in read(tmp_path / "bench.json").cases] == ["tiny"]


@pytest.mark.parametrize(
    ("shapes", "only", "said"),
    [
        (["tiny"], ["ours natural"], "--only 'ours natural' is in no row's name"),
        (["tiny"], ["ours", "timm compiled, bf16"], "--only 'timm compiled, bf16' is in no row's name"),
        (["tiny", "tiny-sw"], ["timm eager"], "--only 'timm eager' is in no row's name of tiny-sw"),
    ],
)
def test_no_row_of_that_name_is_said_before_anything_is_timed(
    shapes: list[str], only: list[str], said: str, tmp_path: Path
) -> None:
    done = bench(*(f"--shape={name}" for name in shapes), *(f"--only={name}" for name in only), "--out", str(tmp_path))
    assert isinstance(done.exception, UsageError)
    assert said in str(done.exception)
    assert not list(tmp_path.iterdir())
