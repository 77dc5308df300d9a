"""Numbers in the words of a finding."""

from __future__ import annotations

_UNITS = ((1e12, " T"), (1e9, " G"), (1e6, " M"))


def number(value: float, digits: int = 4) -> str:
    """``value`` to ``digits`` significant digits, as ``276.3 M``; whole numbers below a million in full.

    Units are decimal: M for 10^6, G for 10^9, T for 10^12.
    """
    if float(value).is_integer() and abs(value) < 1e6:
        return f"{int(value):,}"
    # Rounded first, so that 999,999,999 becomes 1 G and not 1000 M.
    value = float(f"{value:.{digits}g}")
    for size, unit in _UNITS:
        if abs(value) >= size:
            return f"{value / size:.{digits}g}{unit}"
    return f"{value:,.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"


def percent(fraction: float) -> str:
    """A positive fraction in per cent to two significant digits: ``8.3 %``, ``110 %``, ``0.014 %``."""
    value = 100 * fraction
    return f"{value:.0f} %" if value >= 10 else f"{value:.2g} %"


def compared(value: float, reference: float) -> str:
    """How far the positive ``value`` lies from ``reference``: ``8.3 % more``, ``less by a factor of 10.2``."""
    if value == reference:
        return "the same"
    ratio = value / reference
    word = "more" if ratio > 1 else "less"
    if 0.5 < ratio < 2:
        return f"{percent(abs(ratio - 1))} {word}"
    return f"{word} by a factor of {max(ratio, 1 / ratio):.3g}"


def same_digits(value: float, stated: float, digits: int) -> bool:
    """Whether ``value`` and ``stated``, both rounded to ``digits`` significant digits, are the same number."""
    return f"{value:.{digits - 1}e}" == f"{stated:.{digits - 1}e}"
