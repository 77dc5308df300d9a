"""The peers are the same functions as our models: with our weights and permutations they give our logits and gradients."""

import sys
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from pkbench.bench import peers
from pkbench.bench.cases import Case
from pkbench.bench.peers import peers_of, plain_normal, plain_random, plain_sparse, timm_mixer
from pkbench.bench.plain_mixer import PlainBlock, PlainMixer
from pkbench.bench.plain_sparse import CsrLinear, MaskedLinear, PlainSparseMlp
from pkbench.bench.variant import UnavailableError
from pkbench.models.build import build
from pkbench.models.mixers import Mixer
from pkbench.models.sparse import SparseLinear
from pkbench.models.sw_mlp import SwMlp
from tests.bench.small import MIXER, S_MIXER, SPARSE

SQUARE_NOT = replace(MIXER, name="tall", S=6, image=(12, 8, 3))
Pairs = list[tuple[nn.Parameter, nn.Parameter]]
"""Parameters of a peer with ours; the peer's are given our values."""


def images(case: Case) -> Tensor:
    height, width, colours = case.image
    return torch.randn(5, colours, height, width, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def ours(case: Case, mixing: str, form: str = "sparse") -> nn.Module:
    """Our model in float64, every parameter random: norms and biases too."""
    model = build(case.model(mixing, form), case.shape(form), 3).double()  # type: ignore[arg-type]
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, dtype=parameter.dtype, generator=generator))
    return model


def pairs_of(peer: nn.Module, our: nn.Module) -> Pairs:
    return list(zip(peer.parameters(), our.parameters(), strict=True))


