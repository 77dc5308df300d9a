"""What a model costs as measured: parameters, operations, seconds, memory and the permutations' share of the time.

Everything is measured on a copy of the model and on random images, so nothing about the model changes.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from pkbench.models.permutation import Permute
from pkbench.seeding import stream_seed

MemoryKind = Literal["device peak", "saved tensors"]


@dataclass(frozen=True, slots=True)
class Quartiles:
    """Median and quartiles of repeated measurements."""

    median: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Cost:
    """Measured cost of one model at one batch size on one device."""

    parameters: int
    """Trainable parameters."""
    forward_flops: float
    """Operations of one sample's forward pass that PyTorch's counter knows: dense products, two for a multiply-add."""
    forward_seconds: Quartiles
    """Of a forward pass of the batch, without gradients."""
    step_seconds: Quartiles
    """Of a forward and backward pass of the batch, without an optimizer."""
    memory: int
    """Bytes, of what ``memory_kind`` says."""
    memory_kind: MemoryKind
    """``device peak``: most memory allocated on a CUDA device during a step beyond what was allocated before the model was
    copied there, parameters and gradients included. ``saved tensors`` (other devices, which keep no such count): tensors
    that the forward pass keeps for the backward pass, each storage once, without parameters and buffers."""
    permutation_share: float | None
    """Share of a step's time that goes when every ``Permute`` passes its input through: the median of paired steps, so noise
    can make a small one negative. ``None`` for a model without ``Permute`` modules."""


def measure_cost(model: nn.Module, image: tuple[int, int, int], batch: int, *, repeats: int, seed: int) -> Cost:
    """Measure ``model`` where its parameters are and in their precision, on ``batch`` random images.

    ``image`` is (colours, height, width). Each time is measured ``repeats`` times, after one pass to warm up.

    Raises:
        ValueError: ``repeats`` is below 1.
    """
    if repeats < 1:
        raise ValueError(f"a time needs at least one measurement, not {repeats}")
    place = next(model.parameters())
    generator = torch.Generator().manual_seed(stream_seed("cost images", seed))
    images = torch.randn(batch, *image, generator=generator).to(place)
    held = torch.cuda.memory_allocated(place.device) if place.device.type == "cuda" else 0
    model = copy.deepcopy(model)

    def forward() -> None:
        with torch.no_grad():
            model(images)

    def step() -> None:
        _step(model, images)

    return Cost(
        parameters=sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad),
        forward_flops=forward_flops(model, images),
        forward_seconds=_quartiles(_times(forward, place.device, repeats)),
        step_seconds=_quartiles(_times(step, place.device, repeats)),
        memory=_device_peak(step, place.device) - held if place.device.type == "cuda" else saved_bytes(model, images),
        memory_kind="device peak" if place.device.type == "cuda" else "saved tensors",
        permutation_share=_permutation_share(model, step, place.device, repeats),
    )


def forward_flops(model: nn.Module, images: Tensor) -> float:
    """Operations of a forward pass per sample of ``images``; products of sparse matrices are not known to the counter."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(images)
    total: int = counter.get_total_flops()
    return total / len(images)


def saved_bytes(model: nn.Module, images: Tensor) -> int:
    """Bytes that a forward pass of ``images`` keeps for the backward pass, without parameters and buffers."""
    own = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}
    saved: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    # The output keeps every saved tensor alive until all are counted, so no address is used twice.
    with saved_tensors_hooks(pack, lambda tensor: tensor):
        output = model(images)
    del output
    return sum(saved.values())


@contextmanager
def without_permutations(model: nn.Module) -> Iterator[None]:
    """While open, every ``Permute`` below ``model`` is replaced by a module that passes its input through.

    Shapes stay what they were, values do not. The modules are back afterwards, whatever happens inside.
    """
    places = [
        (owner, name, child)
        for owner in model.modules()
        for name, child in owner.named_children()
        if isinstance(child, Permute)
    ]
    try:
        for owner, name, _ in places:
            setattr(owner, name, nn.Identity())
        yield
    finally:
        for owner, name, child in places:
            setattr(owner, name, child)


def _permutation_share(model: nn.Module, step: Callable[[], None], device: torch.device, repeats: int) -> float | None:
    if not any(isinstance(module, Permute) for module in model.modules()):
        return None

    def bare() -> float:
        with without_permutations(model):
            return _seconds(step, device)

    bare()
    _seconds(step, device)
    shares = []
    for repeat in range(repeats):
        # Taking turns at being first keeps a machine that gets slower or faster from favouring one of them.
        if repeat % 2:
            without = bare()
            whole = _seconds(step, device)
        else:
            whole = _seconds(step, device)
            without = bare()
        shares.append(1 - without / whole)
    return float(np.median(shares))


def _step(model: nn.Module, images: Tensor) -> None:
    """A forward and a backward pass; gradients are new each time, as after an optimizer's ``zero_grad``."""
    model.zero_grad(set_to_none=True)
    model(images).sum().backward()


def _device_peak(step: Callable[[], None], device: torch.device) -> int:
    torch.cuda.reset_peak_memory_stats(device)
    step()
    return torch.cuda.max_memory_allocated(device)


def _times(action: Callable[[], None], device: torch.device, repeats: int) -> list[float]:
    _seconds(action, device)
    return [_seconds(action, device) for _ in range(repeats)]


def _seconds(action: Callable[[], None], device: torch.device) -> float:
    """Seconds of ``action``, until the device has finished it."""
    _synchronize(device)
    start = time.perf_counter()
    action()
    _synchronize(device)
    return time.perf_counter() - start


def _synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _quartiles(seconds: list[float]) -> Quartiles:
    lower, median, upper = np.quantile(seconds, [0.25, 0.5, 0.75])
    return Quartiles(float(median), float(lower), float(upper))
