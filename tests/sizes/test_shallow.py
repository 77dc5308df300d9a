from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkbench.models.shallow import Shallow
from pkbench.sizes.base import Shape
from pkbench.sizes.shallow import ShallowShape
from tests.structures.reference import explicit

size = st.integers(1, 5)
shapes = st.builds(
    ShallowShape, size, size, size, size, st.sampled_from(["dense", "monarch", "kronecker"]), size, st.booleans()
)


@given(shape=shapes)
def test_counts_are_those_of_the_module(shape: ShallowShape) -> None:
    model = Shallow(shape, activation="relu")
    model.initialize("torch-linear", 0)
    assert sum(parameter.numel() for parameter in model.parameters()) == shape.parameters
    nonzero = 0
    for layer in (model.B1, model.B2):
        weights = list(layer.weights)
        for factor in layer.factors:
            if factor.parameters:
                nonzero += int((explicit(factor, weights.pop(0)) != 0).sum())
    assert nonzero == shape.connections == shape.block_connections == 2 * shape.omega


@given(shape=shapes)
def test_monarch_has_the_connections_of_kronecker_and_dense_has_all(shape: ShallowShape) -> None:
    dense, monarch, kronecker = (replace(shape, weights=name) for name in ("dense", "monarch", "kronecker"))
    assert monarch.connections == kronecker.connections
    assert kronecker.parameters <= monarch.parameters
    assert dense.connections == shape.m * (shape.S0 * shape.C0 + shape.m)
    assert dense.p == 1


def test_kronecker_by_hand() -> None:
    shape = ShallowShape(28, 28, 32, 20, "kronecker", 10, bias=True)
    assert isinstance(shape, Shape)
    # B1: 28 groups of 32 x 28, then 32 of 20 x 28; B2: 20 groups of 32 x 32, then 32 of 20 x 20.
    first, second = 28 * 32 * 28 + 32 * 20 * 28, 20 * 32 * 32 + 32 * 20 * 20
    assert shape.connections == first + second
    assert shape.omega == (first + second) / 2
    assert shape.p == pytest.approx((first / (640 * 784) + second / (640 * 640)) / 2)
    assert (shape.m, shape.width, shape.depth, shape.layers, shape.gamma) == (640, 640, 2, 2, None)
    # Weights, one bias for each of the 640 outputs of B1 and B2, classifier.
    assert shape.parameters == (32 * 28 + 20 * 28) + (32 * 32 + 20 * 20) + 2 * 640 + 640 * 10 + 10
    assert shape.forward_flops == 2 * (first + second + 6400)
    # Inputs of the four factors (784, 32 * 28, 640, 640), phi's input, the classifier's input.
    assert shape.activation_floats == 784 + 896 + 640 + 640 + 640 + 640
