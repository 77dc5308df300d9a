"""The reference in Markdown has every table and key that a spec can have, and its links lead to its own headings."""

import re

from pydantic import BaseModel

from pkbench.spec.document import ROOTS
from pkbench.spec.forms import Array, Choice, Form, Map, Table, fields_of
from pkbench.spec.reference import reference
from tests.docs.pages import LINK, anchors

TEXT = reference()
SECTIONS = dict(re.findall(r"^### (.+?)\n(.*?)(?=^##|\Z)", TEXT, flags=re.DOTALL | re.MULTILINE))


def tables(form: Form) -> list[type[BaseModel]]:
    match form:
        case Table(model):
            return [model, *(inner for value in fields_of(model).values() for inner in tables(value.form))]
        case Choice(_, variants):
            return [inner for model in variants.values() for inner in tables(Table(model))]
        case Array(items):
            return tables(items[0])
        case Map(_, value):
            return tables(value)
    return []


def rows(section: str) -> list[str]:
    return re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)


def test_every_table_has_a_section_with_its_keys() -> None:
    wanted = {model for root in ROOTS.values() for model in tables(Table(root))} - set(ROOTS.values())
    assert len(SECTIONS) == len(wanted)
    assert sorted(rows(section) for section in SECTIONS.values()) == sorted(list(fields_of(model)) for model in wanted)
    for kind in ROOTS:
        assert f"## A spec of kind {kind}\n" in TEXT


def test_links_lead_to_sections() -> None:
    links = LINK.findall(TEXT)
    assert len(links) > 50
    assert {link.removeprefix("#") for link in links} <= anchors(TEXT)


def test_rows_say_type_limits_default_and_meaning() -> None:
    for row in (
        "| `batch_size` | a whole number from 1 to 1,000,000 | required | Images a step |",
        '| `activation` | "gelu", "relu" or "linear" | `"gelu"` | Ablation: the activation phi in the mixing blocks |',
        "| `C` | a whole number from 1 to 1,000,000 | required, or in `sweep` | Channels |",
        "| `clip_norm` | a number above 0 | – |",
        "| `optimizer` | a table: [adamw](#trainoptimizer-adamw), [sgd](#trainoptimizer-sgd), ",
        "| `id` | a name | required |",
    ):
        assert row in TEXT


def test_a_table_in_several_places_is_described_once() -> None:
    assert "Also `[recipe.<name>.augment]`, " in SECTIONS["`[train.augment]`"]
    assert "Also `[configuration.model]`" in SECTIONS["`[[model]]` mlp-mixer"]


def test_what_markdown_would_read_as_its_own_is_escaped() -> None:
    outside = re.sub(r"`[^`]*`", "", TEXT)
    assert not re.findall(r"(?<!\\)\*", outside)
    assert not re.findall(r"(?<!\\)<", outside)
    assert all(row.count("|") - row.count("\\|") == 5 for row in TEXT.splitlines() if row.startswith("|"))
