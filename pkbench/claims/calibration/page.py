"""The tables of a calibration between the marks of a Markdown page."""

from __future__ import annotations

from collections.abc import Mapping

from pkbench.claims.calibration.run import Calibration
from pkbench.claims.calibration.tables import tables
from pkbench.errors import UsageError

VERSIONS = "made"
"""Name of the block that says how the numbers were made: it differs between machines that agree on every number."""
NAMES = (VERSIONS, "rates", "limits", "coverage", "power", "seeds", "shared")
"""Every block of a page."""


def blocks(found: Calibration, made: str) -> dict[str, str]:
    """The text between each pair of marks; ``made`` says with what the numbers were made."""
    return {VERSIONS: made} | {table.name: table.markdown() for table in tables(found)}


def check_marks(page: str) -> None:
    """Raise where ``page`` lacks a block.

    Raises:
        UsageError: a pair of marks is missing.
    """
    for name in NAMES:
        _parts(page, name)


def written(page: str, content: Mapping[str, str]) -> str:
    """``page`` with the text between its marks replaced.

    Raises:
        UsageError: a pair of marks is missing.
    """
    for name, text in content.items():
        start, end = _marks(name)
        before, _, after = _parts(page, name)
        page = f"{before}{start}\n\n{text}\n\n{end}{after}"
    return page


def differing(page: str, content: Mapping[str, str]) -> list[str]:
    """Names of the tables that ``page`` has otherwise; how they were made is not compared."""
    return [name for name, text in content.items() if name != VERSIONS and _parts(page, name)[1].strip() != text]


def _parts(page: str, name: str) -> tuple[str, str, str]:
    """What stands before, between and after the marks of ``name``."""
    start, end = _marks(name)
    before, found_start, rest = page.partition(start)
    between, found_end, after = rest.partition(end)
    if not found_start or not found_end:
        raise UsageError(f"the page has no marks {start} and {end}", remedy="put them where the table belongs")
    return before, between, after


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- calibrate:{name} -->", f"<!-- /calibrate:{name} -->"
