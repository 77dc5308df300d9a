"""What is printed where a terminal cannot show it, and tables where there is no room for columns."""

import io

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pkbench.cli.fitting import Fitting
from pkbench.cli.plain import PLAIN


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_signs_keep_their_meaning(encoding: str) -> None:
    text = "✓ supported, −6.95 [−8.20, −5.71] ± 1 … a → b ≥ γ 漢"
    shown = text.encode(encoding, PLAIN).decode(encoding)
    assert shown.startswith("+ supported, -6.95 [-8.20, -5.71] ")
    assert shown.endswith("a -> b >= gamma ?")
    assert "✗ ? ✓".encode(encoding, PLAIN) == b"x ? +"


def test_bytes_that_are_no_text_stay_an_error() -> None:
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", PLAIN)


def printed(width: int) -> str:
    table = Table("spec", "", "why", title="runs")
    table.add_row("small", "run", Text("it was never run"))
    table.add_row("other", "", "done")
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(Fitting(table))
    return out.getvalue()


def test_a_narrow_terminal_gets_rows_as_lines() -> None:
    assert printed(40).splitlines() == [
        "runs",
        "- spec: small",
        "  run",
        "  why: it was never run",
        "- spec: other",
        "  why: done",
    ]
    assert "never run" in printed(80)
    assert "│" in printed(80)
