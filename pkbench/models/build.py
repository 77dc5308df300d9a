"""From a spec's model to a module with its parameters drawn."""

from __future__ import annotations

from torch import nn

from pkbench.extend.shape import CheckedShape
from pkbench.models.extension import build_extension
from pkbench.models.fully_connected import FullyConnected
from pkbench.models.initial import initialize
from pkbench.models.mixers import Mixer, Mixing
from pkbench.models.shallow import Shallow as ShallowModule
from pkbench.models.structured import StructuredMixer as StructuredMixerModule
from pkbench.models.sw_mlp import SwMlp as SwMlpModule
from pkbench.sizes.base import Shape
from pkbench.sizes.fully_connected import FullyConnectedShape
from pkbench.sizes.mixer import MixerShape
from pkbench.sizes.shallow import ShallowShape
from pkbench.sizes.sparse import SparseShape
from pkbench.sizes.structured import StructuredShape
from pkbench.spec.extension import ExtensionModel
from pkbench.spec.mixer import MlpMixer, SMixer, StructuredMixer
from pkbench.spec.model import AnyModel, PatchedModel
from pkbench.spec.other_models import SFc, Shallow, SwMlp


def build(model: AnyModel, shape: Shape, seed: int) -> nn.Module:
    """The module of ``model`` at ``shape``, on the CPU in float32; equal seeds give equal weights and permutations.

    Raises:
        ExtensionError: it is an extension's, and that does not build what its shape says.
    """
    if isinstance(model, ExtensionModel):
        if not isinstance(shape, CheckedShape):
            raise TypeError(f"an extension has no shape like {type(shape).__name__}")
        return build_extension(model, shape, seed)
    module = _module(model, shape, seed)
    if isinstance(module, SwMlpModule | StructuredMixerModule | ShallowModule):
        module.initialize(model.init, seed)
    else:
        initialize(module, model.init, seed)
    return module


def _module(model: PatchedModel | Shallow | SFc, shape: Shape, seed: int) -> nn.Module:
    """The module without its parameters' values."""
    match model, shape:
        case ((MlpMixer() | SMixer()), MixerShape()):
            return Mixer(shape, model.patch, mixing_of(model, seed), activation=model.activation, skip=model.skip)
        case StructuredMixer(), StructuredShape():
            return StructuredMixerModule(shape, model.patch, activation=model.activation, skip=model.skip)
        case SwMlp(), SparseShape():
            return SwMlpModule(
                shape,
                model.patch,
                mask_value=model.mask_value,
                activation=model.activation,
                skip=model.skip,
                seed=seed,
            )
        case Shallow(), ShallowShape():
            return ShallowModule(shape, activation=model.activation)
        case SFc(), FullyConnectedShape():
            return FullyConnected(shape)
    raise TypeError(f"a {model.kind} has no shape like {type(shape).__name__}")


def mixing_of(model: MlpMixer | SMixer, seed: int) -> Mixing:
    """The permutations ``model`` asks for. An S-Mixer's block is one PK layer: both placements are the same."""
    if model.mixing == "normal":
        return Mixing(None, seed)
    placement = model.rp_placement if isinstance(model, MlpMixer) else "layer"
    if placement is None:
        raise ValueError("an RP MLP-Mixer needs rp_placement")
    blocks = None if model.rp_blocks is None else frozenset(number - 1 for number in model.rp_blocks)
    return Mixing(placement, seed, blocks, model.rp_sides)
