"""How numbers and verdicts are spelled, for the terminal, Markdown and figures alike."""

from __future__ import annotations

import re
import shlex
from typing import Final

from pkbench.claims.metrics import difference
from pkbench.claims.published import Published
from pkbench.claims.verdict import Outcome, Verdict
from pkbench.spec.metric import METRICS

SYMBOLS: Final[dict[Outcome, str]] = {"supported": "✓", "contradicted": "✗", "inconclusive": "?", "not assessed": "–"}
"""A sign for each outcome, always shown with its word: a sign alone says nothing to a screen reader."""

NOTHING = "–"

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]#|~$])")


def plain(text: str) -> str:
    """``text`` in one line without control characters: a spec cannot move the cursor or start a line of its own."""
    return " ".join(_CONTROL.sub(" ", text).split())


def markdown(text: str) -> str:
    """``text`` as Markdown that shows it as it is: no markup, no HTML, one line."""
    escaped = _MARKDOWN.sub(r"\\\1", plain(text))
    escaped = escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # At the start of a line these would make a list, a rule or a heading.
    return re.sub(r"^(?=[-+=])|(?<=^\d)(?=[.)]\s)|(?<=^\d\d)(?=[.)]\s)", r"\\", escaped)


def code(text: str) -> str:
    """``text`` as Markdown code, or escaped where code could not show it as it is."""
    return markdown(text) if "`" in text or "|" in text else f"`{plain(text)}`"


def shell(text: str) -> str:
    """``text`` as one word of a shell command in one line."""
    return shlex.quote(plain(text))


def outcome(verdict: Verdict) -> str:
    """Sign and word of a verdict's outcome; that a value was not rejected is called what it is."""
    word = f"{SYMBOLS[verdict.outcome]} {verdict.outcome}"
    return f"{word} (compatible)" if verdict.kind == "value" and verdict.outcome == "supported" else word


def mean_sd(mean: float | None, sd: float | None) -> str:
    """``12.07 ± 0.47``, both in per cent; the mean alone where there is no deviation."""
    if mean is None:
        return NOTHING
    return f"{mean:.2f}" if sd is None else f"{mean:.2f} ± {sd:.2f}"


def published(value: Published | None) -> str:
    """A published number, with the number of seeds where it is stated and a mark where it is quoted."""
    if value is None:
        return NOTHING
    text = mean_sd(value.mean, value.sd)
    if value.n is not None:
        text += f" (n = {value.n})"
    return f"{text}, quoted" if value.quoted_from else text


def effect(verdict: Verdict) -> str:
    """A verdict's effect with its interval, in the unit of its metric's differences where that is not points."""
    if verdict.effect is None:
        return NOTHING
    unit = METRICS[verdict.metric].difference
    tail = "" if unit in ("points", "") else f" {unit}"
    if verdict.kind == "trend":
        tail += " per doubling"
    numbers = [verdict.effect, verdict.low, verdict.high]
    effect, low, high = (None if number is None else difference(number, verdict.metric) for number in numbers)
    return f"{effect}{tail}" if low is None or high is None else f"{effect} [{low}, {high}]{tail}"


def paper_numbers(verdict: Verdict) -> str:
    """What the paper reports for both sides, and the p value its own numbers allow."""
    if verdict.published_a is None and verdict.published_b is None:
        return NOTHING
    text = published(verdict.published_a)
    if verdict.b is not None:
        text += f" against {published(verdict.published_b)}"
    return text if verdict.paper_p is None else f"{text}; p = {verdict.paper_p:.3f}"


def rate(lr: float | None) -> str:
    """A learning rate."""
    return NOTHING if lr is None else f"{lr:g}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 run``, ``2 runs``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def big(number: float) -> str:
    """``255949824`` as ``256M``: three significant digits."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= 0.9995 * size:
            return f"{number / size:.3g}{unit}" if number < 999.5 * size else f"{number / size:.0f}{unit}"
    return f"{number:g}"
