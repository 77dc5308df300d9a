"""Values and requirements in words, as a person would say them of a TOML file."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterable
from datetime import date, datetime, time
from typing import Any

from pkbench.spec.base import IDENTIFIER
from pkbench.spec.forms import Array, Choice, Form, Map, Open, Scalar, Table
from pkbench.spec.syntax import shorten

_IDENTIFIER = "a name of at most 63 lower-case letters, digits, '.' and '-', beginning with a letter or digit"
_LOW = (("ge", "of at least"), ("gt", "above"))
_HIGH = (("le", "up to"), ("lt", "below"))
_MAX_BITS = 256
_COMPARED = 100
"""Names at most, and characters of each, that are compared with what may be meant by one of them."""


def requirement(form: Form) -> str:
    """What ``form`` asks for: 'a whole number from 1 to 1,000'."""
    match form:
        case Map(_, _, _, int(most)):
            return f"a table of at most {most:,} names"
        case Table() | Map() | Open():
            return "a table"
        case Choice(tag, variants):
            return f"a table with {tag} = {any_of(tuple(variants))}"
        case Array():
            return _array(form)
        case Scalar():
            return _scalar(form)


def any_of(choices: Iterable[str]) -> str:
    """``"a", "b" or "c"``."""
    quoted = [f'"{choice}"' for choice in choices]
    return " or ".join(part for part in (", ".join(quoted[:-1]), "".join(quoted[-1:])) if part)


def _array(form: Array) -> str:
    each = requirement(form.items[0])
    if form.fixed:
        return f"an array of {form.least} values, each {each}"
    if form.least and form.most:
        return f"an array of {form.least} to {form.most:,} values, each {each}"
    return f"an array of at most {form.most:,} values, each {each}" if form.most else f"an array of values, each {each}"


def _scalar(form: Scalar) -> str:
    if form.choices:
        return any_of(form.choices)
    if form.kind is bool:
        return "true or false"
    bounds = form.bounds
    if form.kind is str:
        if bounds.get("pattern") == IDENTIFIER:
            return _IDENTIFIER
        length = f" of {bounds['min_length']} to {bounds['max_length']:,} characters" if "max_length" in bounds else ""
        return f"text{length}"
    kind = "a whole number" if form.kind is int else "a number"
    if "ge" in bounds and "le" in bounds:
        return f"{kind} from {_number(bounds['ge'])} to {_number(bounds['le'])}"
    ends = [f"{word} {_number(bounds[name])}" for name, word in (*_LOW, *_HIGH) if name in bounds]
    return " ".join([kind, " and ".join(ends)]) if ends else kind


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def written(value: object) -> str:
    """``value`` as TOML writes it, shortened."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return shorten(json.dumps(value[:300], ensure_ascii=False))
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        # Python refuses to write out integers of thousands of digits.
        return f"a number of about {round(value.bit_length() * 0.30103):,} digits"
    if isinstance(value, dict):
        return "{ … }"
    if isinstance(value, list):
        return shorten("[" + ", ".join(written(item) for item in value[:20]) + (", …" if value[20:] else "") + "]")
    return shorten(str(value) if isinstance(value, date | time) else repr(value))


def kind_of(value: object) -> str:
    """What sort of TOML value ``value`` is."""
    kinds = (
        (bool, "true or false"),
        (int, "a whole number"),
        (float, "a number with a point"),
        (str, "text"),
        (list, "an array"),
        (dict, "a table"),
        (datetime, "a date"),
        (date, "a date"),
        (time, "a time"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "something else")


def closest(word: str, choices: Iterable[str]) -> str | None:
    """The one of ``choices`` that ``word`` is likely meant to be."""
    folded = _folded(word)
    by_folded = {_folded(choice): choice for choice in choices}
    # Comparing takes a while: of many, those as long.
    likely = sorted(by_folded, key=lambda choice: abs(len(choice) - len(folded)))[:_COMPARED]
    found = difflib.get_close_matches(folded, likely, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def _folded(word: str) -> str:
    """What of ``word`` is compared."""
    return word[:_COMPARED].lower().replace("-", "_")


def nearest(word: str, choices: Iterable[str], taken: Collection[str]) -> str | None:
    """The one of ``choices`` that ``word`` is likely meant to be: rather one that is not ``taken``."""
    names = list(choices)
    return closest(word, [name for name in names if name not in taken]) or closest(word, names)


def begun(word: str, choices: Iterable[str], taken: Collection[str]) -> str | None:
    """The one of ``choices`` that goes on where ``word`` ends, as ``train_path`` does after ``train``, if it is not ``taken``."""
    longer = [name for name in choices if name.startswith(f"{word}_") and name not in taken]
    return longer[0] if len(longer) == 1 else None


def did_you_mean(word: object, choices: Iterable[str]) -> str:
    """'did you mean "x"?', or nothing."""
    near = closest(word, choices) if isinstance(word, str) else None
    return f'did you mean "{near}"?' if near else ""


def no_such(noun: str, name: str, names: Iterable[str]) -> tuple[str, str, str]:
    """What, constraint and remedy for a reference to a thing that is not there."""
    known = list(dict.fromkeys(names))
    there = f"there are {', '.join(known[:10])}{', …' if known[10:] else ''}" if known else f"there is no {noun}"
    return f"no {noun} is called `{shorten(name)}`", there, did_you_mean(name, known)


def identifier_like(text: str) -> str:
    """An identifier that resembles ``text``, or nothing."""
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()[:63]).strip("-.")


def plain(description: str) -> str:
    """A field's docstring as part of a sentence."""
    return " ".join(description.replace("``", "`").split()).rstrip(".")


def plural(count: int, noun: str) -> str:
    """``1 model``, ``2 models``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def subject(loc: tuple[str | int, ...], data: dict[str, Any]) -> str:
    """``loc`` as people name it: items of arrays of tables by their id, other items by their number."""
    parts: list[str] = []
    item = ""
    here: Any = data
    for part in loc:
        inside = _inside(here, part)
        if isinstance(part, int):
            name = inside.get("id") if isinstance(inside, dict) else None
            if isinstance(name, str) and name:
                parts.append(shorten(name, 63))
            elif len(parts) == 1 and (inside is None or isinstance(inside, dict)):
                parts.append(f"#{part + 1}")
            else:
                item = f"item {part + 1} of "
        else:
            parts.append(shorten(part))
        here = inside
    return f"{item}`{'.'.join(parts)}`"


def _inside(here: Any, part: str | int) -> Any:
    if isinstance(here, dict):
        return here.get(part)
    return here[part] if isinstance(here, list) and isinstance(part, int) and part < len(here) else None
