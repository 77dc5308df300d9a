"""What all runs of one command share, and the record's account of machine and code."""

from __future__ import annotations

import platform
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from pkbench import __version__
from pkbench.plan.engine import AUTO
from pkbench.store.code import package_sha256
from pkbench.store.record import CodeIdentity, Environment, Invocation, SpecIdentity


@dataclass(frozen=True, slots=True)
class Context:
    """One command's circumstances; plain values, sent to worker processes as they are."""

    results: Path
    spec: SpecIdentity
    base: Path
    """Folder of the spec file: relative data paths start there."""
    profile: str
    device: str
    """A torch device: ``cpu``, ``cuda``, ``cuda:1``, ``mps``."""
    checkpoint_seconds: float
    """Wall time between two checkpoints of a run; infinite where only epochs count."""
    invocation: Invocation
    code: CodeIdentity
    engine: str = AUTO
    """Engine asked for: a name, or the choice of :mod:`pkbench.plan.engine`."""
    jobs: int = 1
    """Runs at once."""
    stack: int | None = None
    """Most runs in a stack that were asked for; ``None``: as many as are measured to be fastest."""
    checkpoint_epochs: int | None = None
    """Epochs between two checkpoints of a run besides."""
    retry_failed: bool = False
    """Whether runs that failed before this command are tried again."""
    accumulate: int | None = 1
    """Parts that batches are computed in for want of memory; ``None``: as many as memory demands."""
    keep_weights: frozenset[str] = frozenset()
    """Ids of runs whose final weights are kept, because a comparison needs them."""


def new_invocation() -> Invocation:
    """A fresh identity for this command."""
    return Invocation(id=uuid.uuid4().hex, started=time.time())


def code_identity() -> CodeIdentity:
    """Version and hash of the package, and commit and cleanliness of its checkout where it has one."""
    folder = Path(__file__).resolve().parent
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None or _git(folder, "ls-files", "--error-unmatch", str(Path(__file__).resolve())) is None:
        # No checkout, or one that merely contains the environment pkbench is installed in.
        return CodeIdentity(version=__version__, commit=None, dirty=None, files_sha256=package_sha256())
    # Of the package only: the spec and the data have checksums of their own in the record.
    status = _git(folder, "status", "--porcelain", "--", str(folder.parent))
    return CodeIdentity(version=__version__, commit=commit, dirty=bool(status), files_sha256=package_sha256())


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed program and arguments
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the user's git, from PATH
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def environment(device: str, threads: int) -> Environment:
    """This machine and the libraries in use. An allow-list: no environment variables, no host or user names."""
    import numpy as np
    import psutil
    import torch

    kind = torch.device(device)
    return Environment(
        python=platform.python_version(),
        torch=str(torch.__version__),
        numpy=np.__version__,
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        processor=_processor(),
        cores=psutil.cpu_count() or 1,
        device=torch.cuda.get_device_name(kind) if kind.type == "cuda" else kind.type,
        threads=threads,
    )


def _processor() -> str:
    """Name of the CPU as the system gives it."""
    if sys.platform == "linux":
        try:
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
        except OSError:
            pass
    return platform.processor() or platform.machine()
