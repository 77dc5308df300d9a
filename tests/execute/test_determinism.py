"""The same run id on one machine's CPU: the same bytes, whatever is not in the id."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pkbench.execute.prepare import Selection
from pkbench.execute.session import Options, Session
from pkbench.native.library import available
from pkbench.spec.load import load_spec
from tests.essence import essences_in, records_in
from tests.small import ON_CPU, write_small
from tests.store.processes import start_pkbench

BF16 = ('precision = "fp32"', 'precision = "bf16"')
THREADS = ("cpu_threads = 1", "cpu_threads = 2")
ONE = Selection(only=("*/0",))


def computed(spec: Path, results: Path, options: Options | None = None) -> dict[str, dict[str, object]]:
    """Both models with seed 0."""
    Session(load_spec(spec), ONE, options or Options(results, "cpu", 1)).run(lambda _: None, lambda: False)
    found = essences_in(results)
    assert len(found) == 2
    assert all(record["weights_sha256"] for record in found.values())
    return found


@pytest.mark.parametrize("engine", ON_CPU)
def test_the_same_run_twice_is_the_same_bytes(engine: str, tmp_path: Path) -> None:
    if engine == "native" and not available():
        pytest.skip("no C compiler here")
    spec = write_small(tmp_path)
    first, second = (
        computed(spec, tmp_path / name, Options(tmp_path / name, "cpu", 1, engine=engine)) for name in ("one", "two")
    )
    assert first == second
    assert {record.engine for record in records_in(tmp_path / "one").values()} == {engine}


def test_bfloat16_repeats_itself(tmp_path: Path) -> None:
    spec = write_small(tmp_path, BF16)
    assert computed(spec, tmp_path / "one") == computed(spec, tmp_path / "two")
    exact = computed(write_small(tmp_path), tmp_path / "exact")
    assert not exact.keys() & essences_in(tmp_path / "one").keys()


def test_checkpoints_change_nothing(tmp_path: Path) -> None:
    spec = write_small(tmp_path)
    often = Options(tmp_path / "often", "cpu", 1, checkpoint_seconds=0.0, checkpoint_epochs=1)
    never = Options(tmp_path / "never", "cpu", 1, checkpoint_seconds=float("inf"))
    assert computed(spec, tmp_path / "often", often) == computed(spec, tmp_path / "never", never)


@pytest.mark.skipif(sys.platform == "darwin", reason="PyTorch has no OpenMP there")
def test_threads_are_the_recipes_whatever_the_environment_says(tmp_path: Path) -> None:
    found = []
    for number in ("1", "3"):
        spec = write_small(tmp_path / number, THREADS, ("epochs = 2", "epochs = 1"))
        variables = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), number)
        how = ("--jobs", "1", "--no-mlflow", "--only", "narrow/0", "--engine", "reference")
        process = start_pkbench("run", spec, *how, **variables)
        _, err = process.communicate(timeout=400)  # threads wait for each other, on a busy machine for long
        assert process.returncode == 0, err
        found.append(essences_in(tmp_path / number / "results"))
        assert {record.environment.threads for record in records_in(tmp_path / number / "results").values()} == {2}
    assert len(found[0]) == 1
    assert found[0] == found[1]


def test_another_number_of_threads_is_another_run(tmp_path: Path) -> None:
    one = computed(write_small(tmp_path), tmp_path / "one")
    two = computed(write_small(tmp_path, THREADS), tmp_path / "two")
    assert not one.keys() & two.keys()
