"""What people write today, for each case: timm's Mixer, plain random permutations, masked and sparse layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from torch import nn

from pkbench.bench.cases import CLASSES, Case
from pkbench.bench.images import LoaderFeed, ResidentFeed, random_images
from pkbench.bench.peer_training import PeerTraining
from pkbench.bench.plain_mixer import PlainBlock, PlainMixer, PlainNormalBlock, random_permutations
from pkbench.bench.plain_sparse import CsrLinear, MaskedLinear, PlainSparseMlp
from pkbench.bench.variant import Label, Training, UnavailableError, Variant
from pkbench.models.masks import Mask, draw_mask
from pkbench.models.mixers import LAYER_NORM_EPS
from pkbench.sizes.mixer import MixerShape
from pkbench.sizes.sparse import SparseShape
from pkbench.spec.train import Precision
from pkbench.train.engines.precision import has_tf32

_TIMM = Label("timm eager", "peer", "normal")
_PLAIN = Label("plain eager", "peer", "normal")
_PLAIN_RP = Label("plain RP eager", "peer", "random")


def peers_of(case: Case, device: torch.device) -> list[Variant]:
    """Every peer that trains the same model as ``case``."""
    match case.kind:
        case "mlp-mixer":
            model = partial(timm_mixer, case)
            found = [_resident(label, case, device, model) for label in _ways(_TIMM, device)]
            loader = Label("timm eager, DataLoader", "peer", "normal")
            found.append(Variant(loader, partial(_with_loader, loader, case, device, model), forks=True))
            random_labels = _ways(replace(_PLAIN_RP, normal=_TIMM.name), device)
        case "s-mixer":
            found = [_resident(label, case, device, partial(plain_normal, case)) for label in _ways(_PLAIN, device)]
            random_labels = _ways(replace(_PLAIN_RP, normal=_PLAIN.name), device)
        case "sw-mlp":
            return _sparse_peers(case, device)
    return found + [_resident(label, case, device, partial(plain_random, case)) for label in random_labels]


def _ways(eager: Label, device: torch.device) -> list[Label]:
    """Eager and compiled, each in fp32, in tf32 where that is, and by autocast to bf16; ``normal`` goes the same way."""
    precisions: list[tuple[Precision, str]] = [("fp32", ""), ("bf16", ", autocast")]
    if has_tf32(device):
        precisions.insert(1, ("tf32", ", tf32"))
    return [
        replace(
            eager,
            name=_named(eager.name, way, suffix),
            normal=None if eager.normal is None else _named(eager.normal, way, suffix),
            compiled=way == "compiled",
            precision=precision,
        )
        for way in ("eager", "compiled")
        for precision, suffix in precisions
    ]


def _named(eager: str, way: str, suffix: str) -> str:
    return eager.removesuffix("eager") + way + suffix


def _sparse_peers(case: Case, device: torch.device) -> list[Variant]:
    kinds: tuple[tuple[str, Callable[[Mask], nn.Module]], ...] = (("dense mask", MaskedLinear), ("CSR", CsrLinear))
    labels = [(Label(f"{kind} eager", "peer", "random"), partial(plain_sparse, case, layer)) for kind, layer in kinds]
    dense = Label("dense mask eager, autocast", "peer", "random", "bf16")
    labels.append((dense, partial(plain_sparse, case, MaskedLinear)))
    return [_resident(label, case, device, model) for label, model in labels]


def _resident(label: Label, case: Case, device: torch.device, model: Callable[[], nn.Module]) -> Variant:
    """With images on the device and AdamW's fused kernel: only the model is a peer's."""

    def build() -> Training:
        feed = ResidentFeed(case, random_images(case, device))
        return PeerTraining(_seeded(model), feed, device, label, fused=True)

    return Variant(label, build)


def _with_loader(label: Label, case: Case, device: torch.device, model: Callable[[], nn.Module]) -> Training:
    """As a tutorial has it: a DataLoader, and the optimizer without options."""
    feed = LoaderFeed(case, random_images(case, torch.device("cpu")), device)
    return PeerTraining(_seeded(model), feed, device, label, fused=False)


def _seeded(model: Callable[[], nn.Module]) -> nn.Module:
    """A model whose weights are the same every time, without touching the process's random stream."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return model()


def timm_mixer(case: Case) -> nn.Module:
    """The ``MlpMixer`` of timm, of the case's sizes.

    Raises:
        UnavailableError: timm is not installed, or its import fails.
    """
    try:
        from timm.models.mlp_mixer import MlpMixer
    except ImportError as error:
        raise UnavailableError("timm is not installed: pip install 'pkbench[bench]'") from error
    shape = _mixer_shape(case)
    height, width, colours = case.image
    # timm takes both hidden widths as multiples of C and cuts them to whole numbers: half a unit more keeps them exact.
    ratios = tuple((hidden + 0.5) / case.C for hidden in (shape.D_S or 0, shape.D_C or 0))
    mixer: nn.Module = MlpMixer(
        num_classes=CLASSES,
        img_size=(height, width),
        in_chans=colours,
        patch_size=case.patch,
        num_blocks=case.depth,
        embed_dim=case.C,
        mlp_ratio=ratios,
        norm_layer=partial(nn.LayerNorm, eps=LAYER_NORM_EPS),
    )
    return mixer


def plain_random(case: Case) -> nn.Module:
    """A plain Mixer with random permutations before and after every layer, adjacent ones composed."""
    shape = _mixer_shape(case)
    generator = torch.Generator().manual_seed(0)
    blocks = []
    for _ in range(case.depth):
        for groups, n, hidden in ((case.C, case.S, shape.D_S), (case.S, case.C, shape.D_C)):
            widths = (n, n) if hidden is None else (n, hidden, n)
            blocks.append(PlainBlock(case.C, widths, random_permutations(groups, widths, generator)))
    return PlainMixer(case.C, case.patch, case.image[2], CLASSES, blocks)


def plain_normal(case: Case) -> nn.Module:
    """A plain S-Mixer."""
    blocks = [
        PlainNormalBlock(case.C, width, tokens=tokens)
        for _ in range(case.depth)
        for width, tokens in ((case.S, True), (case.C, False))
    ]
    return PlainMixer(case.C, case.patch, case.image[2], CLASSES, blocks)


def plain_sparse(case: Case, layer: Callable[[Mask], nn.Module]) -> nn.Module:
    """An SW-MLP with ``layer`` made of each random mask."""
    shape = case.shape()
    if not isinstance(shape, SparseShape):
        raise TypeError(f"{case.name} is no SW-MLP")
    masks = (draw_mask(shape.mask, shape.m, shape.m, shape.density, seed) for seed in range(shape.layers))
    return PlainSparseMlp(case.C, case.patch, case.image[2], CLASSES, [layer(mask) for mask in masks], shape.m)


def _mixer_shape(case: Case) -> MixerShape:
    shape = case.shape()
    if not isinstance(shape, MixerShape):
        raise TypeError(f"{case.name} is no Mixer")
    return shape
