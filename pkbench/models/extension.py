"""Building an extension's model: seeded, and held against the shape that it is planned and compared by."""

from __future__ import annotations

import torch
from torch import nn

from pkbench.extend.shape import CheckedShape
from pkbench.seeding import stream_seed
from pkbench.spec.extension import ExtensionModel

_IMAGES = 2
"""Images of the trial: one alone would let a module pass that mixes up images and classes."""


def build_extension(model: ExtensionModel, shape: CheckedShape, seed: int) -> nn.Module:
    """The module of ``model``, tried on images of zeros; PyTorch's own generator is afterwards as it was.

    Raises:
        ExtensionError: the extension fails, gives no module, or one that is not what its shape says.
        MemoryError: there is not enough of it.
    """
    loaded, options = model.loaded(), model.given()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream_seed("extension", seed))
        with loaded.calling("build"):
            module = loaded.extension.build(options, shape.image, shape.classes, seed)
        if not isinstance(module, nn.Module):
            raise loaded.error(f"builds a {type(module).__name__}", "a model is a torch.nn.Module")
        for name, parameter in module.named_parameters():
            if parameter.dtype != torch.float32 or parameter.device.type != "cpu":
                what = f"builds a parameter {name} of {parameter.dtype} on {parameter.device}"
                raise loaded.error(what, "parameters are float32 on the CPU until they are moved")
        count = sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
        if count != shape.parameters:
            what = f"builds a model of {count:,} trainable parameters, and its shape says {shape.parameters:,}"
            raise loaded.error(what, "plans and claims go by the shape")
        with loaded.calling("forward"):
            found = _tried(module, shape)
    if found != (_IMAGES, shape.classes):
        what = f"gives {found} for {_IMAGES} images of {shape.classes} classes"
        raise loaded.error(what, "a model gives a logit for each image and class, (B, classes)")
    return module.train()


def _tried(module: nn.Module, shape: CheckedShape) -> tuple[int, ...] | str:
    """Shape of what ``module`` gives for images of zeros, or what it is instead of a tensor; its buffers stay as they are."""
    height, width, colours = shape.image
    module.eval()
    with torch.inference_mode():
        logits = module(torch.zeros(_IMAGES, colours, height, width))
    return tuple(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
