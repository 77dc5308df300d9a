"""Every key and value of a TOML file is found where it stands, however the file is written."""

import json
import re
import string
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pkbench
from pkbench.errors import SpecError
from pkbench.spec.positions import Loc
from pkbench.spec.syntax import MAX_DEPTH
from pkbench.spec.toml import SHORT, parse

KEYS = st.one_of(
    st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=5),
    st.text("aéß .=#[]'", min_size=1, max_size=4),
)
SCALARS = st.one_of(
    st.integers(-(2**40), 2**40),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(string.printable + "é‘𝄞", max_size=8),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=6,
)
BLANKS = st.sampled_from(["", " ", "  ", "\t"])
ENDS = st.sampled_from(["", " ", '  # a comment with = and [ and " é', "#"])


@dataclass
class Writer:
    """Writes TOML in many ways and notes where it puts each key and value."""

    draw: Any
    newline: str
    text: str = ""
    keys: dict[Loc, int] = field(default_factory=dict)
    values: dict[Loc, int] = field(default_factory=dict)

    def put(self, text: str) -> None:
        self.text += text

    def key(self, name: str) -> None:
        bare = name.isascii() and all(char.isalnum() or char in "_-" for char in name)
        if bare and self.draw(st.booleans()):
            self.put(name)
        elif "'" not in name and self.draw(st.booleans()):
            self.put(f"'{name}'")
        else:
            self.put(json.dumps(name, ensure_ascii=False))

    def pair(self, loc: Loc, value: Any) -> None:
        self.keys[loc] = len(self.text)
        self.key(str(loc[-1]))
        self.put(self.draw(BLANKS) + "=" + self.draw(BLANKS))
        self.value(loc, value)

    def gap(self) -> None:
        """What may stand between the items of an array."""
        self.put(self.draw(BLANKS))
        if self.draw(st.booleans()):
            self.put(self.draw(ENDS) + self.newline + self.draw(BLANKS))

    def value(self, loc: Loc, value: Any) -> None:
        self.values[loc] = len(self.text)
        if isinstance(value, list):
            self.array(loc, value)
        elif isinstance(value, dict):
            self.put("{")
            for number, (key, item) in enumerate(value.items()):
                self.put(("," if number else "") + self.draw(BLANKS))
                self.pair((*loc, key), item)
            self.put(self.draw(BLANKS) + "}")
        elif isinstance(value, str):
            self.string(value)
        else:
            self.put(json.dumps(value))

    def array(self, loc: Loc, value: list[Any]) -> None:
        self.put("[")
        for number, item in enumerate(value):
            if number:
                self.put(",")
            self.gap()
            self.keys[(*loc, number)] = len(self.text)
            self.value((*loc, number), item)
            self.gap()
        if value and self.draw(st.booleans()):
            self.put(",")
        self.gap()
        self.put("]")

    def string(self, value: str) -> None:
        plain = all(char.isprintable() for char in value)
        if plain and "'" not in value and self.draw(st.booleans()):
            self.put(f"'''{value}'''" if self.draw(st.booleans()) else f"'{value}'")
        elif plain and not set(value) & set('"\\') and self.draw(st.booleans()):
            self.put(f'"""{self.newline}{value}"""')
        else:
            self.put(json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f"))

    def end(self) -> None:
        self.put(self.draw(ENDS) + self.newline + self.newline * self.draw(st.integers(0, 2)))


@st.composite
def documents(draw: Any) -> tuple[dict[str, Any], Writer]:
    """Data, and the writer that has written it: pairs at the top, then tables and lists of tables."""
    writer = Writer(draw, draw(st.sampled_from(["\n", "\r\n"])))
    data: dict[str, Any] = {}
    tables = st.dictionaries(KEYS, VALUES, max_size=3)
    for key, value in draw(tables).items():
        data[key] = value
        writer.put(draw(BLANKS))
        writer.pair((key,), value)
        writer.end()
    for name in draw(st.lists(KEYS, max_size=3, unique=True)):
        if name in data:
            continue
        many = draw(st.booleans())
        data[name] = []
        for number in range(draw(st.integers(1, 3)) if many else 1):
            loc: Loc = (name, number) if many else (name,)
            here = len(writer.text)
            for at in (loc, (name,)):
                writer.keys.setdefault(at, here)
                writer.values.setdefault(at, here)
            writer.put("[[" if many else "[")
            writer.key(name)
            writer.put("]]" if many else "]")
            writer.end()
            table = draw(tables)
            data[name].append(table)
            for key, value in table.items():
                writer.pair((*loc, key), value)
                writer.end()
        if not many:
            data[name] = data[name][0]
    return data, writer


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset].split("\n")
    return len(before), len(before[-1]) + 1


