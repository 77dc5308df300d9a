"""The paper's relations between width, sparsity and connections, as pure functions of numbers.

Symbols are the paper's: ``S`` tokens, ``C`` channels, ``S0 = HW/P^2`` and ``C0 = (colours) * P^2`` of the
input patches, ``gamma`` the expansion factor, ``m = S*C`` the effective width, ``omega`` the average number
of connections of a layer, ``p`` the fraction of non-zero weights. Nothing here imports anything.
"""

from __future__ import annotations

import math


def hidden_width(gamma: float, n: int) -> int:
    """``gamma * n`` to the nearest integer (halves up), at least 1: the paper's gamma need not be whole."""
    return max(1, math.floor(gamma * n + 0.5))


def patch_grid(height: int, width: int, colours: int, patch: int) -> tuple[int, int]:
    """``(S0, C0)`` of an image cut into ``patch x patch`` squares (App. A.1)."""
    return (height // patch) * (width // patch), colours * patch * patch


def omega(S: float, C: float, gamma_S: float, gamma_C: float | None = None) -> float:
    """Average connections per layer, eq. 13: ``(gamma_S * C*S^2 + gamma_C * C^2*S) / 2``; one gamma serves both sides."""
    return S * C * (gamma_S * S + (gamma_S if gamma_C is None else gamma_C) * C) / 2


def solve_tokens(C: float, omega: float, gamma_S: float, gamma_C: float | None = None) -> float:
    """The real ``S`` with that ``omega``, eq. 14: ``(sqrt(C^2 + 8*omega/(gamma*C)) - C) / 2`` for one gamma."""
    channels = C if gamma_C is None else C * gamma_C / gamma_S
    return (math.sqrt(channels * channels + 8 * omega / (gamma_S * C)) - channels) / 2


def sparse_term(m: float, omega: float, gamma: float) -> float:
    """``(1 - p) / q^2`` of eq. 17 by the width alone: ``gamma*m/omega - 1/m``, with ``omega = p*gamma*m^2``, ``q^2 = p*m``.

    Zero where the weight is dense, at ``m = sqrt(omega/gamma)``; at fixed ``omega`` it grows with ``m``, in the end linearly.
    """
    return gamma * m / omega - 1 / m


def optimum(omega: float, gamma_S: float, gamma_C: float | None = None) -> tuple[float, float]:
    """``(S*, C*)`` of largest ``m`` at fixed ``omega``: both ``(omega/gamma)^(1/3)`` for one gamma (eq. 15).

    With two it lies where ``gamma_S * S = gamma_C * C``: ``C* = (gamma_S * omega / gamma_C^2)^(1/3)``.
    """
    gamma_C = gamma_S if gamma_C is None else gamma_C
    return float((gamma_C * omega / gamma_S**2) ** (1 / 3)), float((gamma_S * omega / gamma_C**2) ** (1 / 3))
