"""Compiling and loading the C part, once for each processor, compiler and version of its source.

The result lies in the user's cache folder, or where that cannot be written is made anew by each process. Whatever goes wrong on the way is a reason to do without it, never an error.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from pkbench.cache import cache_folder
from pkbench.native.tiles import may_use_tiles

SOURCES = Path(__file__).resolve().parent
_FLAGS = (
    *("-std=gnu11", "-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd"),
    *("-fvisibility=hidden", "-shared", "-fPIC", "-pthread"),
)
_WITHOUT_TILES = "-DNO_TILES"
_COMPILERS = ("cc", "gcc", "clang")
_COMPILE_SECONDS = 120

_int, _double, _array = ctypes.c_int64, ctypes.c_double, ctypes.c_void_p
_SIGNATURES: dict[str, tuple[type | None, tuple[type, ...]]] = {
    "pk_has_tiles": (_int, ()),
    "pk_lanes": (_int, ()),
    "pk_tile": (_int, ()),
    "pk_place": (None, (_array, _int)),
    "pk_memory": (None, (_array, _int, _int, _array)),
    "pk_team": (_array, (_int,)),
    "pk_dismiss": (None, (_array,)),
    "pk_gradient": (None, (*[_array] * 3, *[_int] * 2, *[_array] * 2, *[_double] * 2, *[_array] * 3)),
    "pk_logits": (None, (_array, _array, _int, _array)),
    "pk_clip": (None, (_array, _double)),
    "pk_sparse_unit": (_int, ()),
    "pk_sparse_pack": (None, (*[_int] * 4, *[_array] * 2)),
    "pk_sparse_product": (None, (*[_int] * 7, *[_array] * 5)),
    "pk_sparse_gradient": (None, (*[_int] * 5, *[_array] * 5)),
    "pk_images": (_int, (_array, *[_int] * 2, _array)),
    "pk_adamw": (None, (*[_array] * 3, *[_double] * 5, _int)),
    "pk_sgd": (None, (*[_array] * 2, *[_double] * 3, _int, _int)),
}


class UnavailableError(Exception):
    """There is no C part on this machine; the message says why."""


def library() -> ctypes.CDLL:
    """The C part, compiled where that has not been done.

    Raises:
        UnavailableError: there is no compiler, or what it makes cannot be kept or loaded.
    """
    found = _library_or_why_not()
    if isinstance(found, str):
        raise UnavailableError(found)
    return found


def available() -> bool:
    """Whether there is a C part on this machine."""
    return not isinstance(_library_or_why_not(), str)


@cache
def _library_or_why_not() -> ctypes.CDLL | str:
    """Found out once for a process: a compiler that fails would be called again for every batch."""
    try:
        return _load()
    except UnavailableError as error:
        return str(error)


def _load() -> ctypes.CDLL:
    compiler = find_compiler()
    try:
        path = cache_folder() / "native" / f"pkbench-{_key(compiler)}.so"
        if _is_ours(path) or _can_be_made(path.parent):
            if not _is_ours(path):
                _compile(compiler, path)
            loaded = ctypes.CDLL(str(path))
        else:
            # A folder that only this user can look into, under a name that nobody can foresee.
            with tempfile.TemporaryDirectory(prefix="pkbench-") as folder:
                _compile(compiler, Path(folder) / path.name)
                loaded = ctypes.CDLL(str(Path(folder) / path.name))
    except (OSError, subprocess.SubprocessError) as error:
        raise UnavailableError(f"{compiler[0]} made no library here: {error}") from error
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(loaded, name)
        function.restype = result
        function.argtypes = arguments
    return loaded


def find_compiler() -> list[str]:
    """The command of a C compiler: what ``CC`` says, else the first one on the path.

    Raises:
        UnavailableError: there is none.
    """
    wanted = shlex.split(os.environ.get("CC", ""))
    for command in [wanted] if wanted else [[name] for name in _COMPILERS]:
        if shutil.which(command[0]):
            return command
    raise UnavailableError(f"no C compiler here ({' or '.join(wanted[:1] or _COMPILERS)})")


@cache
def flags() -> tuple[str, ...]:
    """What to compile with, for this processor and what the system lets this process have of it."""
    return _FLAGS if may_use_tiles() else (*_FLAGS, _WITHOUT_TILES)


def _can_be_made(folder: Path) -> bool:
    """Whether ``folder`` is there, made now where needed, and can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _compile(compiler: list[str], path: Path) -> None:
    """Compile beside ``path`` and move the result there: two processes at once do not meet."""
    handle, unfinished = tempfile.mkstemp(suffix=".so", dir=path.parent)
    os.close(handle)
    command = [*compiler, *flags(), *map(str, sorted(SOURCES.glob("*.c"))), "-o", unfinished, "-lm"]
    try:
        done = subprocess.run(  # noqa: S603 - the user's compiler on our own source
            command, capture_output=True, text=True, errors="replace", timeout=_COMPILE_SECONDS, check=False
        )
        if done.returncode:
            raise OSError((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[0])
        Path(unfinished).replace(path)
    finally:
        Path(unfinished).unlink(missing_ok=True)


def _is_ours(path: Path) -> bool:
    """Whether ``path`` is there and nobody else may have written it: its code will run as us."""
    try:
        status = path.stat()
    except OSError:
        return False
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


def _key(compiler: list[str]) -> str:
    """Names the result: by the source, the flags, the compiler and the processor."""
    digest = hashlib.sha256()
    for source in sorted([*SOURCES.glob("*.h"), *SOURCES.glob("*.c")]):
        digest.update(source.read_bytes())
    version = subprocess.run([*compiler, "--version"], capture_output=True, timeout=_COMPILE_SECONDS, check=True)  # noqa: S603 - as above
    for part in (*flags(), *compiler, platform.machine(), _processor_features()):
        digest.update(part.encode() + b"\0")
    digest.update(version.stdout)
    return digest.hexdigest()[:16]


def _processor_features() -> str:
    """What ``-march=native`` depends on: a cache folder may be shared by machines."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    wanted = ("model name", "flags", "Features", "CPU part")
    return "\n".join(dict.fromkeys(line for line in lines if line.startswith(wanted)))
