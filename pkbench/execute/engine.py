"""Which engine a run gets on this machine, without importing torch."""

from __future__ import annotations

from pkbench.native.library import available
from pkbench.plan.engine import candidates
from pkbench.plan.run import Run


def engine_here(wanted: str, run: Run, device: str) -> str | None:
    """The first of the engines that may compute ``run`` on a kind of device and that is to be had here, if there is one."""
    return next((name for name in candidates(wanted, run, device) if name != "native" or available()), None)
