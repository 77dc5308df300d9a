"""``pkbench ui``: MLflow's interface on the mirror, and nothing left of it afterwards."""

from __future__ import annotations

import signal
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

from pkbench.errors import UsageError
from pkbench.store.files import Store
from pkbench.store.mirror import MirrorError, Target, sync
from pkbench.store.mirror.interface import address, free_port, is_loopback, serving

from .factory import make_record
from .processes import is_running, start_pkbench, wait_until


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_it_shows_the_mirror_and_ends_whole(store: Store, target: Target, how: signal.Signals) -> None:
    store.write(make_record())
    sync(store)
    process = start_pkbench("ui", "--results", store.root, "--port", "0", "--no-browser")
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("MLflow on http://127.0.0.1:")
        with urllib.request.urlopen(line.split()[2], timeout=60) as page:
            assert b"MLflow" in page.read()
        below = [found.pid for found in psutil.Process(process.pid).children(recursive=True)]
        assert len(below) >= 2
        process.send_signal(how)
        _, err = process.communicate(timeout=60)
    finally:  # whatever fails, nothing of this test goes on beside the next
        process.kill()
    if how is not signal.SIGKILL:
        assert (process.returncode, err) == (0, "")
    wait_until(lambda: not any(is_running(pid) for pid in below))


def test_a_server_that_cannot_start_is_said_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho starting\necho no such driver for $MLFLOW_BACKEND_STORE_URI >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    server = serving(Target("nonsense://me:secret@nowhere", tmp_path), "127.0.0.1", free_port("127.0.0.1", 0))
    with pytest.raises(MirrorError) as caught, server:
        pass
    assert caught.value.what.endswith("ended while starting: no such driver for nonsense://***@nowhere")


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("::", False)],
)
def test_which_hosts_only_this_machine_reaches(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_addresses_are_urls() -> None:
    assert address("127.0.0.1", 5000) == "http://127.0.0.1:5000"
    assert address("::1", 5000) == "http://[::1]:5000"


def test_a_host_that_is_not_ours_is_refused() -> None:
    with pytest.raises(UsageError, match=r"cannot listen on 192\.0\.2\.1:5000"):
        free_port("192.0.2.1", 5000)
