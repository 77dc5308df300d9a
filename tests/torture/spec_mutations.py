"""Hostile specs without end: real ones with their values and tables changed, and their bytes; from a seed and a number."""

from __future__ import annotations

import copy
import random
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.torture.hostile_values import TEXTS, dumped, hostile

Path_ = tuple[str | int, ...]
SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.toml"))
_TEXTS = [path.read_text(encoding="utf-8") for path in SPECS]
_DOCUMENTS = [tomllib.loads(text) for text in _TEXTS]
_SMALL = 2
"""Models, data sets and claims of the specs that most inputs are made from: more changes hit something, in less time."""
_LARGEST = 150_000
"""Bytes of an input at most, but for the few that are beyond what a file may have."""


def reduced(document: dict[str, Any]) -> dict[str, Any]:
    """``document`` with few tables in each array, and nothing about those that are gone."""
    small = copy.deepcopy(document)
    gone: set[str] = set()
    for name in ("model", "configuration"):
        gone |= {item["id"] for item in small.get(name, [])[_SMALL:]}
        small[name] = small.get(name, [])[:_SMALL]
    used = {value for item in small["model"] if (value := item.get("recipe"))}
    small["recipe"] = {name: table for name, table in small.get("recipe", {}).items() if name in used}
    for name in ("reported", "compare", "claim"):
        kept = [
            item
            for item in small.get(name, [])
            if not gone & {str(item.get(key)) for key in ("a", "b", "row", "configuration")}
        ]
        gone |= {item["id"] for item in kept[_SMALL:] if name == "compare"}
        small[name] = kept[:_SMALL]
    for profile in small.get("profile", {}).values():
        for name in ("model", "compare", "recipe"):
            there = used if name == "recipe" else {item["id"] for item in small[name]}
            profile[name] = {key: table for key, table in profile.get(name, {}).items() if key in there}
    small.pop("assumption", None)
    return {name: value for name, value in small.items() if value or name in document}


_REDUCED = [reduced(document) for document in _DOCUMENTS]


def mutated(seed: int, number: int) -> bytes:
    """Input ``number`` of ``seed``: the same one always."""
    source = random.Random(f"{seed}/{number}")
    at = source.randrange(len(_TEXTS))
    document = (_DOCUMENTS if source.random() < 0.1 else _REDUCED)[at]
    kind = source.randrange(10)
    text = (_restructured_text(source, document) if kind < 8 else dumped(document))[:_LARGEST]
    if kind < 6:
        return text.encode()[:_LARGEST]
    if kind == 6:
        return _relined(source, text).encode()
    return _spliced(source, text.encode())


def _restructured_text(source: random.Random, document: dict[str, Any]) -> str:
    try:
        return dumped(_restructured(source, document))
    except RecursionError:
        # A table came into itself, which no text can say.
        return dumped(document)


