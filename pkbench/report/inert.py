"""Text of specs and records for files that other programs read: nothing in it is a command there."""

from __future__ import annotations

import re
from typing import Final

from pkbench.report.words import plain

_SURROGATE = re.compile("[\ud800-\udfff]")
"""Halves of characters, as file names that are no UTF-8 have them: they cannot be written and become question marks."""

_SPECIAL: Final[dict[str, str]] = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # A command where babel speaks German.
    '"': r"\symbol{34}",
} | {character: f"\\{character}" for character in "{}$&#_%"}
_SIGNS: Final[dict[str, str]] = {
    "−": "-",
    "±": r"\pm",
    "×": r"\times",
    "≤": r"\le",
    "≥": r"\ge",
    "≈": r"\approx",
    "√": r"\surd",
}
"""Signs that this package writes numbers with, which pdfLaTeX does not know as they are."""
_TEX: Final = str.maketrans(_SPECIAL | {sign: rf"\ensuremath{{{name}}}" for sign, name in _SIGNS.items()})
_LIGATURE = re.compile(r"(?<=[-'`,!?])(?=[-'`,])")
"""Between two characters that TeX would join into a third."""

_FORMULA = re.compile(r"[=+\-@\uff1d\uff0b\uff0d\uff20]")
"""How a cell begins that a spreadsheet takes for a formula, in full width as well."""


def inert(text: str) -> str:
    """``text`` in one line that can be written as UTF-8, without control characters or marks that nobody sees."""
    return plain(_SURROGATE.sub("?", text))


def tex(text: str) -> str:
    """``text`` as LaTeX that shows it as it is, in a table too. Other letters than ASCII stay as they are, in UTF-8."""
    parts = _LIGATURE.split(inert(text))
    escaped = r"{\kern0pt}".join(part.translate(_TEX) for part in parts)
    # At the start of a row these would be arguments of the line break before it.
    return f"{{}}{escaped}" if escaped.startswith(("[", "*")) else escaped


def cell(text: str) -> str:
    """``text`` as a cell that a spreadsheet shows: an apostrophe stands before what would be a formula."""
    line = inert(text)
    return f"'{line}" if _FORMULA.match(line) else line
