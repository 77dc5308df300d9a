"""One byte of every kind of file is altered, at random places: each is found and named by ``pkbench verify-results``."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from pkbench.results.discrepancy import Discrepancy
from pkbench.results.prove import prove
from pkbench.results.subject import subjects
from tests.results.conftest import call, made
from tests.results.made import Made
from tests.torture.conftest import Torture

__all__ = ["made"]

KINDS = {
    "the record of a run": "results/small/runs/*.json",
    "the record of a check": "results/numbers/checks/*.json",
    "the record of a comparison": "results/small/comparisons/*.json",
    "kept weights": "results/small/weights/*.pt",
    "a figure": "reports/figures/*",
    "a page": "reports/*.md",
    "the page in HTML": "reports/report.html",
    "a figure for a paper": "figures/*",
    "a report's data": "reports/report.json",
    "a report's manifest": "reports/manifest.json",
    "a table in LaTeX": "paper/*.tex",
    "a table in CSV": "tables/*.csv",
    "a metric or plot for DVC": "results/*/[mp]*s/*.*",
    "a file of data": "data/images.npz",
    "a spec": "specs/*.toml",
}
MEANS_CHANGED = {"a file of data", "a spec"}
"""Files that belong to the user: another byte is a change, not damage."""


def findings() -> list[Discrepancy]:
    found = subjects([], None)
    return prove(found, [subject.reports for subject in found], named=False).discrepancies


def flips(files: list[Path], times: int, seed: str) -> Iterator[Path]:
    """Alter one byte of one of ``files``, and put it back afterwards; ``times`` times."""
    chance = random.Random(seed)
    for _ in range(times):
        path = chance.choice(files)
        before = path.read_bytes()
        place = chance.randrange(len(before))
        altered = bytearray(before)
        altered[place] ^= 1 << chance.randrange(8)
        path.write_bytes(altered)
        yield path
        path.write_bytes(before)


@pytest.fixture
def reported(made: Made) -> Made:
    assert call("report", "--latex", "paper", "--csv", "tables", "--html", "--figures", "figures").exit_code == 0
    assert call("claims", "small").exit_code == call("claims", "numbers").exit_code == 0
    assert findings() == []
    return made


@pytest.mark.timeout(1800)  # in full, on a machine that others use
def test_an_altered_byte_is_found_and_named_whatever_it_is_of(reported: Made, torture: Torture) -> None:
    for kind, pattern in KINDS.items():
        files = [
            path for path in sorted(reported.folder.glob(pattern)) if path.name != "manifest.json" or "manifest" in kind
        ]
        assert files, kind
        times = torture.times(short=4, full=60)
        for path in flips(files, times, kind):
            named = [
                one
                for one in findings()
                if Path(one.file).name == path.name or (kind == "a file of data" and "data set" in one.what)
            ]
            assert named, f"{path} was altered and not found"
            assert all(one.means and one.remedy for one in named)
            assert {one.kind for one in named} == {"changed" if kind in MEANS_CHANGED else "damaged"}
        torture.tell(f"one byte of {kind} altered, at a random place", times, "nothing: found and named each time")
    assert findings() == [], "put back, everything is whole"