def _restructured(source: random.Random, document: dict[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    for _ in range(source.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        places = list(_places(changed))
        if not places:
            break
        source.choice(_CHANGES)(source, changed, places)
    return changed


def _places(value: Any, at: Path_ = ()) -> Iterator[Path_]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(pairs)[:200]:
        if len(at) < 12:
            yield (*at, key)
            yield from _places(item, (*at, key))


def _parent(document: Any, at: Path_) -> Any:
    for key in at[:-1]:
        document = document[key]
    return document


def _change(source: random.Random, document: Any, places: list[Path_]) -> None:
    at = source.choice(places)
    _parent(document, at)[at[-1]] = hostile(source)


def _near(source: random.Random, document: Any, places: list[Path_]) -> None:
    """Another value of the same type: what comes of it may well be valid."""
    numbers = [at for at in places if isinstance(_parent(document, at)[at[-1]], int | float)]
    if not numbers:
        return
    at = source.choice(numbers)
    value = _parent(document, at)[at[-1]]
    if isinstance(value, bool):
        new: Any = not value
    elif isinstance(value, int):
        new = source.choice((1, 2, value + 1, value * 10, value * 1000, 999_983, 720_720, 1_000_000, 10**15, 2**31 - 1))
    else:
        new = source.choice((value * 10, value / 1000, 1e-300, 5e-324, 1e300, 999.9, 0.999, 1.0, value * 1.01))
    _parent(document, at)[at[-1]] = new


def _delete(source: random.Random, document: Any, places: list[Path_]) -> None:
    at = source.choice(places)
    del _parent(document, at)[at[-1]]


def _duplicate(source: random.Random, document: Any, places: list[Path_]) -> None:
    at = source.choice(places)
    parent = _parent(document, at)
    if isinstance(parent, list):
        parent.insert(source.randrange(len(parent) + 1), copy.deepcopy(parent[at[-1]]))  # type: ignore[index]
    else:
        parent[f"{at[-1]}{source.choice(('2', '_', 's', '-x', '.y'))}"] = copy.deepcopy(parent[at[-1]])


def _nest(source: random.Random, document: Any, places: list[Path_]) -> None:
    at = source.choice(places)
    value = _parent(document, at)[at[-1]]
    for _ in range(source.choice((1, 1, 2, 5, 31, 33, 60))):
        value = [value] if source.random() < 0.5 else {"a": value}
    _parent(document, at)[at[-1]] = value


def _swap(source: random.Random, document: Any, places: list[Path_]) -> None:
    first, second = source.choice(places), source.choice(places)
    shorter = min(len(first), len(second))
    if first[:shorter] == second[:shorter]:
        return
    a, b = _parent(document, first), _parent(document, second)
    a[first[-1]], b[second[-1]] = b[second[-1]], a[first[-1]]


def _rename(source: random.Random, document: Any, places: list[Path_]) -> None:
    at = source.choice(places)
    parent = _parent(document, at)
    if isinstance(parent, dict):
        old = str(at[-1])
        new = source.choice(
            (old[:-1], old + "s", old.upper(), source.choice(TEXTS)[:200], str(source.choice(places)[-1]))
        )
        parent[new] = parent.pop(old)


def _graft(source: random.Random, document: Any, places: list[Path_]) -> None:
    """Something of another spec in the place of something."""
    other = source.choice(_DOCUMENTS)
    found = source.choice(list(_places(other)))
    at = source.choice(places)
    _parent(document, at)[at[-1]] = copy.deepcopy(_parent(other, found)[found[-1]])


def _enlarge(source: random.Random, document: Any, places: list[Path_]) -> None:
    """An array of many more items, different ones where they can be, or a table of many keys."""
    many = source.choice((10, 30, 100, 101, 101, 1001))
    wide = [at for at in places if isinstance(_parent(document, at)[at[-1]], list | dict)]
    at = source.choice(wide or places)
    value = _parent(document, at)[at[-1]]
    if isinstance(value, list) and value:
        item = source.choice(value)
        if isinstance(item, dict):
            value += [{**copy.deepcopy(item), "id": f"{item.get('id', 'x')}-{n}"} for n in range(min(many, 1001))]
        elif isinstance(item, int | float) and not isinstance(item, bool):
            value += [item + n + 1 for n in range(many)]
        else:
            value += [item] * many
    elif isinstance(value, dict) and value:
        item = source.choice(list(value.values()))
        value |= {f"k{n}": copy.deepcopy(item) for n in range(many)}
    else:
        _parent(document, at)[at[-1]] = [value] * many


def _multiply(source: random.Random, document: Any, _places: list[Path_]) -> None:
    """Seeds, learning rates and sweeps that multiply."""
    many = source.choice((3, 10, 30, 100, 1000))
    train = document.get("train")
    if isinstance(train, dict):
        train["seeds"] = list(range(many))
        if isinstance(train.get("optimizer"), dict):
            train["optimizer"]["lr"] = [0.001 * (n + 1) for n in range(min(many, 100))]
    for model in document.get("model", []) if isinstance(document.get("model"), list) else []:
        if isinstance(model, dict) and source.random() < 0.7:
            name = source.choice(("C", "S", "depth", "omega", "gamma", "patch", "p", "alpha"))
            model.pop(name, None)
            model["sweep"] = {name: [n + 1 for n in range(many)]}


_CHANGES: tuple[Callable[[random.Random, Any, list[Path_]], None], ...] = (
    *(_change, _change, _near, _near, _near, _delete, _duplicate, _nest, _swap, _rename, _graft, _enlarge, _multiply),
)


def _relined(source: random.Random, text: str) -> str:
    """Lines left out, given twice, put elsewhere, joined or cut."""
    lines = text.split("\n")
    for _ in range(source.randrange(1, 6)):
        at, other = source.randrange(len(lines)), source.randrange(len(lines))
        match source.randrange(6):
            case 0:
                del lines[at : at + source.randrange(1, 5)]
                lines.append("")
            case 1:
                lines[other:other] = lines[at : at + source.randrange(1, 20)] * source.choice((1, 1, 2, 300))
            case 2:
                lines[at], lines[other] = lines[other], lines[at]
            case 3:
                lines[at] += " " + lines[other]
            case 4:
                lines[at] = lines[at][: source.randrange(len(lines[at]) + 1)]
            case _:
                left = source.choice("[]{}=\"'#,.\\")
                lines[at] = lines[at].replace(source.choice("[]{}=\"'#,."), left * source.choice((1, 2, 3, 2000)))
    return "\n".join(lines[:20_000])[:_LARGEST]


_TOKENS = (
    *(
        b"[",
        b"]",
        b"[[",
        b"{",
        b"}",
        b'"',
        b'"""',
        b"'''",
        b"\\",
        b"=",
        b"\x00",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\r",
        b"\n",
    ),
    *(
        b"inf",
        b"-nan",
        b"0x",
        b"1e999999",
        b"9" * 5000,
        b"1979-05-27",
        b"\xc2\x9b",
        b"\x1b[2J",
        b"[" * 10_000,
        b"a." * 5000,
    ),
    *(b"\xed\xa0\x80", b"\\uD800", b"\\U0010FFFF", b"#" * 10_000, b"{a=" * 3000, b'"' * 9999),
)


def _spliced(source: random.Random, content: bytes) -> bytes:
    """Bytes changed, cut out, put in, repeated."""
    changed = bytearray(content)
    for _ in range(source.randrange(1, 8)):
        at = source.randrange(len(changed) + 1)
        match source.randrange(6):
            case 0:
                changed[at : at + 1] = bytes([source.randrange(256)])
            case 1:
                del changed[at : at + source.randrange(1, 300)]
            case 2:
                changed[at:at] = source.randbytes(source.randrange(1, 40))
            case 3:
                changed[at:at] = source.choice(_TOKENS)
            case 4:
                changed[at:at] = changed[at : at + source.randrange(1, 400)] * source.choice((1, 2, 200))
            case _:
                del changed[source.randrange(len(changed) + 1) :]
    return bytes(changed[:_LARGEST])
