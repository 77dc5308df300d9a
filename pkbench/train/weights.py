"""Final weights of a model: their hash, and as bytes that can be kept."""

from __future__ import annotations

import hashlib
import io
import pickle

import torch
from torch import nn

from pkbench.tensors import check_stored


def weights_sha256(model: nn.Module) -> str:
    """Hash of all parameters' and buffers' bytes, in order of their names."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def weights_bytes(model: nn.Module) -> bytes:
    """The state of ``model`` as PyTorch saves it."""
    content = io.BytesIO()
    # Copied: parameters may be parts of a larger piece of memory, which would be saved whole.
    torch.save({name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}, content)
    return content.getvalue()


def load_weights(model: nn.Module, content: bytes, sha256: str) -> None:
    """Give ``model`` the weights in ``content``, which must be those with the hash ``sha256``. Nothing in it is executed.

    Raises:
        ValueError: the bytes are damaged, or other weights.
    """
    try:
        check_stored(content)
        state = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
        model.load_state_dict(state)
    except (ValueError, RuntimeError, pickle.UnpicklingError, EOFError, KeyError, AttributeError, TypeError) as error:
        raise ValueError("these are no weights of this model") from error
    if weights_sha256(model) != sha256:
        raise ValueError("these are not the weights of the recorded run")
