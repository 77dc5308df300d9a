"""Memory that runs out: of the process by a limit, of a GPU as PyTorch says it, of the machine by the kernel's killer."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from pkbench.execute.events import EpochEnded, Event, RunStarted
from pkbench.execute.prepare import Prepared, Selection
from pkbench.execute.session import Options, Session
from pkbench.spec.load import load_spec
from pkbench.train.engines import reference
from tests.execute.test_session import LONG, Watched, children_of
from tests.small import write_small

from .commands import TIMEOUT, environment, essences_in, pkbench, records_in
from .conftest import Torture

ONE = Selection(only=("narrow/0",))

LIMITED = """
import resource, sys
from pathlib import Path
from pkbench.cli.main import main
from pkbench.execute.prepare import Selection
from tests.torture.test_memory import Dividing

# All that is loaded with a first run is in memory before the limit is set.
Dividing(1).run(Path(sys.argv.pop(1)), selection=Selection(only=("narrow/0",)))
mapped = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmSize"))
resource.setrlimit(resource.RLIMIT_AS, (1024 * mapped + int(sys.argv.pop(1)) * 2**20,) * 2)
main()
"""
"""The command in a process that may map so many MiB more than it has after a run."""

WIDE = (("S = 4\nC = 6", "S = 4\nC = 1024"), ("batch_size = 128", "batch_size = 1280"), ("epochs = 2", "epochs = 1"))
"""A batch of these needs several hundred MiB."""
ROOM = 100


def limited(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    first = write_small(folder / "first")
    words = ["run", "small", "--no-mlflow", "--only", "narrow/0", "--jobs", "1", "--engine", "reference", *arguments]
    # What is freed goes back to the system, where the allocator would else keep it for blocks of other sizes.
    given = environment(MALLOC_ARENA_MAX="1", MALLOC_MMAP_THRESHOLD_="65536")
    return subprocess.run(
        [sys.executable, "-c", LIMITED, str(first), str(ROOM), *words],
        cwd=folder, env=given, capture_output=True, text=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on address space is Linux's")
def test_a_limit_on_the_process(tmp_path: Path, torture: Torture) -> None:
    torture.only_full()
    write_small(tmp_path, *WIDE)
    done = limited(tmp_path)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    (failed,) = records_in(tmp_path / "results").values()
    assert failed.failure is not None
    assert failed.failure.kind == "out-of-memory"
    assert "--accumulate auto" in failed.failure.message
    assert failed.failure.message in done.stdout
    skipped = limited(tmp_path)
    assert "1 failed before" in skipped.stdout, "a run that is too large for this process is not tried again unasked"
    with_room = ("run", "small", "--no-mlflow", "--only", "narrow/0", "--retry-failed", "--accumulate", "4")
    again = pkbench(*with_room, cwd=tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    (record,) = records_in(tmp_path / "results").values()
    assert (record.status, record.accumulated) == ("finished", 4)
    torture.tell("address space limited (RLIMIT_AS) below what a batch needs", 1, "nothing: --retry-failed, with room")


class Dividing(Watched):
    """A session by the reference engine that may divide its batches."""

    def __init__(self, parts: int | None) -> None:
        super().__init__()
        self.parts = parts

    def run(
        self, spec: Path, jobs: int = 1, selection: Selection | None = None, checkpoint_seconds: float = 60.0
    ) -> Prepared:
        folder = spec.parent.parent / "results"
        options = Options(folder, "cpu", jobs, checkpoint_seconds, engine="reference", accumulate=self.parts)
        return Session(load_spec(spec), selection or Selection(), options).run(self.emit, lambda: self.stop)


@pytest.fixture
def small_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's own error for every batch of more than 40 images: there is no GPU here to fill."""
    real = reference.training_loss

    def loss(logits: torch.Tensor, *others: Any) -> torch.Tensor:
        if len(logits) > 40:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity")
        return real(logits, *others)

    monkeypatch.setattr(reference, "training_loss", loss)


def test_a_gpu_that_is_too_small(tmp_path: Path, small_gpu: None, torture: Torture) -> None:
    spec = write_small(tmp_path)
    first = Dividing(1)
    first.run(spec, selection=ONE)
    (failed,) = records_in(tmp_path / "results").values()
    assert failed.failure is not None
    assert failed.failure.kind in ("out-of-memory", "memory-taken"), "others may well hold memory of this machine"
    assert "--accumulate auto computes the same batches in parts" in failed.failure.message
    for parts in (None, 4):
        again = Dividing(parts)
        again.run(spec, selection=Selection(only=ONE.only, retry_failed=True, fresh=True))
        (record,) = records_in(tmp_path / "results").values()
        assert (record.status, record.accumulated, record.engine) == ("finished", 4, "reference")
        assert [note for note in again.notes if "4 parts of up to 32 images" in note]
    torture.tell("CUDA out of memory (simulated), then --accumulate auto and 4", 3, "nothing")


