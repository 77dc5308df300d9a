"""Numbers for people: counts, durations and sizes, short."""

from __future__ import annotations

from collections.abc import Sequence


def count(value: float) -> str:
    """``255949824`` as ``256M``; three significant digits, whole below 10,000."""
    if value < 10_000:
        return f"{value:.0f}" if value == round(value) else f"{value:.3g}"
    for unit, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size * 0.9995:
            return f"{value / size:.3g}{unit}" if value < size * 999.5 else f"{value / size:.0f}{unit}"
    return f"{value:.0f}"


def duration(seconds: float) -> str:
    """``3725`` as ``1 h 02 min``: two units at most."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"
    if seconds < 48 * 3600:
        return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60):02d} min"
    return f"{seconds / 86400:.1f} days"


def size(n: float) -> str:
    """Bytes as ``1.2 GB`` (decimal units)."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n >= scale:
            return f"{n / scale:.3g} {unit}"
    return f"{n:.0f} B"


def ranges(numbers: Sequence[int]) -> str:
    """``[0, 1, 2, 7]`` as ``0–2, 7``."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ", ".join("–".join(map(str, run)) for run in runs)
