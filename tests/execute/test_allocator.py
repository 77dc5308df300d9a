"""Freed memory is kept for the next step: no page is fetched twice."""

import subprocess
import sys

import pytest

from pkbench.execute import allocator

CODE = """
import platform, resource, sys
import torch
from pkbench.execute.allocator import keep_freed_memory
torch.set_num_threads(1)
if sys.argv[1] == "keep":
    keep_freed_memory()
def step():
    kept = [torch.ones(1 << 20) for _ in range(8)]
    return sum(float(tensor[0]) for tensor in kept)
for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before, platform.libc_ver()[0])
"""


def faults(how: str, monkeypatch: pytest.MonkeyPatch, **environment: str) -> int:
    for name in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = subprocess.run([sys.executable, "-c", CODE, how], capture_output=True, text=True, check=True)
    number, *library = done.stdout.split()
    if library != ["glibc"]:
        pytest.skip("another C library")
    return int(number)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_a_step_fetches_no_pages_that_the_last_one_had(monkeypatch: pytest.MonkeyPatch) -> None:
    # Five times eight tensors of 4 MiB, a thousand pages each.
    assert faults("keep", monkeypatch) < 4_000
    # Where the environment says otherwise, that holds.
    assert faults("keep", monkeypatch, MALLOC_MMAP_THRESHOLD_="65536") > 30_000


def test_nothing_happens_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[object] = []
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda name: called.append(name) or object())
    for name in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(allocator.sys, "platform", "darwin")
    allocator.keep_freed_memory()
    assert called == []
    # A C library without the function, as musl.
    monkeypatch.setattr(allocator.sys, "platform", "linux")
    allocator.keep_freed_memory()
    assert called == [None]
