"""Calls at once in the threads of PyTorch's own operations.

Between two of them these threads wait for the next one, some milliseconds long at full speed. Other threads, a pool's, would have
to share the processor with them: on two cores two were no faster than one.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch

Call = Callable[[], None]

_Part = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def available() -> bool:
    """Whether PyTorch has its threads from a library that can be asked for them: GNU's, in its wheels for Linux."""
    return _parallel() is not None


def at_once(calls: Sequence[Call]) -> None:
    """Make all ``calls``, each of which lets go of Python's lock while it works, as far as there are threads at the same time.

    Raises:
        RuntimeError: these threads are not :func:`available`.
        BaseException: what the first call that failed raised, or an interruption, once all have been made.
    """
    parallel = _parallel()
    if parallel is None:
        raise RuntimeError("PyTorch's threads cannot be asked for here")
    threads = torch.get_num_threads()
    # A list's last item goes to one thread alone; each thread goes on until it gets an end.
    left: list[Call | None] = [*[None] * threads, *reversed(calls)]
    failed: list[BaseException] = []

    def take(_: int | None) -> None:
        while True:
            try:
                call = left.pop()
                if call is None:
                    return
                call()
            except BaseException as error:
                # Python only prints what is raised from here, an interruption by the user, too.
                failed.append(error)

    # All of them are called, as PyTorch does: a number that changes from call to call would end threads and begin new ones.
    parallel(_Part(take), None, threads, 0)
    if failed:
        raise failed[0]


@cache
def _parallel() -> Any:
    """``GOMP_parallel(part, argument, threads, flags)`` of the library that PyTorch has loaded; ``None`` where there is none."""
    folder = Path(torch.__file__).parent / "lib"
    for path in sorted(folder.glob("libgomp*.so*")):
        try:
            function = ctypes.CDLL(str(path)).GOMP_parallel
        except (OSError, AttributeError):
            continue
        function.restype = None
        function.argtypes = (_Part, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint)
        return function
    return None
