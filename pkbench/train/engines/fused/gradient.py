"""Where the gradients of parameters lie among those of all."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn


class Gradient:
    """Parts of a gradient (K, parameters) of K models like ``model``, by the names of its parameters.

    Attributes:
        offsets: where each begins.
    """

    def __init__(self, model: nn.Module) -> None:
        self._shapes = {name: parameter.shape for name, parameter in model.named_parameters()}
        self.offsets: dict[str, int] = {}
        offset = 0
        for name, shape in self._shapes.items():
            self.offsets[name] = offset
            offset += shape.numel()

    def of(self, whole: Tensor) -> Mapping[str, Tensor]:
        """Views of the parts, each (K, ...)."""
        K = whole.shape[0]
        return {
            name: whole[:, self.offsets[name] : self.offsets[name] + shape.numel()].view(K, *shape)
            for name, shape in self._shapes.items()
        }
