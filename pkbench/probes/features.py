"""Features just before each skip: what the mixing blocks of a model give out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor, nn


def mixing_blocks(model: nn.Module) -> dict[str, nn.Module]:
    """The mixing blocks of ``model`` by name, in the order in which features pass them.

    A Mixer's are ``token_mixing.0``, ``channel_mixing.0``, ``token_mixing.1``, ...; any other model's ``blocks.0``,
    ``blocks.1``, ... Empty for a model without blocks.
    """
    tokens, channels = getattr(model, "token_mixing", None), getattr(model, "channel_mixing", None)
    if isinstance(tokens, nn.ModuleList) and isinstance(channels, nn.ModuleList):
        found: dict[str, nn.Module] = {}
        for i, (mix_tokens, mix_channels) in enumerate(zip(tokens, channels, strict=True)):
            found |= {f"token_mixing.{i}": mix_tokens, f"channel_mixing.{i}": mix_channels}
        return found
    blocks = getattr(model, "blocks", None)
    return {f"blocks.{i}": block for i, block in enumerate(blocks)} if isinstance(blocks, nn.ModuleList) else {}


@contextmanager
def block_features(model: nn.Module) -> Iterator[dict[str, Tensor]]:
    """While open, every forward pass of ``model`` puts its blocks' outputs into the dictionary given.

    Values have shape ``(B, features)`` and are detached; keys are those of :func:`mixing_blocks`, in order. The next
    forward pass replaces them. Nothing stays attached to the model afterwards, whatever happens inside.

    Raises:
        ValueError: the model has no mixing blocks.
    """
    blocks = mixing_blocks(model)
    if not blocks:
        raise ValueError(f"{type(model).__name__} has no mixing blocks to take features from")
    features: dict[str, Tensor] = {}
    with ExitStack() as hooks:
        for name, block in blocks.items():
            # A handle removes its hook when its context ends.
            hooks.enter_context(block.register_forward_hook(_keeper(features, name)))
        yield features


def _keeper(features: dict[str, Tensor], name: str) -> Callable[[nn.Module, tuple[Any, ...], Tensor], None]:
    """A forward hook that keeps a block's output in ``features`` under ``name``."""

    def keep(module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        del module, inputs
        features[name] = output.detach().flatten(1)

    return keep
