"""Every quantity against a hand count."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkbench.audit.quantities import FORMULAS, WORDS, body_parameters, dense_weights, mixing_bytes, recomputed
from pkbench.errors import UsageError
from pkbench.spec.audit import Quantity
from pkbench.spec.model import shape_of
from pkbench.spec.other_models import SFc, SwMlp
from tests.audit.factory import configuration, mlp_mixer, models, s_mixer

IMAGE = (16, 16, 1)


def test_all_quantities_have_a_formula_and_a_name() -> None:
    assert set(FORMULAS) == set(WORDS) == set(get_args(Quantity))


def test_hand_count() -> None:
    """S = 16, C = 8, gamma = 2, L = 3; S0 = C0 = 16 and 10 classes."""
    it = configuration(mlp_mixer())
    blocks = 3 * (8 * (16 * 32 + 32 * 16) + 16 * (8 * 16 + 16 * 8))  # C copies of W1, W2 and S copies of W3, W4
    expected: dict[Quantity, float] = {
        "S": 16,
        "C": 8,
        "C_per_S": 0.5,
        "m": 128,
        "width": 256,
        "omega": (8 * 16 * 32 + 16 * 8 * 16) / 2,
        "p": (1 / 8 + 1 / 16) / 2,
        "connections": blocks + 16 * 16 * 8,
        "block_connections": blocks,
        "forward_flops": 2 * (blocks + 16 * 16 * 8 + 8 * 10),
        "mixing_flops": 2 * blocks,
        "dense_flops": 2 * 6 * (2 * 128 * 256),  # 6 mixing blocks, m x 2m and back
        "mixing_bytes": 4 * 3 * (2 * 16 * 32 + 2 * 8 * 16),
        "dense_bytes": 8 * 6 * (2 * 128 * 256),
    }
    assert {quantity: recomputed(it, quantity) for quantity in expected} == expected
    # Classifier: 8 x 10 weights and 10 biases.
    assert recomputed(it, "parameters") - recomputed(it, "body_parameters") == 90


def test_table_s3_by_hand() -> None:
    """S = C = 64, gamma = 2, L = 3: 4*L*gamma*m^2 = 4*3*2*4096^2 = 402,653,184 weights, 8 bytes and 2 FLOPs each."""
    shape = shape_of(mlp_mixer(S=64, C=64), (32, 32, 1), 10)
    assert dense_weights(shape) == 402_653_184
    assert FORMULAS["dense_bytes"](shape) == 3_221_225_472
    assert FORMULAS["dense_flops"](shape) == 805_306_368
    # 3 blocks of 4 matrices of 64 x 128: 98,304 weights of 4 bytes, a tenth of the stated 3.93 MB.
    assert mixing_bytes(shape) == 393_216
    # 2 * 2*L*gamma*S*C*(S+C) = 2 * 12 * 4096 * 128.
    assert FORMULAS["mixing_flops"](shape) == 12_582_912


@pytest.mark.parametrize(
    ("name", "L", "P", "S", "C", "millions"),
    [
        ("s-32", 8, 32, 49, 512, 19),
        ("s-16", 8, 16, 196, 512, 18),
        ("b-32", 12, 32, 49, 768, 60),
        ("b-16", 12, 16, 196, 768, 59),
        ("l-32", 24, 32, 49, 1024, 206),
        ("l-16", 24, 16, 196, 1024, 207),
        ("h-14", 32, 14, 256, 1280, 431),
    ],
)
def test_official_mixers(name: str, L: int, P: int, S: int, C: int, millions: int) -> None:
    """Tolstikhin et al. 2021, Table 1: D_S = C/2 and D_C = 4C; matched without the classifier's 1001*C - C + 1000."""
    model = mlp_mixer(depth=L, patch=P, S=S, C=C, gamma=None, D_S=C // 2, D_C=4 * C)
    shape = shape_of(model, (224, 224, 3), 1000)
    # Written out: embedding, per block two MLPs with biases and two norms, the last norm.
    block = (2 * S * C // 2 + C // 2 + S) + (2 * 4 * C * C + 4 * C + C) + 4 * C
    by_hand = 3 * P * P * C + C + L * block + 2 * C
    assert body_parameters(shape) == by_hand
    assert round(by_hand / 1e6) == millions


def test_s_mixer_has_one_matrix_a_block() -> None:
    shape = shape_of(s_mixer(S=16, C=8), IMAGE, 10)
    assert mixing_bytes(shape) == 4 * 3 * (16 * 16 + 8 * 8)
    assert dense_weights(shape) == 6 * 128 * 128


def test_first_block_reads_other_tokens() -> None:
    """S0 = 16 tokens become S = 5: the first matrix is 10 x 16 instead of 10 x 5."""
    shape = shape_of(mlp_mixer(S=5, C=3, depth=2, first_skip="layer"), IMAGE, 10)
    assert mixing_bytes(shape) == 4 * ((10 * 16 + 5 * 10) + 2 * 5 * 10 + 2 * (2 * 3 * 6))


@given(model=models(), gamma=st.sampled_from([None, 1.0, 2.0]))
def test_dense_quantities_are_those_of_the_sw_mlp_beside_a_mixer(model: object, gamma: float | None) -> None:
    S, C, depth = model.S, model.C, model.depth  # type: ignore[attr-defined]
    common = {"S": S, "C": C, "depth": depth}
    mixer = s_mixer(**common) if gamma is None else mlp_mixer(**common, gamma=gamma)
    sw = SwMlp.model_validate(
        {"id": "sw", "kind": "sw-mlp", "patch": 4, "gamma": gamma, "p": 1.0, "mask": "exact", "mask_value": "one"}
        | {"init": "torch-linear", "compute": "dense", "pool": "mean", "bias": True, "first_skip": "layer", **common}
    )
    assert dense_weights(shape_of(sw, IMAGE, 10)) == dense_weights(shape_of(mixer, IMAGE, 10))


@given(model=models())
def test_dense_weights_hold_the_connections(model: object) -> None:
    """A Mixer with S = S0, one gamma and whole hidden widths fills the fraction p of the dense matrices."""
    mixer = mlp_mixer(S=16, C=model.C, gamma=2.0)  # type: ignore[attr-defined]
    shape = shape_of(mixer, IMAGE, 10)
    assert shape.block_connections == pytest.approx(shape.p * (dense_weights(shape) or 0))


def test_impossible_quantities_say_so() -> None:
    fc = SFc(id="fc", kind="s-fc", alpha=4, bias=True, init="normal")
    it = configuration(mlp_mixer()).model_copy(update={"model": fc})
    for quantity in ("S", "C", "C_per_S", "mixing_bytes", "dense_bytes", "dense_flops", "body_parameters"):
        with pytest.raises(UsageError, match="cannot be recomputed"):
            recomputed(it, quantity)
    assert recomputed(it, "width") > 0


def test_incomplete_models_and_patches_that_do_not_fit() -> None:
    with pytest.raises(UsageError, match="not all given"):
        recomputed(configuration(mlp_mixer(S=None)), "width")
    with pytest.raises(UsageError, match="do not divide"):
        recomputed(configuration(mlp_mixer(patch=3)), "width")
