"""The page itself: templates, style and script put together, with a policy that lets nothing else run or load."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final

from pkbench.report.checks import CheckStudy
from pkbench.report.inert import inert
from pkbench.report.page.cells import Exact
from pkbench.report.page.contents import contents
from pkbench.report.page.drawing import BOTTOM, LEFT, RIGHT, SHAPES, TOP
from pkbench.report.study import Study
from pkbench.report.words import counted

_PACKAGE: Final = "pkbench.report.page"
_BOUND: Final = re.compile(r"(?<=\d) (?=%|±|of \d|[kMGT]B?\b)|(?<=[±=<]) (?=[\d−+.])|(?<=\w) (?==|<)")
"""Spaces at which no line is broken."""
_WORDS: Final = {
    "supported": "supported",
    "contradicted": "contradicted",
    "inconclusive": "inconclusive",
    "not-assessed": "not assessed",
}
"""How outcomes of trained and computed claims are called together, by the class of their colour."""


def html_page(studies: Sequence[Study], checks: Sequence[CheckStudy]) -> str:
    """The report as one HTML document that needs no network and no other file; the same for the same store."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_one_line,
    )
    environment.globals["counted"] = counted
    environment.globals["shapes"] = SHAPES
    environment.globals["frame"] = {"left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM}
    style, script = _together("page.css", "figures.css", "adapt.css"), _together("page.js", "points.js")
    return environment.get_template("page.html.j2").render(
        page=contents(studies, checks),
        words=_WORDS,
        policy=policy(style, script),
        style=_verbatim(style),
        script=_verbatim(script),
    )


def _together(*names: str) -> str:
    """Files of this package, one after the other."""
    return "\n".join(files(_PACKAGE).joinpath(name).read_text(encoding="utf-8") for name in names)


def policy(style: str, script: str) -> str:
    """The page's Content-Security-Policy: its own style and script by their hashes, and nothing else whatever."""
    hashes = {"style-src": style, "script-src": script}
    allowed = [
        f"{directive} 'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for directive, text in hashes.items()
    ]
    return "; ".join(["default-src 'none'", *allowed, "base-uri 'none'", "form-action 'none'"])


def _one_line(value: Any) -> Any:
    """Text of specs and records in one line, without control characters or marks that turn or hide text.

    A number stays on the line of its unit or sign, except in commands, which are copied.
    """
    if isinstance(value, Exact):
        return inert(value)
    return _BOUND.sub("\N{NO-BREAK SPACE}", inert(value)) if type(value) is str else value


def _verbatim(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - our own files, not text of specs