@settings(max_examples=250, deadline=None)
@given(documents(), st.booleans())
def test_every_key_and_value_is_found(made: tuple[dict[str, Any], Writer], mark: bool) -> None:
    data, writer = made
    assert tomllib.loads(writer.text) == data
    document = parse((b"\xef\xbb\xbf" * mark) + writer.text.encode(), "x.toml") if writer.text.strip() else None
    if document is None or not data:
        return
    assert document.faults == ()
    assert document.data == data
    for loc, offset in writer.keys.items():
        assert document.has(loc), loc
        assert document.positions.key(loc) == line_and_column(writer.text, offset), loc
    for loc, offset in writer.values.items():
        assert document.has(loc), loc
        assert document.positions.value(loc) == line_and_column(writer.text, offset), loc
        for beyond in (*loc, "not there"), (*loc, 99), (*loc[:-1], "nor there"), (*loc, 0), (*loc, 0, "a", 0):
            assert document.has(beyond) == (beyond in document.positions), beyond


def test_a_long_text_is_read_as_a_short_one() -> None:
    short = '[[model]]\nid = "a"\nsizes = { C = [1, 2] }\n'
    long = short + "# " + "x" * SHORT
    one, other = (parse(text.encode(), "x.toml") for text in (short, long))
    assert (one.sound is None, other.sound is None) == (False, True)
    assert one.data == other.data
    for loc in ("model",), ("model", 0), ("model", 0, "sizes", "C", 1), ("model", 1), ("model", 0, "C"):
        assert one.has(loc) == other.has(loc), loc
        assert one.at_value(loc) == other.at_value(loc), loc


def test_a_key_of_thousands_of_parts_takes_no_time() -> None:
    before = time.process_time()
    (fault,) = parse(f"a = 1\n{'.'.join('a' * 5000)} = 1\n".encode(), "x.toml").faults
    assert "a key of more than 32 parts" in str(fault)
    assert time.process_time() - before < 0.5, "it took 1.7 s"


def test_too_many_levels_are_left_to_the_scanner() -> None:
    for levels, faults in (MAX_DEPTH, 0), (MAX_DEPTH + 1, 1), (5000, 1):
        text = f"a = {'[' * levels}{']' * levels}\n"
        try:
            found = parse(text.encode(), "x.toml").faults
        except SpecError as error:
            found = error.faults
        assert len(found) == faults, levels


@settings(max_examples=100, deadline=None)
@given(documents())
def test_recovery_reads_what_is_valid_as_tomllib_does(made: tuple[dict[str, Any], Writer]) -> None:
    """With one broken line anywhere between statements, everything else still has its value and place."""
    valid, writer = made
    if not valid:
        return
    broken = writer.text + f"{writer.newline}[zz-broken]{writer.newline}oops{writer.newline}"
    document = parse(broken.encode(), "x.toml")
    assert [fault.place.line for fault in document.faults] == [len(broken.split("\n")) - 1]
    assert {key: value for key, value in document.data.items() if key != "zz-broken"} == valid
    for loc, offset in writer.values.items():
        assert document.positions.value(loc) == line_and_column(writer.text, offset), loc


def test_dotted_keys_and_headers_lead_to_their_tables() -> None:
    text = 'a.b."c.d" = 1\n[[m]]\nid = "x"\n[m.stated]\nplace = { page = 3 }\n[p.q.r]\ns = 2\n[p]\nt = 3\n'
    positions = parse(text.encode(), "x.toml").positions
    found = {loc: positions.key(loc) for loc in LOCS}
    assert found == LOCS
    assert positions.value(("a", "b", "c.d")) == (1, 13)


LOCS: dict[Loc, tuple[int, int]] = {
    ("a",): (1, 1),
    ("a", "b", "c.d"): (1, 1),
    ("m",): (2, 1),
    ("m", 0): (2, 1),
    ("m", 0, "id"): (3, 1),
    ("m", 0, "stated"): (4, 1),
    ("m", 0, "stated", "place", "page"): (5, 11),
    ("m", 0, "stated", "nothing", "there"): (4, 1),
    ("p",): (8, 1),
    ("p", "q", "r"): (6, 1),
    ("p", "q"): (6, 1),
    ("p", "t"): (9, 1),
    ("nowhere",): (0, 0),
}


@pytest.mark.parametrize(
    "text",
    [
        '"0" = { "=" = """\n""" }\n',
        'a = { b = [0], c = ["""\n"""] }\n',
        "a = { b = '''\n'''' }\n",
        'a = [ """\\"""" , "\\"" ] # """\n# \'\'\'\n',
    ],
)
def test_texts_over_lines_end_where_they_end(text: str) -> None:
    document = parse((text + "[zz-broken]\noops\n").encode(), "x.toml")
    assert [fault.place.line for fault in document.faults] == [text.count("\n") + 2]


def test_no_pattern_repeats_a_group_possessively() -> None:
    """Python 3.11.0 to 3.11.4 gets that wrong: CPython's gh-106052."""
    for path in Path(pkbench.__file__).parent.rglob("*.py"):
        assert not re.search(r"\)[*+?]\+|\(\?>", path.read_text(encoding="utf-8")), path
