"""A model from another package."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from pkbench.extend.base import Computing, O
from pkbench.sizes.base import Shape


class ModelExtension(Computing[O]):
    """``[[model]] kind = "extension"``: it is planned by its shape and trained by the reference engine."""

    @abstractmethod
    def shape(self, options: O, image: tuple[int, int, int], classes: int) -> Shape:
        """The sizes of the model on images of (height, width, colours), without building it.

        Raises:
            ValueError: there is no such model on such images; the message becomes a fault of the spec.
        """

    @abstractmethod
    def build(self, options: O, image: tuple[int, int, int], classes: int, seed: int) -> Any:
        """A ``torch.nn.Module`` on the CPU in float32, from (B, colours, height, width) to logits (B, classes).

        Everything random in it must follow from ``seed``. PyTorch's own generator is seeded with a stream of ``seed`` while
        this is called, so layers may draw their parameters as they always do. Its forward pass draws nothing and works on
        each image alone: then a run that was killed ends bit for bit as one that was not, in whatever parts its batches
        are computed. It has as many trainable parameters as its shape says.
        """
