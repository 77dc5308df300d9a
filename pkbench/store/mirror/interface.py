"""MLflow's own user interface on the mirror, as a child process that ends with this one."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

from pkbench.errors import UsageError
from pkbench.store.mirror.refusal import MirrorError
from pkbench.store.mirror.target import Target, masked

_START_SECONDS = 120.0
_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.2
_PR_SET_PDEATHSIG = 1


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    return host in {"localhost", "::1"} or host.startswith("127.")


def address(host: str, port: int) -> str:
    """What to open in a browser."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def free_port(host: str, wanted: int) -> int:
    """``wanted`` if nobody listens there, or any free port where it is 0.

    Raises:
        UsageError: the port or the host cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError as error:
            raise UsageError(
                f"cannot listen on {host}:{wanted} ({error.strerror})", remedy="choose another with --port or --host"
            ) from error
        return int(probe.getsockname()[1])


@contextmanager
def serving(target: Target, host: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """MLflow's server on ``target``: answers on entering, ended on leaving.

    Raises:
        MirrorError: it ends, or does not answer, while it starts.
    """
    command = [sys.executable, "-P", "-m", "mlflow", "server", "--host", host, "--port", str(port), "--workers", "1"]
    command += ["--artifacts-destination", target.artifacts.as_uri(), "--uvicorn-opts", "--log-level warning"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter; the host was bound just before
            command,
            env=_environment(target),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C comes to us alone, and the whole group can be ended
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - there are no threads here
        )
        try:
            _wait_until_it_answers(process, f"{address(host, port)}/health", log)
            yield process
        finally:
            _end(process)


def _environment(target: Target) -> dict[str, str]:
    """By the environment and not the command line, which others can read: the URI may hold a password."""
    mine = {"MLFLOW_BACKEND_STORE_URI": target.uri, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    return {"MLFLOW_DISABLE_TELEMETRY": "true", **os.environ, **mine}


def _end_with_parent() -> None:
    """Let the system end the server when this process is killed; MLflow passes the signal on to its workers."""
    with suppress(OSError, AttributeError):  # only Linux has it
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait_until_it_answers(process: subprocess.Popen[bytes], url: str, log: IO[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(url, timeout=2):  # noqa: S310 - http, to ourselves
            return
        time.sleep(_POLL_SECONDS)
    how = "does not answer" if process.poll() is None else "ended"
    log.seek(0)
    said = masked(log.read().decode(errors="replace")).strip().splitlines() or ["it said nothing"]
    raise MirrorError(f"MLflow's server {how} while starting: {said[-1][:500]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server and whatever it started."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
