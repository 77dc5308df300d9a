"""Why a run could not end: the kind of its failure, which says whether it is tried again unasked, and one line for people."""

from __future__ import annotations

import resource
from dataclasses import dataclass

import psutil
import torch

from pkbench.data.faults import one_line
from pkbench.data.identity import checksum
from pkbench.errors import DataError, DataMemoryError, ExtensionError, PkbenchError
from pkbench.execute.context import Context
from pkbench.plan.estimate import training_bytes
from pkbench.plan.run import Run
from pkbench.store.record import FailureKind
from pkbench.train.memory import is_out_of_memory
from pkbench.train.trainer import DivergedError

_LONGEST = 300
"""Characters of what a library said: PyTorch explains its allocator at length."""
_OTHERS_SHARE = 0.1
"""Part of a device's memory that others must hold for the failure to be laid at their door: a desktop's own few per cent,
and the CUDA context of this process, which PyTorch does not count, do not keep a run from ending."""


@dataclass(frozen=True, slots=True)
class Holders:
    """Who held a device's memory, in bytes."""

    total: int
    own: int
    others: int


def explain(error: Exception, run: Run, context: Context, parts: int | None) -> tuple[FailureKind, str]:
    """Kind and reason of the failure of ``run`` by ``error``.

    ``parts`` says in how many parts its engine computed batches, ``None`` where it can have them in one piece alone.
    """
    if isinstance(error, DivergedError):
        return "diverged", error.message
    cause = error.__cause__ if isinstance(error, ExtensionError) else error
    if (cause is not None and is_out_of_memory(cause)) or isinstance(error, DataMemoryError):
        holders = memory_holders(torch.device(context.device))
        kind = memory_kind(training_bytes(run, -(-run.train.batch_size // (parts or 1))), holders)
        message = error.message if isinstance(error, PkbenchError) else f"out of memory: {_first_line(error)}"
        return kind, f"{message}; {_way_out(kind, run, context, parts, holders)}"
    if isinstance(error, DataError) and not data_as_planned(run, context):
        return "data-gone", error.message
    if isinstance(error, OSError):
        return "system-error", f"{type(error).__name__}: {_first_line(error)}"
    return "error", error.message if isinstance(error, PkbenchError) else f"{type(error).__name__}: {error}"


def memory_holders(device: torch.device) -> Holders:
    """Who holds the memory of ``device`` now: on a GPU by its driver, else by the system."""
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        own = torch.cuda.memory_reserved(device)
    else:
        memory = psutil.virtual_memory()
        free, total = memory.available, memory.total
        own = psutil.Process().memory_info().rss
        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if 0 <= limit < total:
            # A limit is this process's alone.
            return Holders(limit, own, 0)
    return Holders(total, own, max(0, total - free - own))


def memory_kind(needed: int, holders: Holders) -> FailureKind:
    """Whether ``needed`` bytes would not fit in any case, or were taken by others."""
    fits = needed <= holders.total
    return "memory-taken" if fits and holders.others > _OTHERS_SHARE * holders.total else "out-of-memory"


def data_as_planned(run: Run, context: Context) -> bool:
    """Whether the files of the run's data set are there and still those its id was made of."""
    try:
        found: bool = checksum(run.data, context.base) == run.config["data"]["checksum"]
    except DataError:
        return False
    return found


def _way_out(kind: FailureKind, run: Run, context: Context, parts: int | None, holders: Holders) -> str:
    """What to do about it."""
    advice = []
    if kind == "memory-taken":
        advice.append(f"others hold {holders.others / 2**30:.1f} of {holders.total / 2**30:.1f} GiB")
    if context.jobs > 1:
        advice.append(f"fewer than --jobs {context.jobs} need less")
    if parts is not None and parts < run.train.batch_size:
        advice.append(
            "--accumulate auto computes the same batches in parts (with --retry-failed, where it has failed before)"
        )
    return "; ".join(advice) or "it needs a machine with more memory"


def _first_line(error: Exception) -> str:
    text = one_line(next(iter(str(error).strip().splitlines()), "") or type(error).__name__)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
