"""Mixers on a CPU, by loops in C over slices of a batch: see ``pkbench/native/network.h`` for the layout.

In bf16, operands of the blocks' products are rounded and all else is float32, on any processor: one without bf16 products has both
products of a pair in float32. GELU, whose results are such operands, is off by a hundredth of that rounding where tables of it are
faster (``coarse_gelu.h``).

Nothing but the features' own reads and writes is left between the products: a permutation costs no pass over memory of its own.
"""

from __future__ import annotations

import ctypes
import weakref
from typing import Any

import torch
from torch import Tensor, nn

from pkbench.data.mixing import Mixed
from pkbench.models.mixers import Mixer
from pkbench.native.library import library
from pkbench.native.memory import numbers
from pkbench.spec.train import AdamW, Train
from pkbench.train.engines.describe import Memory, Training, describe
from pkbench.train.engines.moments import from_state, known, names_of, to_state

MOST_WIDTH = 64
"""Images of a slice, as ``network.h`` has it."""


class NativeEngine:
    """See :class:`pkbench.train.engines.base.Engine`.

    A batch is cut into slices; thread t of T takes slices t, t + T, ... and sums their gradients, and the sums are added in the
    order of the threads: numbers depend on ``cpu_threads``, as the recipe says, and on nothing else.

    Raises:
        UnavailableError: the C part is not to be had here.
    """

    name = "native"
    makes_inputs = True
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
        self._width = self._slice_width(recipe.batch_size)
        flat = self._about.flat
        self.gradient = torch.empty_like(flat)
        self._matrices = numbers(self._about.matrices * (2 if self._rounds else 1))
        self._memory = self._new_memory()
        self._c.pk_place(ctypes.addressof(self._about.network), self._width)
        held = [self.gradient, self._matrices, *(part for parts in self._memory for part in parts)]
        self.workspace = sum(tensor.nbytes for tensor in held)
        self._training = self._new_training()
        self._run = ctypes.addressof(self._training)
        self._steps = 0
        self._moments = [torch.zeros_like(flat) for _ in names_of(self._rule)]

    def step(self, batch: Mixed, lr: float, branch_scale: Tensor | None) -> tuple[Tensor, Tensor]:
        """Forward and backward slice by slice, then the optimizer over all parameters at once."""
        if branch_scale is not None:
            raise ValueError("the native engine has no stochastic depth")
        labels, partners = batch.labels.contiguous(), batch.partners.contiguous()
        pictures = batch.pictures
        inputs = batch.inputs.contiguous() if pictures is None else None
        loss, wrong, seconds = (
            torch.empty((), dtype=torch.float64),
            torch.empty((), dtype=torch.int64),
            ctypes.c_double(),
        )
        self._c.pk_gradient(
            *(self._run, None if inputs is None else inputs.data_ptr()),
            *((None, 0) if pictures is None else (pictures.address, pictures.begin)),
            *(len(labels), labels.data_ptr()),
            *(partners.data_ptr(), batch.share, self._recipe.label_smoothing, loss.data_ptr(), wrong.data_ptr()),
            ctypes.addressof(seconds),
        )
        batch.seconds = seconds.value
        if self._recipe.clip_norm is not None:
            self._c.pk_clip(self._run, self._recipe.clip_norm)
        self._update(lr)
        return loss, wrong

    def logits(self, inputs: Tensor) -> Tensor:
        """Forward alone."""
        images = inputs.contiguous()
        logits = torch.empty(len(inputs), self._classes)
        self._c.pk_logits(self._run, images.data_ptr(), len(images), logits.data_ptr())
        return logits

    def optimizer_state(self) -> dict[str, Any]:
        """As ``torch.optim`` has it."""
        return to_state(self.model, self._rule, self._moments, self._steps)

    def load_optimizer_state(self, state: dict[str, Any]) -> None:
        """From what ``torch.optim`` has."""
        self._steps = from_state(self._rule, state, self._moments)

    def _update(self, lr: float) -> None:
        rule, moments = self._rule, [tensor.data_ptr() for tensor in self._moments]
        first = self._steps == 0
        self._steps += 1
        if isinstance(rule, AdamW):
            self._c.pk_adamw(self._run, *moments, lr, *rule.betas, rule.eps, rule.weight_decay, self._steps)
        else:
            self._c.pk_sgd(self._run, *moments, lr, rule.momentum, rule.weight_decay, rule.nesterov, first)

    def _slice_width(self, images: int) -> int:
        """Images of a slice: an equal part for each thread, as far as a slice may be that wide."""
        lanes: int = self._c.pk_lanes()
        part = -(-images // self._threads)
        return min(MOST_WIDTH, -(-part // lanes) * lanes)

    def _new_memory(self) -> list[tuple[Tensor, Tensor, Tensor]]:
        """For each thread: for a slice's pass, what is used again and again and what is kept till its end; sums of gradients."""
        sizes = (ctypes.c_int64 * 2)()
        self._c.pk_memory(ctypes.addressof(self._about.network), self._width, self._about.pixels, sizes)
        return [(numbers(sizes[0]), numbers(sizes[1]), numbers(self._about.gradients)) for _ in range(self._threads)]

    def _new_training(self) -> Training:
        """What the C part is told of the run; ends its threads with the engine."""
        team = self._c.pk_team(self._threads)
        if not team:
            raise MemoryError
        weakref.finalize(self, self._c.pk_dismiss, team)
        about = self._about
        self._lent = (Memory * self._threads)(*(Memory(*(part.data_ptr() for part in parts)) for parts in self._memory))
        return Training(
            network=ctypes.addressof(about.network),
            team=team,
            width=self._width,
            pixels=about.pixels,
            parameters=about.flat.data_ptr(),
            gradient=self.gradient.data_ptr(),
            matrices=self._matrices.data_ptr(),
            memory=ctypes.addressof(self._lent),
            piece=ctypes.addressof(about.pieces),
            pieces=len(about.pieces),
        )
