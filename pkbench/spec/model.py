"""``[[model]]``: one architecture, by the paper's letters."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pkbench import widths
from pkbench.sizes.base import Shape
from pkbench.sizes.fully_connected import FullyConnectedShape
from pkbench.sizes.mixer import MixerShape
from pkbench.sizes.shallow import ShallowShape
from pkbench.sizes.sparse import SparseShape
from pkbench.sizes.structured import StructuredShape
from pkbench.spec.extension import ExtensionModel
from pkbench.spec.mixer import MlpMixer, SMixer, StructuredMixer
from pkbench.spec.other_models import SFc, Shallow, SwMlp

PatchedModel = MlpMixer | SMixer | StructuredMixer | SwMlp
"""Models that cut images into patches."""
AnyModel = PatchedModel | Shallow | SFc | ExtensionModel
Model = Annotated[AnyModel, Field(discriminator="kind")]


def shape_of(model: AnyModel, image: tuple[int, int, int], classes: int) -> Shape:
    """The sizes of ``model`` on images of ``(height, width, colours)``.

    Raises:
        ExtensionError: it is an extension's, and that has no such model on such images.
    """
    height, width, colours = image
    match model:
        case MlpMixer() | SMixer():
            return _mixer(model, image, classes)
        case StructuredMixer():
            return _structured(model, image, classes)
        case SwMlp():
            return _sparse(model, image, classes)
        case Shallow():
            return ShallowShape(
                S0=height,
                C0=width * colours,
                S=model.S,
                C=model.C,
                weights=model.weights,
                classes=classes,
                bias=model.bias,
            )
        case SFc():
            return FullyConnectedShape(
                inputs=height * width * colours, side=height, alpha=model.alpha, classes=classes, bias=model.bias
            )
        case ExtensionModel():
            return model.shape(image, classes)


def has_skip_layer(model: PatchedModel) -> bool:
    """Whether the first block's skip path is a trainable layer."""
    return model.skip and model.first_skip == "layer"


def _mixer(model: MlpMixer | SMixer, image: tuple[int, int, int], classes: int) -> MixerShape:
    S0, C0 = widths.patch_grid(*image, model.patch)
    gamma_S, gamma_C = model.expansions or (None, None)
    return MixerShape(
        S0=S0,
        C0=C0,
        S=model.tokens,
        C=model.C,
        depth=model.depth,
        gamma_S=gamma_S,
        gamma_C=gamma_C,
        classes=classes,
        bias=model.bias,
        skip_layer=has_skip_layer(model),
        layer_norm=model.layer_norm,
    )


def _structured(model: StructuredMixer, image: tuple[int, int, int], classes: int) -> StructuredShape:
    S0, C0 = widths.patch_grid(*image, model.patch)
    return StructuredShape(
        S0=S0,
        C0=C0,
        S=model.tokens,
        C=model.C,
        depth=model.depth,
        gamma=model.gamma,
        structure=model.structure,
        classes=classes,
        bias=model.bias,
        skip_layer=has_skip_layer(model),
        layer_norm=model.layer_norm,
    )


def _sparse(model: SwMlp, image: tuple[int, int, int], classes: int) -> SparseShape:
    S0, C0 = widths.patch_grid(*image, model.patch)
    return SparseShape(
        S0=S0,
        C0=C0,
        S=model.S,
        C=model.C,
        depth=model.depth,
        gamma=model.gamma,
        density=model.density,
        mask=model.mask,
        classes=classes,
        bias=model.bias,
        skip_layer=has_skip_layer(model),
        layer_norm=model.layer_norm,
        pool=model.pool,
        form=model.form,
    )
