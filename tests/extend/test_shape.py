"""Sizes that an extension gives are checked before anything is planned or compared by them."""

from dataclasses import replace
from typing import Any

import pytest

from pkbench.extend.shape import Sizes, checked
from pkbench.sizes.base import Shape

SIZES = Sizes(
    depth=1,
    layers=2,
    width=8,
    m=8,
    omega=16,
    p=0.5,
    block_connections=32,
    connections=40,
    parameters=50,
    forward_flops=100,
    activation_floats=60,
)


def test_what_is_checked_is_a_shape() -> None:
    found = checked(SIZES, (8, 8, 1), 10)
    assert isinstance(found, Shape)
    assert (found.image, found.classes, found.S, found.gamma) == ((8, 8, 1), 10, None, None)
    assert isinstance(found.omega, float)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("parameters", 0),
        ("parameters", 2.0),
        ("parameters", True),
        ("connections", -1),
        ("connections", 10**19),
        ("S", 0),
        ("depth", None),
        ("omega", float("nan")),
        ("omega", float("inf")),
        ("omega", "16"),
        ("p", 1.5),
        ("p", 0.0),
        ("gamma", -1.0),
    ],
)
def test_numbers_that_are_none(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{field} of its shape is"):
        checked(replace(SIZES, **{field: value}), (8, 8, 1), 10)


def test_what_is_no_shape() -> None:
    with pytest.raises(ValueError, match="its shape is a dict"):
        checked({"depth": 1}, (8, 8, 1), 10)
