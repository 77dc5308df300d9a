"""What is not TOML is reported line by line, and the rest of the file keeps its meaning."""

import tomllib
from typing import Any

import pytest

from pkbench.errors import SpecError
from pkbench.spec.syntax import MAX_SLIPS
from pkbench.spec.toml import Document, parse
from tests.spec.broken import marked, places_of

LISTS = frozenset({"model"})

BROKEN: dict[str, tuple[str, list[str], dict[str, Any]]] = {
    "no value": ("a =▶\nb = 1\n", ["`a` has no value", "leave the key out"], {"b": 1}),
    "no equals sign": ("▶a 2\nb = 1\n", ["`a 2` has no = after `a`"], {"b": 1}),
    "a colon": ("▶a: 2\nb = 1\n", ["no = after `a`", "write `a = …`"], {"b": 1}),
    "two equals signs": ("a =▶= 2\nb = 1\n", ["`= 2`", "a single ="], {"b": 1}),
    "no key": ("▶= 2\nb = 1\n", ["key = value", "`= 2`"], {"b": 1}),
    "a key with a wrong escape": ('▶"\\q" = 2\nb = 1\n', ["an escape that does not exist"], {"b": 1}),
    "a text with a wrong escape": ('a = ▶"\\ud800"\nb = 1\n', ["an escape that does not exist"], {"b": 1}),
    "a key with an accent": ("▶é = 2\nb = 1\n", ["stands in quotes"], {"b": 1}),
    "text without quotes": ("a = ▶Hello World # x\nb = 1\n", ["`Hello World`", 'quotes: "Hello World"'], {"b": 1}),
    "typographic quotes": ("a = ▶“x”\nb = 1\n", ["typographic quotes", "straight quotes"], {"b": 1}),
    "an open text": ('a = ▶"x\nb = 1\n', ['`"x` is not closed on its line', 'close it with "'], {"b": 1}),
    "an open text of lines": ('a = ▶"""x\ny\nb = 1\n', ['"""', "never closed"], {"b": 1}),
    "a path of Windows": ('a = ▶"C:\\data"\nb = 1\n', ["an escape that does not exist", "write \\\\"], {"b": 1}),
    "yes": ("a = ▶yes\nb = 1\n", ["write true"], {"b": 1}),
    "True": ("a = ▶True\nb = 1\n", ["true in lower case"], {"b": 1}),
    "None": ("a = ▶None\nb = 1\n", ["leave the key out"], {"b": 1}),
    "a leading zero": ("a = ▶007\nb = 1\n", ["begins with a zero", "write 7"], {"b": 1}),
    "a bare point": ("a = ▶.5\nb = 1\n", ["write 0.5"], {"b": 1}),
    "a formula": ("a = ▶2**18\nb = 1\n", ["not a number", "nothing is computed"], {"b": 1}),
    "five thousand digits": (f"a = ▶{'9' * 5000}\nb = 1\n", ["too many digits"], {"b": 1}),
    "a decimal comma": ("a = 0▶,5\nb = 1\n", ["`,5` stands after the value", "in [ ]"], {"b": 1}),
    "two keys in a line": ("a = 1 ▶c = 2\nb = 1\n", ["`c = 2` stands after the value"], {"b": 1}),
    "a day that is none": ("a = ▶2024-13-01\nb = 1\n", ["not a date"], {"b": 1}),
    "an open array": ("a = ▶[1, 2\nb = 1\n", ["`[1, 2` is never closed", "close it with ]"], {"b": 1}),
    "an open array of lines": ("a = ▶[\n  1,\n  2\n\n[b]\nc = 1\n", ["never closed"], {"b": {"c": 1}}),
    "an open array to the end": ("b = 1\na = ▶[\n  1,", ["never closed"], {"b": 1}),
    "an array without a comma": ("a = [1 ▶2]\nb = 1\n", ["a comma or ] is missing before `2]`"], {"b": 1}),
    "a bad item": ("a = [1, ▶no, 3]\nb = 1\n", ["`no` is not a value", "write false"], {"b": 1}),
    "an open inline table": ("a = ▶{ x = 1\nb = 1\n", ["not closed on its line"], {"b": 1}),
    "a last comma in an inline table": ("a = { x = 1▶, }\nb = 1\n", ["a comma stands before }"], {"b": 1}),
    "a key alone in an inline table": ("a = { ▶x }\nb = 1\n", ["`x` has no = and value"], {"b": 1}),
    "an open header": ("b = 1\n▶[t\nc = 1\n", ["`[t` is not closed", "write [t]"], {"b": 1, "t": {"c": 1}}),
    "a half-open header": ("▶[[t]\nc = 1\n", ["write [t], or [[t]]"], {"t": [{"c": 1}]}),
    "a header that is only closed": ("▶t]\nc = 1\n", ["`t]` is not closed the way it is opened"], {"t": {"c": 1}}),
    "a header without a name": ("b = 1\n[▶]\nc = 1\n", ["the name of a table is expected"], {"b": 1}),
    "a header with a value": ("b = 1\n▶[c = 2\n", ["begins with [", "write `c = …`"], {"b": 1}),
    "more after a header": ("[t] ▶c = 1\nd = 1\n", ["`c = 1` stands after the table's name"], {"t": {"d": 1}}),
    "a key twice": ('a = 1\n▶"a" = 2\nb = 1\n', ["`a` is given twice, first on line 1"], {"a": 1, "b": 1}),
    "a table twice": (
        "[t]\na = 1\n▶[t]\nb = 2\n",
        ["[t] is given twice, first on line 1"],
        {"t": {"a": 1, "b": 2}},
    ),
    "a table and a list": ("[t]\na = 1\n▶[[t]]\na = 2\n", ["written [t] on line 1"], {"t": [{"a": 1}, {"a": 2}]}),
    "a list and a table": ("[[t]]\na = 1\n▶[t]\na = 2\n", ["[[t]] each time"], {"t": [{"a": 1}, {"a": 2}]}),
    "a list in single brackets": (
        "[model]\na = 1\n▶[model]\na = 2\n",
        ["write [[model]] each time"],
        {"model": [{"a": 1}, {"a": 2}]},
    ),
    "a list's header that is missing": (
        "[[model]]\na = 1\nb = 1\n▶a = 2\nb = 2\n",
        ["`a` is given twice, first on line 2", "another [[model]] above it"],
        {"model": [{"a": 1, "b": 1}, {"a": 2, "b": 2}]},
    ),
    "a value and a table": ("a = 1\n[▶a.b]\nc = 1\n", ["`a` is a value on line 1 and a table here"], {"a": 1}),
    "a value and a list": ("a = 1\n▶[[a]]\nc = 1\n", ["`a` is a value on line 1 and a table here"], {"a": 1}),
    "a control character": ("a = 1▶\x07\nb = 1\n", ["a control character", "take it out"], {"a": 1, "b": 1}),
}

