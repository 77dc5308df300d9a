"""The JSON Schema says what the models say, and is the one that is committed."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from pkbench.spec.forms import fields_of
from pkbench.spec.schema import FILE_NAME, json_schema, schema_text
from pkbench.spec.starter import KINDS, Wish, starter
from tests.spec.broken import VALID, edited

ROOT = Path(__file__).parents[2]
VALIDATOR = jsonschema.Draft7Validator(json_schema())


def test_the_committed_schema_is_the_models() -> None:
    assert (ROOT / FILE_NAME).read_text(encoding="utf-8") == schema_text(), f"run: pkbench schema --out {FILE_NAME}"


def test_it_is_a_schema() -> None:
    jsonschema.Draft7Validator.check_schema(json_schema())


@pytest.mark.parametrize("text", [VALID, *(starter("x", Wish(kind)) for kind in KINDS)])
def test_it_accepts_valid_specs(text: str) -> None:
    VALIDATOR.validate(tomllib.loads(text))


@pytest.mark.parametrize(
    "edit",
    [
        ("depth = 2", "depth = 0"),
        ("depth = 2", "depth = 2.5"),
        ("depth = 2\n", ""),
        ("depth = 2", "dept = 2"),
        ('mixing = "normal"', 'mixing = "Normal"'),
        ('kind = "mlp-mixer"', 'kind = "s-mixer"'),
        ('kind = "adamw"', 'kind = "sgd"'),
        ("eps = 1e-8", "eps = 0"),
        ("betas = [0.9, 0.999]", "betas = [0.9]"),
        ("betas = [0.9, 0.999]", "betas = [0.9, 1.0]"),
        ("lr = [0.04, 0.05, 0.06]", "lr = []"),
        ('id = "wider-is-better"', 'id = "Wider"'),
        ("[profile.fast]", "[profile.tiny]"),
        ("C = 60", 'C = 60\nmixing = "random"'),
        ('[[data]]\nid = "cifar10"', '[[data]]\ntest_count = 3\nid = "cifar10"'),
        ("[experiment]", "[[experiment]]"),
    ],
    ids=lambda edit: edit[1].strip() or "left out",
)
def test_it_refuses_what_the_models_refuse(edit: tuple[str, str]) -> None:
    assert not VALIDATOR.is_valid(tomllib.loads(edited(edit).text))


def test_every_field_is_described() -> None:
    from pkbench.spec.document import ROOTS

    waiting, seen, bare = list(ROOTS.values()), set(), []
    while waiting:
        model = waiting.pop()
        if model in seen:
            continue
        seen.add(model)
        for name, field in fields_of(model).items():
            bare += [f"{model.__name__}.{name}"] * (not field.description)
        waiting += [other for other in models_below(model) if other not in seen]
    assert bare == []
    assert len(seen) == len(json_schema()["definitions"])


def models_below(model: type) -> list[type]:
    from pkbench.spec.forms import Array, Choice, Map, Table

    found: list[type] = []
    waiting = [field.form for field in fields_of(model).values()]
    while waiting:
        match waiting.pop():
            case Table(inner):
                found.append(inner)
            case Choice(_, variants):
                found += variants.values()
            case Array(items):
                waiting += items
            case Map(_, value):
                waiting.append(value)
    return found


def test_descriptions_are_the_strings_below_the_fields() -> None:
    definitions = json_schema()["definitions"]
    mixer = definitions["MlpMixer"]["properties"]
    assert mixer["depth"] == {
        "description": "Base blocks L, each of two mixing blocks (one of tokens and one of channels in a Mixer)",
        "type": "integer",
        "minimum": 1,
        "maximum": 1000,
    }
    assert mixer["kind"]["enum"] == ["mlp-mixer"]
    assert definitions["ParquetData"]["properties"]["image_column"]["default"] == "image"
    assert json.loads(schema_text()) == json_schema()
