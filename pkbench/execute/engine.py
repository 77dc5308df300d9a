"""Which engine a run gets on this machine, without importing torch."""

from __future__ import annotations

from pkbench.native.library import UnavailableError, library
from pkbench.plan.engine import candidates
from pkbench.plan.run import Run


def engine_here(wanted: str, run: Run, device: str) -> str | None:
    """The first of the engines that may compute ``run`` on a kind of device and that is to be had here, if there is one."""
    return next((name for name in candidates(wanted, run, device) if name != "native" or has_c_part()), None)


def has_c_part() -> bool:
    """Whether the native engine is to be had here."""
    try:
        library()
    except UnavailableError:
        return False
    return True
