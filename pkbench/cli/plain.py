"""What a terminal gets in place of characters that it cannot show: a sign that means the same, not a question mark."""

from __future__ import annotations

import codecs
from typing import Final

PLAIN: Final = "pkbench-plain"
"""Name of the error handler, for a stream's ``errors``."""

_SIGNS: Final = {
    **{
        "−": "-",
        "–": "-",
        "—": "-",
        "±": "+-",
        "×": "x",
        "·": "|",
        "…": "...",
        "→": "->",
        "≤": "<=",
        "≥": ">=",
        "≈": "~",
    },
    **{"✓": "+", "✗": "x", "○": "o", "●": "*", "γ": "gamma", "Ω": "Omega", "β": "beta", "λ": "lambda", "α": "alpha"},
    **{
        "’": "'",
        "‘": "'",
        "“": '"',
        "”": '"',
        "é": "e",
        "²": "2",
        "₀": "0",
        "ₛ": "S",
        "Γ": "Gamma",
        "§": "section ",
        "⊗": "(x)",
    },
}


def _plain(error: UnicodeError) -> tuple[str, int]:
    """The signs for what ``error`` is about, and where to go on; '?' for what has none."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = error.object[error.start : error.end]
    ascii_signs = "".join(_SIGNS.get(sign, "?") for sign in found)
    return ascii_signs, error.end


codecs.register_error(PLAIN, _plain)
