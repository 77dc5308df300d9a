"""Torch, GPUs, bf16, cores and memory: measured or asked for, never taken from names."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from pkbench.doctor.symptom import Symptom
from pkbench.execute.device import available_cores

if TYPE_CHECKING:
    import torch

_SIZE = 512
"""Rows and columns of the products that bf16 is timed with."""
_REPEATS = 7
_FAST = 0.9
"""Largest part of a product's time in fp32 at which bf16 counts as fast."""


def hardware() -> Iterator[Symptom]:
    """What torch has to compute with."""
    yield _cores()
    yield _memory()
    try:
        import torch
    except (ImportError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        yield Symptom(
            "torch", "missing", f"cannot be imported: {reason}", "`pip install --force-reinstall torch torchvision`"
        )
        return
    yield Symptom("torch", "ok", f"{torch.__version__}, {torch.get_num_threads()} threads")
    device = _gpu()
    yield device
    yield _bf16("cpu")
    if device.state == "ok":
        yield _bf16("cuda")
        yield _fused()


def _fused() -> Symptom:
    """Whether Triton is there, which compiles the fused engine's kernels when they are first used."""
    try:
        import triton
    except ImportError as error:
        found = f"{error}; Mixers on this GPU are trained by PyTorch's kernels, which takes two to three times as long"
        return Symptom("fused engine", "note", found, "`pip install triton`")
    return Symptom("fused engine", "ok", f"Triton {triton.__version__}")


def _cores() -> Symptom:
    cores = available_cores()
    threads = os.environ.get("OMP_NUM_THREADS")
    found = f"{cores} that this process may use" + (f", OMP_NUM_THREADS={threads}" if threads else "")
    if threads is not None and threads.isdigit() and int(threads) > cores:
        return Symptom(
            "cores", "note", f"{found}: more threads than cores wait for each other", "`unset OMP_NUM_THREADS`"
        )
    return Symptom("cores", "ok", found)


def _memory() -> Symptom:
    import psutil

    free = psutil.virtual_memory().available / 1e9
    found = f"{free:.1f} GB free"
    if free < 1:
        return Symptom(
            "memory", "note", f"{found}; workers may be killed", "run fewer at once: `pkbench run … --jobs 1`"
        )
    return Symptom("memory", "ok", found)


def _gpu() -> Symptom:
    import torch

    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count()))
        return Symptom("GPU", "ok", f"{names} (CUDA {torch.version.cuda})")
    if Path("/dev/nvidiactl").exists():
        built = f"torch is built for CUDA {torch.version.cuda}" if torch.version.cuda else "torch is built without CUDA"
        remedy = "compare `nvidia-smi` with the torch build, and install one that fits: https://pytorch.org/get-started"
        return Symptom("GPU", "note", f"there is one, and torch cannot use it: {built}", remedy)
    return Symptom("GPU", "note", "none; the quick profile needs none")


def _bf16(kind: str) -> Symptom:
    """Whether products in bf16 are faster than in fp32: where the processor has no unit for them they are emulated."""
    import torch

    device = torch.device(kind)
    try:
        seconds = [_product_seconds(device, dtype) for dtype in (torch.float32, torch.bfloat16)]
    except RuntimeError as error:
        return Symptom(f"bf16 on {kind}", "note", f"cannot be computed: {str(error).splitlines()[0]}", _FP32)
    ratio = seconds[1] / seconds[0]
    found = f"a product takes {ratio:.2g} times as long as in fp32"
    if ratio <= _FAST:
        return Symptom(f"bf16 on {kind}", "ok", f"fast: {found}")
    return Symptom(f"bf16 on {kind}", "note", f"emulated or no faster: {found}", _FP32)


_FP32 = 'keep precision = "fp32" in profiles that run here'


def _product_seconds(device: torch.device, dtype: torch.dtype) -> float:
    """Median seconds of a product of two square matrices."""
    import torch

    matrix = torch.ones(_SIZE, _SIZE, device=device, dtype=dtype)
    return _median(lambda: matrix @ matrix, device)


def _median(action: Callable[[], object], device: torch.device) -> float:
    import torch

    def timed() -> float:
        start = time.perf_counter()
        action()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter() - start

    timed()
    return median(timed() for _ in range(_REPEATS))
