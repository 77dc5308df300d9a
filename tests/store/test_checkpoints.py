"""Checkpoints on disk: the newest that is sound is found, whatever was done to the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pkbench.store.checkpoints import CheckpointInfo, Checkpoints, _opened, _sealed

from .factory import make_epoch

RUN = "0123456789abcdef"


def info(step: int) -> CheckpointInfo:
    history = tuple(make_epoch(epoch) for epoch in range(1, step // 10 + 1))
    return CheckpointInfo(run_id=RUN, step=step, sha256="", history=history, resumed_after=(), started=1.5)


def saved(folder: Path, *steps: int) -> Checkpoints:
    checkpoints = Checkpoints(folder, RUN)
    for step in steps:
        checkpoints.save({"weights": torch.full((3,), float(step))}, info(step))
    return checkpoints


def names(checkpoints: Checkpoints) -> list[str]:
    return sorted(path.name for path in checkpoints.folder.iterdir())


def loaded_step(checkpoints: Checkpoints) -> tuple[int | None, int]:
    """The step that was found, proven by the tensors, and how many problems were told."""
    found, problems = checkpoints.load()
    if found is None:
        return None, len(problems)
    assert found.state["weights"].tolist() == [found.info.step] * 3
    return found.info.step, len(problems)


def test_the_newest_two_are_kept(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, 5, 10, 20)
    assert [name[:17] for name in names(checkpoints)] == ["step-000000000010"] * 2 + ["step-000000000020"] * 2
    assert loaded_step(checkpoints) == (20, 0)
    progress = checkpoints.progress()
    assert progress is not None
    assert [epoch.epoch for epoch in progress.history] == [1, 2]


def test_of_states_after_as_many_steps_none_replaces_another(tmp_path: Path) -> None:
    """After an epoch's last step, after its evaluation, after its measuring: each in files of its own."""
    checkpoints = saved(tmp_path, 10)
    before = {path.name: path.read_bytes() for path in checkpoints.folder.iterdir()}
    checkpoints.save({"weights": torch.full((3,), 10.0)}, info(10).model_copy(update={"resumed_after": (1,)}))
    after = {path.name: path.read_bytes() for path in checkpoints.folder.iterdir()}
    assert len(after) == 4
    assert after.items() > before.items()
    found, _ = checkpoints.load()
    assert found is not None
    assert found.info.resumed_after == (1,)


def test_a_damaged_one_takes_no_sound_ones_place(tmp_path: Path) -> None:
    """What is damaged is gone once it was found: the two that are kept from then on are sound."""
    checkpoints = saved(tmp_path, 10, 20)
    (newest,) = checkpoints.folder.glob("step-000000000020-*.pt")
    newest.write_bytes(b"")
    assert loaded_step(checkpoints) == (10, 1)
    assert not list(checkpoints.folder.glob("step-000000000020-*"))
    saved(tmp_path, 15, 18)
    (newest,) = checkpoints.folder.glob("step-000000000018-*.json")
    newest.write_bytes(b"")
    assert loaded_step(checkpoints) == (15, 1)


def test_what_a_killed_writer_left_is_no_checkpoint_and_is_deleted(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, 10)
    whole = names(checkpoints)
    (checkpoints.folder / "step-000000000020-000002.pt").write_bytes(b"tensors without their JSON file")
    (checkpoints.folder / ".step-000000000030-000003.pt.abc123.tmp").write_bytes(b"half")
    assert loaded_step(checkpoints) == (10, 0)
    assert names(checkpoints) == whole


def test_a_checkpoint_of_another_run_is_none(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, 10)
    checkpoints.folder.rename(tmp_path / ("f" * 16))
    assert loaded_step(Checkpoints(tmp_path, "f" * 16)) == (None, 1)


def test_one_that_cannot_be_read_at_this_moment_is_not_deleted(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path, 10, 20)
    (newest,) = checkpoints.folder.glob("step-000000000020-*.json")
    newest.unlink()
    newest.mkdir()  # a read that fails as on a network that is gone
    found, (problem,) = checkpoints.load()
    assert found is not None
    assert found.info.step == 10
    assert "cannot be read" in problem
    assert newest.exists()


@given(st.integers(0, len(_sealed(info(30))) - 1), st.integers(1, 255))
@settings(max_examples=300, deadline=None)
def test_no_changed_byte_changes_the_metrics_so_far(position: int, change: int) -> None:
    raw = bytearray(_sealed(info(30)))
    raw[position] ^= change
    try:
        found = _opened(bytes(raw))
    except ValueError:
        return
    assert found == info(30)


@given(st.integers(0, len(_sealed(info(30))) - 2))
def test_no_truncated_one_is_taken(length: int) -> None:
    with pytest.raises(ValueError, match="not a whole checkpoint"):
        _opened(_sealed(info(30))[:length])


@pytest.mark.parametrize("raw", [b"", b"null", b"[]", b"3", b"\0" * 500, b"[" * 100_000, b'{"checkpoint": {}}'])
def test_nothing_else_is_taken(raw: bytes) -> None:
    with pytest.raises(ValueError, match="not a whole checkpoint"):
        _opened(raw)


def test_a_sealed_one_of_another_format_is_refused() -> None:
    content = json.loads(_sealed(info(10)))
    assert _opened(json.dumps(content).encode()) == info(10)
    content["checkpoint"]["step"] = 11
    with pytest.raises(ValueError, match="checksum"):
        _opened(json.dumps(content).encode())
