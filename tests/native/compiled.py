"""Parts of the C library compiled for lesser processors than this one, and the threads that they begin."""

import ctypes
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from pkbench.native.library import SOURCES, UnavailableError, find_compiler
from pkbench.native.library import flags as own_flags


def compiled(sources: Sequence[Path], folder: Path, *flags: str) -> ctypes.CDLL:
    """``sources``, which may include the library's headers, compiled with ``flags`` more into ``folder``.

    Skips the test where there is no compiler, or one that does not know ``flags``; what does not compile fails it.
    """
    try:
        command = [*find_compiler(), *own_flags(), *flags, f"-I{SOURCES}"]
    except UnavailableError as error:
        pytest.skip(str(error))
    (folder / "empty.c").touch()
    known = subprocess.run(
        [*command, str(folder / "empty.c"), "-o", str(folder / "empty.so")], capture_output=True, check=False
    )
    if known.returncode:
        pytest.skip(f"the compiler here does not know {' '.join(flags)}")
    result = folder / f"{sources[0].stem}.so"
    subprocess.run([*command, *map(str, sources), "-o", str(result), "-lm"], check=True)
    return ctypes.CDLL(str(result))


def threads_here() -> set[str]:
    """The threads of this process; others than those in question may end at any time. Skips the test where the system does not tell."""
    tasks = Path("/proc/self/task")
    if not tasks.exists():
        pytest.skip("only Linux tells the threads of a process")
    return {task.name for task in tasks.iterdir()}