def test_parts_are_remembered_over_a_stop(tmp_path: Path, small_gpu: None) -> None:
    spec = write_small(tmp_path, LONG)
    stopped = Dividing(None)

    def stop(event: Event) -> None:
        stopped.stop = stopped.stop or (isinstance(event, EpochEnded) and event.result.epoch == 2)

    stopped.on_event = stop
    stopped.run(spec, selection=ONE)
    assert stopped.ended("interrupted")
    Dividing(8).run(spec, selection=ONE)
    (record,) = records_in(tmp_path / "results").values()
    assert (record.status, record.accumulated) == ("finished", 8)
    assert record.resumed_after


def test_killed_workers(tmp_path: Path, torture: Torture) -> None:
    """What the kernel's out-of-memory killer does, at random moments; whatever it cost, the next command mends it."""
    whole = write_small(tmp_path / "whole", LONG)
    Watched().run(whole)
    chance = random.Random(0)
    wanted, kills, rounds = torture.times(short=3, full=40), 0, 0
    while kills < wanted:
        rounds += 1
        spec = write_small(tmp_path / str(rounds), LONG)
        watched = Watched()

        def kill(event: Event) -> None:
            nonlocal kills
            if kills < wanted and isinstance(event, EpochEnded | RunStarted) and chance.random() < 0.1:
                kills += 1
                chance.choice(children_of(psutil.Process())).kill()

        watched.on_event = kill
        watched.run(spec, jobs=2, checkpoint_seconds=0.5)
        watched.on_event = lambda _: None
        watched.run(spec)
        assert essences_in(spec.parent.parent / "results") == essences_in(tmp_path / "whole" / "results")
    torture.tell("workers killed (SIGKILL) at random epochs", kills, "at most a checkpoint interval each")


def test_what_was_killed_too_often_is_recorded_and_tried_again_unasked(tmp_path: Path, torture: Torture) -> None:
    spec, whole = write_small(tmp_path, LONG), write_small(tmp_path / "whole", LONG)
    two = Selection(only=("*/0",))
    watched = Watched()

    def kill_always(event: Event) -> None:
        if isinstance(event, RunStarted):
            for child in children_of(psutil.Process()):
                child.kill()

    watched.on_event = kill_always
    watched.run(spec, jobs=2, selection=two)
    failures = [record.failure for record in records_in(tmp_path / "results").values() if record.failure]
    assert {failure.kind for failure in failures} == {"worker-killed"}
    again = Watched()
    prepared = again.run(spec, selection=two)
    reasons = [decision.reason for decision in prepared.decisions if decision.state == "failed"]
    assert len(reasons) == len(failures) > 0
    assert all(reason.endswith("the cause may have gone: tried again") for reason in reasons)
    Watched().run(whole, selection=two)
    assert essences_in(tmp_path / "results") == essences_in(tmp_path / "whole" / "results")
    torture.tell(
        "workers killed each time they start a run", len(failures), "nothing: the next command tries them again"
    )


def test_a_loss_that_is_no_number_is_final(tmp_path: Path, torture: Torture) -> None:
    sgd = 'kind = "sgd"\nlr = [1e30, 0.01]\nweight_decay = 0.0\nmomentum = 0.0\nnesterov = false'
    adamw = 'kind = "adamw"\nlr = [0.01]\nweight_decay = 0.01\nbetas = [0.9, 0.999]\neps = 1e-8'
    spec = write_small(tmp_path, (adamw, sgd))
    watched = Watched()
    watched.run(spec, selection=ONE)
    assert (len(watched.ended("failed")), len(watched.ended("finished"))) == (1, 1)
    prepared = Watched().run(spec, selection=ONE)
    (decision,) = (decision for decision in prepared.decisions if decision.state == "failed")
    assert (decision.action, "--retry-failed tries again" in decision.reason) == ("skip", True)
    (failed,) = (record for record in records_in(tmp_path / "results").values() if record.failure)
    assert failed.failure is not None
    assert failed.failure.kind == "diverged"
    torture.tell("a loss that becomes NaN", 1, "nothing: the others go on, and it is not tried again unasked")
