"""Ranges of theory claims that nothing can be drawn from are faults at their place, not failures when run."""

from pathlib import Path

import pytest

from pkbench.errors import SpecError
from pkbench.spec.load import load_any

HEAD = """[experiment]
id = "ranges"
title = "Ranges"
paper = "none"
kind = "theory"

[[claim]]
id = "one"
statement = "A claim"
place = "nowhere"
tolerance = 0.1
seed = 0
draws = 2
"""
OPTIMUM = 'kind = "optimum"\ncheck = "largest-m"\nomega = [{omega}]\ngamma = [{gamma}]\n'
GROWTH = 'kind = "growth"\ncheck = "rises"\ngamma = 2.0\nomega = {omega}\nm = [100, 200]\n'


def faults(folder: Path, claim: str) -> list[str]:
    path = folder / "ranges.toml"
    path.write_text(HEAD + claim)
    try:
        load_any(path)
    except SpecError as error:
        return [f"{fault.place.line}: {fault.what}" for fault in error.faults]
    return []


def test_good_ranges_are_accepted(tmp_path: Path) -> None:
    assert faults(tmp_path, OPTIMUM.format(omega="1e5, 1e6", gamma="1.0, 1.0")) == []
    assert faults(tmp_path, GROWTH.format(omega=20000.0)) == []


@pytest.mark.parametrize(
    ("claim", "found"),
    [
        (OPTIMUM.format(omega="1e6, 1e5", gamma="1.0, 2.0"), "16: claim `one` has omega from 1e+06 to 100000"),
        (OPTIMUM.format(omega="1e5, 1e6", gamma="2.0, 1.0"), "17: claim `one` has gamma from 2 to 1"),
        (GROWTH.format(omega=20001.0), "17: claim `one` has omega = 20001 at width m = 100"),
    ],
)
def test_bad_ranges_are_not(claim: str, found: str, tmp_path: Path) -> None:
    assert faults(tmp_path, claim) == [found]
