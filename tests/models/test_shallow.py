from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from pkbench.models.shallow import Shallow
from pkbench.models.structured import StructuredLinear
from pkbench.sizes.shallow import ShallowShape
from tests.models.reference import commutation_matrix, vec

every_kind = pytest.mark.parametrize("weights", ["dense", "monarch", "kronecker"])
small = st.integers(1, 4)


def make(shape: ShallowShape, activation: str = "relu") -> Shallow:
    model = Shallow(shape, activation=activation)
    model.initialize("torch-linear", 0)
    return model.double()


@st.composite
def cases(draw: st.DrawFn, weights: str) -> tuple[ShallowShape, Tensor]:
    colours, height, width = draw(st.sampled_from([1, 3])), draw(small), draw(small)
    shape = ShallowShape(height, colours * width, draw(small), draw(small), weights, 3, draw(st.booleans()))
    return shape, torch.randn(2, colours, height, width, dtype=torch.float64)


def as_matrix(image: Tensor) -> Tensor:
    """``X`` of S0 x C0: one row an image row; the columns of the first colour, then those of the next."""
    return torch.cat(list(image), dim=1)


def added(bias: Tensor | None) -> Tensor | float:
    return 0.0 if bias is None else bias


def kronecker_matrix(layer: StructuredLinear) -> Tensor:
    """Eq. 6: ``vec(W X V) = (V^T (x) W) vec(X)``; the parameters are ``W`` and ``V^T``."""
    W, V_transposed = layer.weights
    return torch.kron(V_transposed, W)


def monarch_matrix(layer: StructuredLinear, S: int) -> Tensor:
    """Eq. 12 for rectangles, ``J_c^T L J_c R``, with the blocks of Cor. 3.4."""
    R, L = layer.weights
    C_in, C = R.shape[0], L.shape[1]
    J_in, J_out = commutation_matrix(S, C_in), commutation_matrix(S, C)
    return J_out.T @ torch.block_diag(*L) @ J_in @ torch.block_diag(*R)


def matrix(layer: StructuredLinear, shape: ShallowShape) -> Tensor:
    if shape.weights == "kronecker":
        return kronecker_matrix(layer)
    return monarch_matrix(layer, shape.S) if shape.weights == "monarch" else layer.weights[0][0]


@every_kind
@given(data=st.data())
def test_value_and_gradients_equal_explicit_matrices(weights: str, data: st.DataObject) -> None:
    shape, images = data.draw(cases(weights))
    model = make(shape)

    def slow(image: Tensor) -> Tensor:
        hidden = torch.clamp(matrix(model.B1, shape) @ vec(as_matrix(image)) + added(model.B1.bias), min=0)
        features = matrix(model.B2, shape) @ hidden + added(model.B2.bias)
        return model.classifier.weight @ features + model.classifier.bias

    fast_logits, slow_logits = model(images), torch.stack([slow(image) for image in images])
    torch.testing.assert_close(fast_logits, slow_logits, rtol=1e-10, atol=1e-12)
    direction = torch.randn_like(fast_logits)
    parameters = list(model.parameters())
    pairs = (torch.autograd.grad(logits, parameters, direction) for logits in (fast_logits, slow_logits))
    for a, b in zip(*pairs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-11)


@given(data=st.data())
def test_kronecker_weights_multiply_the_image_from_both_sides(data: st.DataObject) -> None:
    shape, images = data.draw(cases("kronecker"))
    model = make(replace(shape, bias=False), "linear")
    (W1, V1), (W2, V2) = model.B1.weights, model.B2.weights
    expected = [model.classifier(vec(W2 @ W1 @ as_matrix(image) @ V1.T @ V2.T)) for image in images]
    torch.testing.assert_close(model(images), torch.stack(expected))


@given(data=st.data())
def test_corollary_3_4_monarch_with_shared_blocks_is_kronecker(data: st.DataObject) -> None:
    shape, images = data.draw(cases("kronecker"))
    kronecker, monarch = make(shape), make(replace(shape, weights="monarch"))
    state = kronecker.state_dict()
    for name, value in monarch.state_dict().items():
        if ".weights." in name:
            state[name] = state[name].expand(value.shape)
    monarch.load_state_dict(state)
    torch.testing.assert_close(monarch(images), kronecker(images))
    torch.testing.assert_close(monarch.B1.to_dense(), kronecker_matrix(kronecker.B1))


def test_order_of_the_flattened_image() -> None:
    """Pixel (h, w) of colour c is feature (c W + w) H + h."""
    H, W = 3, 2
    model = make(ShallowShape(H, 3 * W, 2, 2, "dense", 3, bias=False), "linear")
    seen: list[Tensor] = []
    model.B1.register_forward_pre_hook(lambda *call: seen.append(call[1][0]))
    images = torch.arange(3.0 * H * W, dtype=torch.float64).view(1, 3, H, W)
    model(images)
    for c in range(3):
        for h in range(H):
            for w in range(W):
                assert seen[0][0, (c * W + w) * H + h] == images[0, c, h, w]


@every_kind
def test_flops_are_those_pytorch_counts(weights: str) -> None:
    shape = ShallowShape(5, 12, 3, 7, weights, 10, bias=True)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        make(shape)(torch.zeros(1, 3, 5, 4, dtype=torch.float64))
    assert counter.get_total_flops() == shape.forward_flops


@every_kind
def test_initial_weights_depend_on_the_seed_alone(weights: str) -> None:
    shape = ShallowShape(5, 12, 3, 7, weights, 10, bias=True)
    models = [Shallow(shape, activation="relu") for _ in range(3)]
    for model, seed in zip(models, (1, 1, 2), strict=True):
        torch.rand(1)
        model.initialize("torch-linear", seed)
    for a, b, c in zip(*(model.parameters() for model in models), strict=True):
        assert torch.equal(a, b)
        assert not torch.equal(a, c)
    models[0].initialize("normal", 1)
    assert not models[0].B1.bias.any()
    assert not models[0].classifier.bias.any()


@every_kind
def test_state_survives_a_round_trip(weights: str) -> None:
    shape = ShallowShape(5, 12, 3, 7, weights, 10, bias=True)
    model, other = make(shape), Shallow(shape, activation="relu").double()
    other.load_state_dict(model.state_dict())
    images = torch.randn(2, 3, 5, 4, dtype=torch.float64)
    assert torch.equal(model(images), other(images))
