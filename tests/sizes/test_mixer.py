"""Counts of Mixers pinned to the paper's numbers (fact numbers are those of the published tables)."""

import pytest

from pkbench import widths
from pkbench.sizes.base import Shape
from pkbench.sizes.mixer import MixerShape


def table1(S0: int, C0: int, S: int, C: int) -> MixerShape:
    return MixerShape(
        S0=S0, C0=C0, S=S, C=C, depth=2, gamma_S=4.0, gamma_C=4.0, classes=10, bias=True, skip_layer=False
    )


def test_mixer_ss_8_has_the_stated_connections() -> None:
    shape = table1(*widths.patch_grid(32, 32, 3, 8), 16, 986)
    assert shape.block_connections == 252_920_832
    assert shape.connections == 255_949_824
    assert shape.width == 63_104


@pytest.mark.parametrize(("C", "connections", "width"), [(487, 276_273_152, 124_672), (467, 255_363_072, 119_552)])
def test_mixer_ss_w_as_stated_has_eight_per_cent_more(C: int, connections: int, width: int) -> None:
    shape = table1(*widths.patch_grid(32, 32, 3, 4), 64, C)
    assert shape.connections == connections
    assert shape.width == width


def test_parameters_with_biases_and_without() -> None:
    # 192*986+986 patches; per block 16*64*2+64+16 tokens, 986*3944*2+3944+986 channels, 4*986 norms; 2*986 norm; 9870 head
    assert table1(16, 192, 16, 986).parameters == 190_298 + 2 * (2_128 + 7_782_498 + 3_944) + 1_972 + 9_870
    bare = MixerShape(
        S0=4, C0=4, S=4, C=3, depth=1, gamma_S=None, gamma_C=None, classes=2, bias=False, skip_layer=False
    )
    assert bare.parameters == 12 + 16 + 9 + 12 + 6 + 8


def test_nonzero_fraction_is_the_mean_of_both_sides() -> None:
    assert table1(64, 48, 64, 64).p == 1 / 64
    assert table1(64, 48, 64, 32).p == (1 / 32 + 1 / 64) / 2


def test_flops_are_two_for_each_connection() -> None:
    shape = table1(64, 48, 64, 467)
    assert shape.forward_flops == 2 * (255_363_072 + 4_670)


def official(image: int, patch: int, depth: int, C: int, D_C: int, D_S: int) -> MixerShape:
    """A Mixer of Tolstikhin et al. 2021, Table 1, for ImageNet-1k."""
    S0, C0 = widths.patch_grid(image, image, 3, patch)
    return MixerShape(
        S0=S0,
        C0=C0,
        S=S0,
        C=C,
        depth=depth,
        gamma_S=D_S / S0,
        gamma_C=D_C / C,
        classes=1000,
        bias=True,
        skip_layer=False,
    )


@pytest.mark.parametrize(
    ("shape", "parameters", "millions"),
    [
        (official(224, 32, 8, 512, 2048, 256), 19_104_624, 19),
        (official(224, 16, 8, 512, 2048, 256), 18_528_264, 18),
        (official(224, 32, 12, 768, 3072, 384), 60_293_428, 60),
        (official(224, 16, 12, 768, 3072, 384), 59_880_472, 59),
        (official(224, 32, 24, 1024, 4096, 512), 206_939_264, 206),
        (official(224, 16, 24, 1024, 4096, 512), 208_196_168, 207),
        (official(224, 14, 32, 1280, 5120, 640), 432_350_952, 431),
    ],
    ids=["S/32", "S/16", "B/32", "B/16", "L/32", "L/16", "H/14"],
)
def test_official_mixers_have_the_published_parameters(shape: MixerShape, parameters: int, millions: int) -> None:
    """``parameters`` are those of timm's models of the same names; the published millions leave out the classifier."""
    assert shape.parameters == parameters
    assert round((shape.parameters - shape.C * shape.classes - shape.classes) / 1e6) == millions


def test_hidden_widths_of_each_side() -> None:
    shape = official(224, 16, 12, 768, 3072, 384)
    assert (shape.D_S, shape.D_C, shape.gamma, shape.width) == (384, 3072, None, 196 * 3072)
    assert shape.omega == (768 * 196 * 384 + 196 * 768 * 3072) / 2
    assert isinstance(shape, Shape)
