"""Whether this process may use the processor's matrix unit (AMX), which Linux lets those have that ask."""

from __future__ import annotations

import ctypes
import platform
import sys

_ARCH_PRCTL = 158
_ARCH_REQ_XCOMP_PERM = 0x1023
_XFEATURE_XTILEDATA = 18


def may_use_tiles() -> bool:
    """Ask for it, for all threads of the process and what it forks; False where there is none, or the system says no."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    syscall = ctypes.CDLL(None).syscall
    syscall.restype = ctypes.c_long
    syscall.argtypes = (ctypes.c_long,) * 3
    return bool(syscall(_ARCH_PRCTL, _ARCH_REQ_XCOMP_PERM, _XFEATURE_XTILEDATA) == 0)