LIMITS = {
    "forty levels": (f"a = {'[' * 32}▶{'[' * 8}\nb = 1\n", "more than 32 levels deep"),
    "forty levels of tables": (f"a = {'{a=' * 32}▶{'{a=' * 8}\nb = 1\n", "more than 32 levels deep"),
    "forty parts of a key": (f"▶a{'.a' * 39} = 1\nb = 1\n", "more than 32 parts"),
    "forty parts of a header": (f"[▶a{'.a' * 39}]\n[c]\nb = 1\n", "more than 32 parts"),
}


def without_broken(document: Document) -> dict[str, Any]:
    return {key: value for key, value in document.data.items() if not any(loc[0] == key for loc in document.broken)}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_line_is_reported_and_the_others_are_read(name: str) -> None:
    source, words, data = BROKEN[name]
    broken = marked(source)
    with pytest.raises(ValueError, match=r"."):
        tomllib.loads(broken.text)
    document = parse(broken.text.encode(), "x.toml", LISTS)
    assert places_of(document.faults) == broken.places, [str(it) for it in document.faults]
    assert [word for word in words if word not in str(document.faults[0])] == [], str(document.faults[0])
    assert without_broken(document) == data


@pytest.mark.parametrize("name", LIMITS)
def test_what_is_too_deep_is_one_fault_and_the_rest_is_read(name: str) -> None:
    source, words = LIMITS[name]
    broken = marked(source)
    document = parse(broken.text.encode(), "x.toml")
    assert places_of(document.faults) == broken.places
    assert words in str(document.faults[0])
    assert "b" in str(document.data)


def test_every_broken_line_is_reported_at_once() -> None:
    source = """\
a = ▶yes
b = [1, ▶no, ▶maybe]
▶[t
c = ▶"open
▶just words
d = 1
▶d = 2
[[u]]
e = { x = ▶0.5.1, y = 1 }
f = 3
"""
    broken = marked(source)
    document = parse(broken.text.encode(), "x.toml")
    assert tuple(sorted(places_of(document.faults))) == broken.places, [str(fault) for fault in document.faults]
    assert document.data["t"]["d"] == 1
    assert document.data["u"][0]["f"] == 3


def test_a_lone_carriage_return_is_no_end_of_a_line() -> None:
    document = parse(b"c = 1\na = 1 \r b = 2\n", "x.toml")
    assert places_of(document.faults)[0] == (2, 7)
    assert "a control character" in str(document.faults[0])


def test_a_table_whose_name_is_lost_is_not_mixed_with_the_one_above() -> None:
    document = parse(b"[a]\nx = 1\n[?]\nx = 2\n[b]\nx = 3\n", "x.toml")
    assert (document.data, document.lost) == ({"a": {"x": 1}, "b": {"x": 3}}, True)


@pytest.mark.parametrize("text", ["a=1\n" * 60_000, "[[a]]\n" * 60_000, f"a = [{'1,' * 60_000}]"])
def test_a_file_of_far_too_many_values_is_given_up(text: str) -> None:
    with pytest.raises(SpecError, match="more than 50,000 values") as caught:
        parse(text.encode(), "x.toml")
    assert len(caught.value.faults) == 1


def test_a_file_of_something_else_is_given_up() -> None:
    with pytest.raises(SpecError) as caught:
        parse(b"hello world\n" * 5000, "x.toml")
    assert MAX_SLIPS < len(caught.value.faults) <= 2 * MAX_SLIPS + 2
    assert "is this the right file?" in str(caught.value.faults[0])
