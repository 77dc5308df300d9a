"""How numbers and verdicts are spelled, for the terminal, Markdown and figures alike."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Final

from pkbench.claims.metrics import difference
from pkbench.claims.published import Published
from pkbench.claims.verdict import Estimate, Outcome, Verdict
from pkbench.spec.metric import METRICS, MetricName, noun
from pkbench.visible import UNSEEN

SYMBOLS: Final[dict[Outcome, str]] = {"supported": "✓", "contradicted": "✗", "inconclusive": "?", "not assessed": "–"}
"""A sign for each outcome, always shown with its word: a sign alone says nothing to a screen reader."""

NOTHING = "–"

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_UNSEEN = re.compile(f"[{UNSEEN}]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]#|~$])")


def plain(text: str) -> str:
    """``text`` in one line without control characters: a spec cannot move the cursor, start a line or turn one around."""
    return " ".join(_CONTROL.sub(" ", _UNSEEN.sub("", text)).split())


def markdown(text: str) -> str:
    """``text`` as Markdown that shows it as it is: no markup, no HTML, one line."""
    escaped = _MARKDOWN.sub(r"\\\1", plain(text))
    escaped = escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # At the start of a line these would make a list, a rule or a heading.
    return re.sub(r"^(?=[-+=])|^(\d{1,9})(?=[.)](?:\s|$))", r"\1\\", escaped)


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


def effect_unit(verdict: Verdict) -> str:
    """The unit of a verdict's effect; the metric's name where its differences have none."""
    unit = METRICS[verdict.metric].difference or noun(verdict.metric)
    return f"{unit} per doubling of {verdict.x}" if verdict.kind == "trend" else unit


def effect(verdict: Verdict) -> str:
    """A verdict's effect with its interval, in the unit of its metric's differences where that is not points."""
    if verdict.effect is None:
        return NOTHING
    unit = effect_unit(verdict)
    tail = "" if unit == "points" else f" {unit}"
    return f"{with_interval(verdict.effect, verdict.low, verdict.high, verdict.metric)}{tail}"


def with_interval(value: float, low: float | None, high: float | None, metric: MetricName) -> str:
    """``−2.00 [−4.48, +0.48]``: a difference with the ends of its interval, where there are such."""
    shown = difference(value, metric)
    if low is None or high is None:
        return shown
    return f"{shown} [{difference(low, metric)}, {difference(high, metric)}]"


def estimated(found: Estimate, metric: MetricName) -> str:
    """``12.07 [11.20, 12.94]``: a mean with the ends of its interval, without a unit."""
    if found.mean is None:
        return NOTHING
    mean, *ends = (
        f"{number:.{METRICS[metric].digits}f}".replace("-", "−")
        for number in (found.mean, found.low, found.high)
        if number is not None
    )
    return f"{mean} [{', '.join(ends)}]" if ends else mean


def effect_of(verdict: Verdict, mark: Callable[[str], str] = str) -> str:
    """What a verdict's effect is of; ``mark`` is applied to names and sizes."""
    a, b, x = mark(verdict.a), mark(verdict.b or ""), mark(verdict.x or "")
    match verdict.kind:
        case "value":
            return f"{a} − reported"
        case "trend":
            return f"slope of {a} along {x}"
        case "minimum-near" | "maximum-near" if verdict.compared is None:
            return f"{a}, near − elsewhere"
        case "minimum-near" | "maximum-near":
            return "near − elsewhere: " + " − ".join(map(mark, verdict.compared or ()))
        case "extension":
            return f"{a}, {b}" if verdict.b else a
        case "crossing":
            where = f" at both ends of {x}"
        case _:
            where = f" at every {x}" if verdict.members else ""
    return f"{a} − {b}{where}{_deciding(verdict, mark)}"


def _deciding(verdict: Verdict, mark: Callable[[str], str]) -> str:
    """The member that a family's effect is of: the one that is hardest to show."""
    if verdict.deciding is None or not verdict.members:
        return ""
    member = verdict.members[verdict.deciding]
    where = mark(member.a) if member.x is None else f"{mark(verdict.x or '')} = {size(member.x)}"
    return f", hardest at {where}"


def size(value: float) -> str:
    """A size that models differ in: whole numbers in full, others with four digits."""
    return f"{value:,.0f}" if value == round(value) else f"{value:.4g}"


def paper_numbers(verdict: Verdict) -> str:
    """What the paper reports for both sides, and the p value its own numbers allow."""
    if verdict.published_a is None and verdict.published_b is None:
        return NOTHING
    text = published(verdict.published_a)
    if verdict.b is not None:
        text += f" against {published(verdict.published_b)}"
    return text if verdict.paper_p is None else f"{text}; p = {verdict.paper_p:.3f}"


def paper_points(verdict: Verdict) -> str:
    """What the paper's own points show: ``Fig. 6: on cifar10 12.10 % at C/S = 3.53``; empty where none were read."""
    return verdict.paper_says.removeprefix("The points of ")


def paper(verdict: Verdict) -> str:
    """The paper's numbers, its points, or both."""
    found = [text for text in (paper_numbers(verdict), paper_points(verdict)) if text not in ("", NOTHING)]
    return "; ".join(found) or NOTHING


def whole(number: int | None) -> str:
    """A size that some models do not have."""
    return NOTHING if number is None else str(number)


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
