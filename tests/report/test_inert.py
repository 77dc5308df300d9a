"""Texts of specs and records in LaTeX and CSV: shown as they are, never obeyed."""

import csv
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pkbench.report.inert import cell, inert, tex

COMMANDS = {
    r"\textbackslash{}": "\\",
    r"\textasciicircum{}": "^",
    r"\textasciitilde{}": "~",
    r"\textless{}": "<",
    r"\textgreater{}": ">",
    r"\textbar{}": "|",
    r"\symbol{34}": '"',
    r"{\kern0pt}": "",
    r"\ensuremath{-}": "−",
    r"\ensuremath{\pm}": "±",
    r"\ensuremath{\times}": "×",
    r"\ensuremath{\le}": "≤",
    r"\ensuremath{\ge}": "≥",
    r"\ensuremath{\approx}": "≈",
    r"\ensuremath{\surd}": "√",
} | {f"\\{character}": character for character in "{}$&#_%"}
"""Everything that LaTeX is told to do, and what it then shows."""
TOKEN = re.compile("|".join(re.escape(command) for command in sorted(COMMANDS, key=len, reverse=True)))
ACTIVE = set('\\{}$&#^_~%"<>|')
TEXTS = st.text() | st.text(alphabet="\\{}$&#^_~%\"<>|[]*-'`,!?=+@ a\x1b\u202e\ud800γ−é")


def shown(source: str) -> str:
    """What LaTeX shows of ``source``, which may hold nothing but ``COMMANDS`` and harmless characters."""
    text, position = "", 0
    source = source.removeprefix("{}")
    while position < len(source):
        command = TOKEN.match(source, position)
        if command:
            text += COMMANDS[command[0]]
            position = command.end()
        else:
            assert source[position] not in ACTIVE, f"{source!r} at {position}"
            text += source[position]
            position += 1
    return text


@given(TEXTS)
@example("\\end{tabular}\\input{/etc/passwd}")
@example("100% of $x^2$ & #1_a ~ {b} }{")
@example("a--b---c ``d'' ,,e?`f!`")
@example("[3cm] at the start")
@example("*")
@example("^^M ^^5cinput")
@example("\x1b]0;title\x07 \x9b2J \u202egnp.exe \ud83d")
def test_tex_shows_the_text_and_nothing_is_a_command(text: str) -> None:
    source = tex(text)
    assert shown(source) == inert(text)
    source.encode()
    assert len(source.splitlines()) <= 1


@given(TEXTS)
def test_nothing_at_the_start_is_an_argument_of_the_line_break_before(text: str) -> None:
    assert not tex(text).startswith(("[", "*"))


@given(TEXTS)
def test_no_ligature_is_left(text: str) -> None:
    assert not re.search(r"--|''|``|,,|\?`|!`", tex(text))


@pytest.mark.parametrize("text", ["Möbius", "naïve Straße", "模型", "Ελλάδα", "e\u0301"])
def test_other_letters_stay(text: str) -> None:
    for written in (tex(text), cell(text)):
        assert written == text


@given(TEXTS)
@example("a\tb\r\nc\u2028d\x00")
def test_inert_is_one_visible_line(text: str) -> None:
    line = inert(text)
    line.encode()
    assert line == " ".join(line.split())
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", line)
    assert inert(line) == line


@given(TEXTS)
@example("=HYPERLINK(1)")
@example("\x00=1+1")
@example("  @SUM(A1)")
@example("\u202e-1")
@example("\uff1dcmd")
def test_a_cell_is_no_formula_and_keeps_its_text(text: str) -> None:
    written = cell(text)
    assert not re.match("[=+\\-@\uff1d\uff0b\uff0d\uff20\t\r]", written)
    assert written in (inert(text), f"'{inert(text)}")
    buffer = io.StringIO()
    csv.writer(buffer).writerow(["id", written])
    assert next(csv.reader(io.StringIO(buffer.getvalue()))) == ["id", written]


@pytest.mark.parametrize(("text", "written"), [("=1+1", "'=1+1"), ("-0.4", "'-0.4"), ("@x", "'@x"), ("a=b", "a=b")])
def test_what_would_be_a_formula_has_an_apostrophe(text: str, written: str) -> None:
    assert cell(text) == written
