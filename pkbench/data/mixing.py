"""Mixup (Zhang et al. 2018, arXiv 1710.09412) and CutMix (Yun et al. 2019, arXiv 1905.04899) of a whole batch.

As timm does it by default: one draw for the batch, and image i is mixed with image B - 1 - i.
"""

from __future__ import annotations

import math
import time

import torch
from torch import Tensor

from pkbench.native.images import Pictures
from pkbench.spec.train import Mix


class Mixed:
    """Inputs that are ``share`` of the image of ``labels`` and for the rest that of ``partners``.

    ``inputs`` may be pictures that they are still to be made of.

    Attributes:
        labels: int64 (B,), the images' own.
        partners: int64 (B,), of what was mixed in; ``labels`` itself where nothing was.
        share: from 0 to 1, the same for all.
        seconds: that making inputs of pictures took; an engine that does it sets it.
    """

    __slots__ = ("_inputs", "labels", "partners", "seconds", "share")

    def __init__(self, inputs: Tensor | Pictures, labels: Tensor, partners: Tensor, share: float) -> None:
        self._inputs = inputs
        self.labels = labels
        self.partners = partners
        self.share = share
        self.seconds = 0.0

    @property
    def inputs(self) -> Tensor:
        """Floating point (B, colours, H, W), made of the pictures where that has not been done."""
        if isinstance(self._inputs, Pictures):
            clock = time.perf_counter()
            self._inputs = self._inputs.inputs()
            self.seconds = time.perf_counter() - clock
        return self._inputs

    @property
    def pictures(self) -> Pictures | None:
        """What the inputs are to be made of; ``None`` where they are made."""
        return self._inputs if isinstance(self._inputs, Pictures) else None

    @property
    def main_labels(self) -> Tensor:
        """The labels with the larger share: what counts as right."""
        return self.labels if self.share >= 0.5 else self.partners


def unmixed(inputs: Tensor | Pictures, labels: Tensor) -> Mixed:
    """``inputs`` as they are, or as they will be made."""
    return Mixed(inputs, labels, labels, 1.0)


def mix(inputs: Tensor, labels: Tensor, spec: Mix, generator: torch.Generator) -> Mixed:
    """Mix ``inputs`` with themselves in reverse order.

    Draws five numbers in [0, 1) from ``generator``, whatever comes of them: whether to mix, whether by CutMix, the quantile
    of the share's Beta distribution, and the middle of CutMix's box (row, column).

    Args:
        inputs: normalised images, floating point (B, colours, H, W), on any device; left as they are.
        labels: int64 (B,), on the same device.
        spec: which of both, how often, how strongly.
        generator: a CPU generator.
    """
    to_mix, to_cut, quantile, *middle = torch.rand(5, dtype=torch.float64, generator=generator).tolist()
    if to_mix >= spec.probability or not (spec.mixup_alpha or spec.cutmix_alpha):
        return unmixed(inputs, labels)
    cut = bool(spec.cutmix_alpha) and (not spec.mixup_alpha or to_cut < spec.switch_probability)
    share = beta_quantile(spec.cutmix_alpha if cut else spec.mixup_alpha, quantile)
    partners = labels.flip(0)
    if not cut:
        # As few copies as there can be: they are what it costs.
        return Mixed((share * inputs).add_(inputs.flip(0).mul_(1 - share)), labels, partners, share)
    height, width = inputs.shape[2:]
    top, bottom = _span(height, share, middle[0])
    left, right = _span(width, share, middle[1])
    pasted = inputs.clone()
    pasted[:, :, top:bottom, left:right] = inputs[:, :, top:bottom, left:right].flip(0)
    # The box may reach beyond the image: the share is that of the pixels that are really left.
    return Mixed(pasted, labels, partners, 1 - (bottom - top) * (right - left) / (height * width))


def beta_quantile(alpha: float, quantile: float) -> float:
    """The number below which Beta(alpha, alpha) lies with probability ``quantile``."""
    # Imported here: it is heavy, and no other part of training needs it.
    from scipy.special import betaincinv

    return float(betaincinv(alpha, alpha, quantile))


def _span(size: int, share: float, middle: float) -> tuple[int, int]:
    """First pixel of CutMix's box along a side of ``size`` pixels, and the first after it."""
    centre, half = int(middle * size), int(size * math.sqrt(1 - share)) // 2
    return max(0, centre - half), min(size, centre + half)
