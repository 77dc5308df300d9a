"""Where a model stands along a size that a family is laid out by."""

from __future__ import annotations

from pkbench import widths
from pkbench.sizes.base import Shape
from pkbench.spec.metric import XName
from pkbench.spec.model import AnyModel


def x_of(name: XName, model: AnyModel, shape: Shape) -> float | None:
    """The size ``name`` of a model; ``None`` where its kind has none."""
    match name:
        case "C/S":
            return None if shape.C is None or shape.S is None else shape.C / shape.S
        case "m/m_max":
            S, C = widths.optimum(shape.omega, shape.gamma or 1.0)
            return shape.m / (S * C)
        case "1/p":
            return 1 / shape.p
        case "patch":
            return getattr(model, "patch", None)
        case "gamma_S/gamma_C":
            expansions = getattr(model, "expansions", None)
            return None if expansions is None else expansions[0] / expansions[1]
        case _:
            value = getattr(shape, name)
            return None if value is None else float(value)
