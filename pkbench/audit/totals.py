"""Numbers that follow from configurations: against what is stated, and against each other."""

from __future__ import annotations

from collections.abc import Callable

from pkbench.audit.quantities import WORDS, recompute, recomputed
from pkbench.audit.wording import compared, number, percent, same_digits
from pkbench.errors import UsageError
from pkbench.finding import Finding
from pkbench.spec.audit import Configuration, EqualClaim, Quantity, TotalClaim, Varied, can_vary
from pkbench.spec.model import AnyModel
from pkbench.spec.nearest import Nearest, nearest_configuration, simplest


def check_total(claim: TotalClaim, configuration: Configuration) -> Finding:
    """The stated number against the recomputed one; residual 0 where all stated digits agree, else the relative difference.

    Raises:
        UsageError: the quantity cannot be recomputed, or the model states no number for ``vary``.
    """
    value = recomputed(configuration, claim.quantity)
    residual = total_residual(claim, value)
    shown = max(4, claim.digits or 0)
    head = (
        f"{WORDS[claim.quantity]} stated as {number(claim.stated, shown)} ({claim.place}); "
        f"the settings of {configuration.id} give {number(value, shown)}"
    )
    head = head[0].upper() + head[1:]
    values = [("stated", claim.stated), ("recomputed", value), ("ratio", value / claim.stated)]
    if residual <= claim.tolerance:
        return Finding(residual, tuple(values), f"{head}, {_how_close(claim, value, residual)}.")
    tail = ""
    if claim.vary is not None:
        nearest = _nearest(configuration, claim.vary, claim.quantity, claim.stated, lambda x: _fits(claim, x))
        values += _values(nearest)
        tail = _remedy(configuration, nearest, fits=_fits(claim, nearest.quantity))
    return Finding(residual, tuple(values), f"{head}, {compared(value, claim.stated)}.{tail}")


def check_equal(claim: EqualClaim, a: Configuration, b: Configuration) -> Finding:
    """The same quantity of two configurations; residual: their difference relative to the smaller.

    Raises:
        UsageError: the quantity cannot be recomputed, or b's model states no number for ``vary``.
    """
    value_a, value_b = recomputed(a, claim.quantity), recomputed(b, claim.quantity)

    def residual_of(value: float) -> float:
        return abs(value - value_a) / min(value, value_a)

    residual = residual_of(value_b)
    noun = WORDS[claim.quantity]
    head = (
        f"{noun[0].upper()}{noun[1:]}: {number(value_a)} ({a.id}) and {number(value_b)} ({b.id}), "
        f"{compared(value_b, value_a)}"
    )
    values = [(a.id, value_a), (b.id, value_b), ("ratio", value_b / value_a)]
    tail = ""
    if residual > claim.tolerance and claim.vary is not None:
        nearest = _nearest(b, claim.vary, claim.quantity, value_a, lambda x: residual_of(x) <= claim.tolerance)
        values += _values(nearest)
        tail = _remedy(b, nearest, fits=residual_of(nearest.quantity) <= claim.tolerance)
    return Finding(residual, tuple(values), f"{head}.{tail}")


def total_residual(claim: TotalClaim, value: float) -> float:
    """0 where ``value`` has all stated digits, else its difference from the stated number relative to that."""
    if claim.digits is not None and same_digits(value, claim.stated, claim.digits):
        return 0.0
    return abs(value - claim.stated) / claim.stated


def _fits(claim: TotalClaim, value: float) -> bool:
    return total_residual(claim, value) <= claim.tolerance


def _how_close(claim: TotalClaim, value: float, residual: float) -> str:
    if residual == 0 and claim.digits is not None:
        return "the same to the digits stated"
    if residual == 0:
        return "the same"
    return f"{compared(value, claim.stated)}, within the tolerance of {percent(claim.tolerance)}"


def _nearest(
    configuration: Configuration,
    field: Varied,
    quantity: Quantity,
    target: float,
    fits: Callable[[float], bool],
) -> Nearest[AnyModel]:
    """The configuration's model with ``field`` changed so that ``quantity`` comes nearest to ``target``."""

    def quantity_of(model: AnyModel) -> float:
        return recompute(configuration, model, quantity)

    nearest = None
    if can_vary(configuration.model, field):
        nearest = nearest_configuration(configuration.model, field, quantity_of, target)
    if nearest is None:
        raise UsageError(
            f"configuration {configuration.id} has no {field} to vary",
            constraint="only a number that its model states can be varied",
            remedy="vary another field, or leave `vary` out",
        )
    return simplest(nearest, quantity_of, fits)


def _values(nearest: Nearest[AnyModel]) -> list[tuple[str, float]]:
    return [(f"nearest {nearest.field}", nearest.value), (f"with nearest {nearest.field}", nearest.quantity)]


def _remedy(configuration: Configuration, nearest: Nearest[AnyModel], *, fits: bool) -> str:
    """What would make the claim true."""
    field, before = nearest.field, getattr(configuration.model, nearest.field)
    change = f"{field} = {number(nearest.value)} instead of {number(before)}"
    if fits:
        return f" {change} gives {number(nearest.quantity)}."
    return f" No {field} fits: the nearest, {change}, gives {number(nearest.quantity)}."
