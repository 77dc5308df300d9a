"""The width of stacks is what was measured to be fastest, and never one that was slower."""

from pathlib import Path
from typing import Any

import pytest
import torch

from pkbench.execute.prepare import Selection
from pkbench.execute.stack_width import StackWidths
from pkbench.execute.stacking import free_memory, stacking_here
from pkbench.plan.stack import Group
from tests.small import small_runs, small_spec, write_small

from .test_stacked import Stacked, how

CPU = torch.device("cpu")


def widths(monkeypatch: pytest.MonkeyPatch, seconds: dict[int, float | Exception]) -> tuple[StackWidths, list[int]]:
    """With these times of a step by the number of runs, and the numbers that are timed."""
    timed: list[int] = []

    def measured(_self: StackWidths, runs: Group, name: str) -> float:
        timed.append(len(runs))
        assert name == ("auto" if len(runs) == 1 else "batch-last")
        found = seconds[len(runs)]
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(StackWidths, "_seconds", measured)
    return StackWidths("auto", CPU), timed


def group(n: int) -> Group:
    return tuple((small_runs() * n)[:n])


@pytest.mark.parametrize(
    ("seconds", "runs", "best", "timed"),
    [
        ({1: 1.0, 4: 2.0, 16: 4.0, 64: 8.0}, 100, 64, [1, 4, 16, 64]),
        ({1: 1.0, 4: 2.0, 16: 4.0, 64: 17.0}, 100, 16, [1, 4, 16, 64]),
        ({1: 1.0, 4: 2.0, 16: 9.0}, 100, 4, [1, 4, 16]),
        ({1: 1.0, 4: 2.0, 6: 2.5}, 6, 6, [1, 4, 6]),
        ({1: 1.0, 2: 1.0}, 2, 2, [1, 2]),
        ({1: 1.0, 4: 3.7}, 4, 1, [1, 4]),
        ({1: 1.0, 4: 9.0}, 100, 1, [1, 4]),
        ({1: 1.0, 4: 2.0, 16: torch.OutOfMemoryError()}, 100, 4, [1, 4, 16]),
        ({1: 1.0, 4: MemoryError()}, 100, 1, [1, 4]),
    ],
)
def test_the_fastest_is_chosen(
    monkeypatch: pytest.MonkeyPatch, seconds: dict[int, float | Exception], runs: int, best: int, timed: list[int]
) -> None:
    found, asked = widths(monkeypatch, seconds)
    assert found.of(group(runs)) == best
    assert asked == timed
    assert found.of(group(runs)) == best
    assert asked == timed, "measured once"


@pytest.mark.parametrize("train", [{}, {"stochastic_depth": 0.2}], ids=str)
def test_real_steps_are_timed(train: dict[str, Any]) -> None:
    runs = tuple(small_runs(**train)[:3])
    assert StackWidths("auto", CPU).of(runs) in {1, 3}


@pytest.mark.parametrize(("width", "expected"), [(1, {("batch-last", None)}), (3, {("batch-last", 3)})])
def test_a_session_stacks_what_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int, expected: set[tuple[str, int | None]]
) -> None:
    monkeypatch.setattr(StackWidths, "of", lambda _self, _runs: width)
    spec = write_small(tmp_path)
    Stacked(None).run(spec, selection=Selection())
    assert how(spec) == expected


def test_on_a_cpu_no_clock_chooses_an_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also not for runs that the native engine cannot compute: engines round differently."""

    def never(_self: StackWidths, _runs: Group) -> int:
        pytest.fail("timed")

    monkeypatch.setattr(StackWidths, "of", never)
    spec = write_small(tmp_path, ("batch_size = 128", "batch_size = 128\nstochastic_depth = 0.1"))
    Stacked(None, "auto").run(spec, selection=Selection(only=("*/0",)))
    assert how(spec) == {("reference", None)}


def test_what_stacks_depend_on_here() -> None:
    claims = small_spec().claim
    assert stacking_here("batch-last", "cpu", None, 2, claims).memory > 2**20
    assert stacking_here("batch-last", "cpu", 4, 2, claims).wanted == 4
    assert 2**20 < free_memory("cpu") < 2**50