def check_same(peer: nn.Module, our: nn.Module, pairs: Pairs, case: Case) -> None:
    """Equal logits, and equal gradients of every parameter."""
    with torch.no_grad():
        for theirs, mine in pairs:
            theirs.copy_(mine.view(theirs.shape))
    assert len(pairs) == len(list(peer.parameters())) == len(list(our.parameters()))
    found, expected = peer(images(case)), our(images(case))
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    assert expected.std() > 1e-3
    for logits in (found, expected):
        (logits.sin() * torch.arange(logits.numel()).view(logits.shape)).sum().backward()
    for theirs, mine in pairs:
        assert theirs.grad is not None
        assert mine.grad is not None
        torch.testing.assert_close(theirs.grad, mine.grad.view(theirs.shape), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("case", [MIXER, SQUARE_NOT], ids=lambda case: case.name)
def test_timm_is_our_normal_mixer(case: Case) -> None:
    pytest.importorskip("timm")
    our, peer = ours(case, "normal"), timm_mixer(case).double()
    assert isinstance(our, Mixer)
    pairs: Pairs = list(zip(peer.stem.parameters(), our.embed.parameters(), strict=True))
    for block, tokens, channels in zip(peer.blocks, our.token_mixing, our.channel_mixing, strict=True):
        for norm, mlp, mixing in (
            (block.norm1, block.mlp_tokens, tokens),
            (block.norm2, block.mlp_channels, channels),
        ):
            pairs += zip(norm.parameters(), mixing.norm.parameters(), strict=True)
            pairs += zip(mlp.parameters(), mixing.layers.parameters(), strict=True)
    pairs += zip(peer.norm.parameters(), our.norm.parameters(), strict=True)
    pairs += zip(peer.head.parameters(), our.classifier.parameters(), strict=True)
    check_same(peer, our, pairs, case)


@pytest.mark.parametrize("case", [MIXER, SQUARE_NOT, S_MIXER], ids=lambda case: case.name)
def test_plain_random_permutations_are_our_rp_mixer(case: Case) -> None:
    our = ours(case, "random")
    assert isinstance(our, Mixer)
    peer = plain_random(case).double()
    assert isinstance(peer, PlainMixer)
    mixing = [block for two in zip(our.token_mixing, our.channel_mixing, strict=True) for block in two]
    pairs: Pairs = list(zip(peer.stem.parameters(), our.embed.parameters(), strict=True))
    for block, ours_of_it in zip(peer.blocks, mixing, strict=True):
        assert isinstance(block, PlainBlock)
        layers = list(ours_of_it.layers)
        given = [layer.J1.permutation.index for layer in layers] + [layers[-1].J2.permutation.index]
        assert torch.equal(layers[0].J2.permutation.index.sort().values, torch.arange(layers[0].J2.permutation.size))
        for i, permutation in enumerate(given):
            assert getattr(block, f"perm{i}").shape == permutation.shape
            setattr(block, f"perm{i}", permutation)
        pairs += zip(block.norm.parameters(), ours_of_it.norm.parameters(), strict=True)
        pairs += zip(block.layers.parameters(), ours_of_it.layers.parameters(), strict=True)
    pairs += zip(peer.norm.parameters(), our.norm.parameters(), strict=True)
    pairs += zip(peer.head.parameters(), our.classifier.parameters(), strict=True)
    check_same(peer, our, pairs, case)


def test_a_plain_normal_s_mixer_is_ours() -> None:
    our, peer = ours(S_MIXER, "normal"), plain_normal(S_MIXER).double()
    assert isinstance(our, Mixer)
    assert isinstance(peer, PlainMixer)
    mixing = [block for two in zip(our.token_mixing, our.channel_mixing, strict=True) for block in two]
    pairs: Pairs = list(zip(peer.stem.parameters(), our.embed.parameters(), strict=True))
    for block, ours_of_it in zip(peer.blocks, mixing, strict=True):
        pairs += zip(block.parameters(), ours_of_it.parameters(), strict=True)
    pairs += zip(peer.norm.parameters(), our.norm.parameters(), strict=True)
    pairs += zip(peer.head.parameters(), our.classifier.parameters(), strict=True)
    check_same(peer, our, pairs, S_MIXER)


def with_our_masks(peer: PlainSparseMlp, our: SwMlp) -> Pairs:
    """Give ``peer`` our masks and pair the parameters; the mask's places are the same, so CSR values pair as they are."""
    pairs: Pairs = list(zip(peer.stem.parameters(), our.embed.parameters(), strict=True))
    for norm, layer, block in zip(peer.norms, peer.layers, our.blocks, strict=True):
        (mine,) = block.layers
        assert isinstance(mine, SparseLinear)
        pairs += zip(norm.parameters(), block.norm.parameters(), strict=True)
        if isinstance(layer, MaskedLinear):
            layer.mask = mine.mask
            pairs.append((layer.weight, mine.weight))
        else:
            assert isinstance(layer, CsrLinear)
            layer.crow, layer.col = mine.crow, mine.col
            pairs.append((layer.values, mine.values))
        assert mine.bias is not None
        pairs.append((layer.bias, mine.bias))
    pairs += zip(peer.norm.parameters(), our.norm.parameters(), strict=True)
    pairs += zip(peer.head.parameters(), our.classifier.parameters(), strict=True)
    return pairs


@pytest.mark.parametrize(("layer", "form"), [(MaskedLinear, "dense"), (CsrLinear, "sparse")])
@pytest.mark.filterwarnings("ignore:Sparse")
def test_plain_sparse_mlps_are_ours(layer: type[nn.Module], form: str) -> None:
    our, peer = ours(SPARSE, "random", form), plain_sparse(SPARSE, layer).double()
    assert isinstance(our, SwMlp)
    assert isinstance(peer, PlainSparseMlp)
    check_same(peer, our, with_our_masks(peer, our), SPARSE)


def test_every_peer_of_a_kind() -> None:
    def names(case: Case) -> set[str]:
        return {variant.label.name for variant in peers_of(case, torch.device("cpu"))}

    ways = {f"{way}{suffix}" for way in ("eager", "compiled") for suffix in ("", ", autocast")}
    plain = {f"plain RP {way}" for way in ways}
    assert names(MIXER) == {f"timm {way}" for way in ways} | {"timm eager, DataLoader"} | plain
    assert names(S_MIXER) == {f"plain {way}" for way in ways} | plain
    assert names(SPARSE) == {"dense mask eager", "CSR eager", "dense mask eager, autocast"}


@pytest.mark.parametrize("tf32", [False, True])
@pytest.mark.parametrize("case", [MIXER, S_MIXER])
def test_rp_ratios_are_against_the_same_way_of_running(case: Case, tf32: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "has_tf32", lambda _: tf32)
    labels = {variant.label.name: variant.label for variant in peers_of(case, torch.device("cpu"))}
    for label in labels.values():
        assert (label.normal is None) == (label.mixing == "normal")
        if label.normal is not None:
            against = labels[label.normal]
            assert against.mixing == "normal"
            assert (against.compiled, against.precision) == (label.compiled, label.precision)
    found = {label.precision for label in labels.values()}
    assert found == {"fp32", "bf16"} | ({"tf32"} if tf32 else set())


def test_without_timm_the_row_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm.models.mlp_mixer", None)
    first = peers_of(MIXER, torch.device("cpu"))[0]
    with pytest.raises(UnavailableError, match=r"timm is not installed: pip install 'pkbench\[bench\]'"):
        first.build()
