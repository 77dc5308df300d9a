"""Mixers on a CPU, by loops in C over slices of a batch: see ``pkbench/native/network.h`` for the layout.

In bf16, operands of the blocks' products are rounded and all else is float32, on any processor: one without bf16 products has both
products of a pair in float32.

Nothing but the features' own reads and writes is left between the products: a permutation costs no pass over memory of its own.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor, nn

from pkbench.data.mixing import Mixed
from pkbench.models.mixers import Mixer
from pkbench.native.library import library
from pkbench.native.memory import numbers
from pkbench.spec.train import AdamW, Train
from pkbench.train.engines.describe import Batch, describe
from pkbench.train.engines.moments import from_state, known, names_of, to_state

MOST_WIDTH = 64
"""Images of a slice, as ``network.h`` has it."""


_SHARED = 2**18
"""Parameters from which several threads go through them: a thread is woken in some ten microseconds."""


class NativeEngine:
    """See :class:`pkbench.train.engines.base.Engine`.

    A batch is cut into slices; thread t of T takes slices t, t + T, ... and sums their gradients, and the sums are added in the
    order of the threads: numbers depend on ``cpu_threads``, as the recipe says, and on nothing else.

    Raises:
        UnavailableError: the C part is not to be had here.
    """

    name = "native"
    parts: int | None = None

    def __init__(self, model: Mixer, recipe: Train, image: tuple[int, int, int]) -> None:
        self.model: nn.Module = model.train()
        self._recipe = recipe
        self._rule = known(recipe.optimizer)
        self._c = library()
        self._rounds = recipe.precision == "bf16"
        self._about = describe(model, image, self._c.pk_tile(), rounds=self._rounds)
        self._classes = model.classifier.out_features
        self._threads = recipe.cpu_threads
        self._pool = ThreadPoolExecutor(self._threads - 1) if self._threads > 1 else None
        self._width = self._slice_width(recipe.batch_size)
        flat = self._about.flat
        self._network, self._flat = ctypes.addressof(self._about.network), flat.data_ptr()
        self._c.pk_place(self._network, self._width)
        made = [self._new_batch() for _ in range(self._threads)]
        self._batches = [batch for batch, *_ in made]
        self._memory = [memory for _, *memory in made]
        self._gradients = [numbers(self._about.gradients) for _ in range(self._threads)]
        self._sums = (ctypes.c_void_p * self._threads)(*(sums.data_ptr() for sums in self._gradients))
        self.gradient = torch.empty_like(flat)
        self._matrices = numbers(flat.numel() * (2 if self._rounds else 1))
        self._sharing = self._threads if flat.numel() >= _SHARED else 1
        held = [self.gradient, self._matrices, *self._gradients, *(part for memory in self._memory for part in memory)]
        self.workspace = sum(tensor.nbytes for tensor in held)
        self._steps = 0
        self._moments = [torch.zeros_like(flat) for _ in names_of(self._rule)]

    def step(self, batch: Mixed, lr: float, branch_scale: Tensor | None) -> tuple[Tensor, Tensor]:
        """Forward and backward slice by slice, then the optimizer over all parameters at once."""
        if branch_scale is not None:
            raise ValueError("the native engine has no stochastic depth")
        images, labels, partners = batch.inputs.contiguous(), batch.labels.contiguous(), batch.partners.contiguous()
        loss = torch.zeros(self._threads, dtype=torch.float64)
        wrong = torch.zeros(self._threads, dtype=torch.int64)

        matrices = self._prepare()

        def work(thread: int) -> None:
            self._c.pk_clear(self._about.pieces, len(self._about.pieces), self._gradients[thread].data_ptr())
            self._c.pk_gradients(
                *(self._network, self._flat, matrices, self._batch(images, thread), thread, self._threads),
                *(labels.data_ptr(), partners.data_ptr(), batch.share, self._recipe.label_smoothing),
                *(self._gradients[thread].data_ptr(), loss[thread:].data_ptr(), wrong[thread:].data_ptr()),
            )

        self._in_threads(work, self._threads)
        self._collect()
        if self._recipe.clip_norm is not None:
            norm = torch.linalg.vector_norm(self.gradient)
            self.gradient.mul_((self._recipe.clip_norm / (norm + 1e-6)).clamp(max=1.0))
        self._update(lr)
        return loss.sum(), wrong.sum()

    def logits(self, inputs: Tensor) -> Tensor:
        """Forward alone."""
        images = inputs.contiguous()
        logits = torch.empty(len(inputs), self._classes)
        matrices = self._prepare() if self._rounds else None

        def work(thread: int) -> None:
            batch = self._batch(images, thread)
            self._c.pk_logits(self._network, self._flat, matrices, batch, thread, self._threads, logits.data_ptr())

        self._in_threads(work, self._threads)
        return logits

    def optimizer_state(self) -> dict[str, Any]:
        """As ``torch.optim`` has it."""
        return to_state(self.model, self._rule, self._moments, self._steps)

    def load_optimizer_state(self, state: dict[str, Any]) -> None:
        """From what ``torch.optim`` has."""
        self._steps = from_state(self._rule, state, self._moments)

    def _prepare(self) -> int:
        """The address of the matrices as products read them, made from the parameters as they are."""
        matrices = self._matrices.data_ptr()
        self._share(lambda *part: self._c.pk_prepare(self._network, self._flat, matrices, *part))
        return matrices

    def _update(self, lr: float) -> None:
        flat, rule = self._about.flat, self._rule
        arrays = [tensor.data_ptr() for tensor in (flat, self.gradient, *self._moments)]
        first = self._steps == 0
        self._steps += 1
        if isinstance(rule, AdamW):
            about = lr, *rule.betas, rule.eps, rule.weight_decay, self._steps
            self._share(lambda *part: self._c.pk_adamw(flat.numel(), *arrays, *about, *part))
        else:
            rest = lr, rule.momentum, rule.weight_decay, rule.nesterov, first
            self._share(lambda *part: self._c.pk_sgd(flat.numel(), *arrays, *rest, *part))

    def _collect(self) -> None:
        """The flat gradient from the threads' sums."""
        pieces, flat = self._about.pieces, self.gradient.data_ptr()
        self._share(lambda *part: self._c.pk_collect(pieces, len(pieces), self._sums, self._threads, *part, flat))

    def _share(self, work: Callable[[int, int], None]) -> None:
        """``work``, over all parameters, by as many threads as are worth it: each with its number and how many there are."""
        self._in_threads(lambda thread: work(thread, self._sharing), self._sharing)

    def _in_threads(self, work: Callable[[int], None], threads: int) -> None:
        """``work`` for each of ``threads``, number 0 in this one; C code runs without Python's lock."""
        others = [self._pool.submit(work, thread) for thread in range(1, threads)] if self._pool else []
        work(0)
        for other in others:
            other.result()

    def _batch(self, images: Tensor, thread: int) -> int:
        """The address of ``images`` (B, ...) with the thread's memory; valid until the thread's next batch."""
        batch = self._batches[thread]
        batch.images, batch.inputs = len(images), images.data_ptr()
        return ctypes.addressof(batch)

    def _slice_width(self, images: int) -> int:
        """Images of a slice: an equal part for each thread, as far as a slice may be that wide."""
        lanes: int = self._c.pk_lanes()
        part = -(-images // self._threads)
        return min(MOST_WIDTH, -(-part // lanes) * lanes)

    def _new_batch(self) -> tuple[Batch, Tensor, Tensor]:
        """A batch without images for one thread, and the memory that it points to."""
        sizes = (ctypes.c_int64 * 2)()
        self._c.pk_memory(self._network, self._width, self._about.pixels, sizes)
        scratch, kept = numbers(sizes[0]), numbers(sizes[1])
        batch = Batch(self._width, self._about.pixels, 0, None, scratch.data_ptr(), kept.data_ptr())
        return batch, scratch, kept
