"""The kind of a failure decides whether a run is tried again; the line says what to do."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from pkbench.errors import DataError, DataMemoryError, TrainingError
from pkbench.execute import failures
from pkbench.execute.context import Context
from pkbench.execute.failures import Holders, explain, memory_holders, memory_kind
from pkbench.plan.run import Run
from pkbench.store.record import TRANSIENT, CodeIdentity, Invocation, SpecIdentity
from pkbench.train.trainer import DivergedError
from tests.small import small_runs

GIB = 2**30
FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.\nand much about the allocator")


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(
        results=tmp_path,
        spec=SpecIdentity(id="small", title="Small", sha256="0" * 64),
        base=tmp_path,
        profile="quick",
        device="cpu",
        checkpoint_seconds=60.0,
        invocation=Invocation(id="i", started=0.0),
        code=CodeIdentity(version="0", commit=None, dirty=None),
    )


@pytest.fixture
def run() -> Run:
    return small_runs()[0]


def held(monkeypatch: pytest.MonkeyPatch, others: int, total: int = 24 * GIB) -> None:
    monkeypatch.setattr(failures, "memory_holders", lambda _device: Holders(total, GIB, others))


def test_memory_that_others_hold_is_waited_for_and_a_run_too_large_is_not() -> None:
    assert memory_kind(8 * GIB, Holders(24 * GIB, 2 * GIB, 20 * GIB)) == "memory-taken"
    assert memory_kind(8 * GIB, Holders(24 * GIB, 23 * GIB, GIB)) == "out-of-memory"
    assert memory_kind(30 * GIB, Holders(24 * GIB, 2 * GIB, 20 * GIB)) == "out-of-memory"
    assert "memory-taken" in TRANSIENT
    assert "out-of-memory" not in TRANSIENT


def test_the_machines_memory_is_seen() -> None:
    found = memory_holders(torch.device("cpu"))
    assert 0 < found.own < found.total
    assert 0 <= found.others < found.total


def test_out_of_memory_suggests_parts_where_the_engine_has_them(
    run: Run, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    held(monkeypatch, 0)
    kind, message = explain(FULL, run, context, 1)
    assert (kind, message) == (
        "out-of-memory",
        "out of memory: CUDA out of memory. Tried to allocate 20.00 MiB.; --accumulate auto computes the same batches in "
        "parts (with --retry-failed, where it has failed before)",
    )
    assert "--accumulate" not in explain(FULL, run, context, None)[1], "native and batch-last have none"
    assert "--accumulate" not in explain(FULL, run, context, 16)[1], "there is nothing left to divide"
    assert "a machine with more memory" in explain(FULL, run, context, 16)[1]


def test_who_else_holds_memory_is_said(run: Run, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    held(monkeypatch, 20 * GIB)
    kind, message = explain(FULL, run, dataclasses.replace(context, jobs=3), None)
    assert kind == "memory-taken"
    assert message.endswith("others hold 20.0 of 24.0 GiB; fewer than --jobs 3 need less")
    kind, message = explain(DataMemoryError("data set digits does not fit"), run, context, None)
    assert kind == "memory-taken"
    assert message.startswith("data set digits does not fit; others hold")


def test_other_causes(run: Run, context: Context) -> None:
    assert explain(DivergedError("the loss became nan"), run, context, 1) == ("diverged", "the loss became nan")
    assert explain(OSError(24, "Too many open files"), run, context, 1)[0] == "system-error"
    assert explain(ValueError("a bug"), run, context, 1) == ("error", "ValueError: a bug")
    assert explain(TrainingError("it cannot go on"), run, context, 1) == ("error", "it cannot go on")


def test_data_that_is_not_what_was_planned_has_gone(
    run: Run, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = DataError("1 of 40 images cannot be used")
    assert explain(fault, run, context, 1)[0] == "data-gone", "the small runs' checksum is made up"
    monkeypatch.setattr(failures, "checksum", lambda *_: "0" * 64)
    assert explain(fault, run, context, 1) == ("error", "1 of 40 images cannot be used"), "the same bytes fail again"

    def absent(*_: object) -> str:
        raise DataError("not there")

    monkeypatch.setattr(failures, "checksum", absent)
    assert explain(fault, run, context, 1)[0] == "data-gone"
