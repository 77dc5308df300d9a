"""A starter spec is valid as it is, without a warning, and tells what else can stand in it."""

from pathlib import Path

import pytest

from pkbench.errors import UsageError
from pkbench.spec.load import load_spec
from pkbench.spec.scale import scale
from pkbench.spec.starter import KINDS, Wish, starter
from pkbench.spec.starter_parts import CLAIMS, MODELS
from tests.spec.broken import write


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_valid_and_runs_on_digits(kind: str, tmp_path: Path) -> None:
    loaded = load_spec(write(tmp_path, starter("my-spec", Wish(kind)), "my-spec.toml"))
    assert loaded.warnings == ()
    quick = scale(loaded.spec, "quick")
    assert [data.source for data in quick.data] == ["digits"]
    assert {model.mixing for model in quick.models} == {"normal", "random"}
    assert len(quick.train.seeds) >= 3
    assert loaded.spec.claim
    assert kind in {data.source for data in loaded.spec.data}


@pytest.mark.parametrize("kind", KINDS)
def test_it_has_no_line_too_long_and_explains_every_value(kind: str) -> None:
    lines = starter("my-spec", Wish(kind)).splitlines()
    assert max(len(line) for line in lines) <= 120
    assert lines[0] == "#:schema ../pkbench.schema.json"
    first_model = lines[lines.index("[[model]]") : lines.index("[[model]]", lines.index("[[model]]") + 1)]
    values = [number for number, line in enumerate(first_model) if " = " in line and not line.startswith("#")]
    assert all(first_model[number - 1].startswith("# ") for number in values)


def test_optional_keys_are_there_to_be_chosen() -> None:
    text = starter("x", Wish("parquet"))
    assert '# image_column = "image"' in text
    assert "# omega = …" in text


@pytest.mark.parametrize(
    ("spec_id", "hint"), [("My Spec", "my-spec"), ("", ""), ("../x", "for instance"), ("a" * 64, "")]
)
def test_an_id_that_is_none(spec_id: str, hint: str) -> None:
    with pytest.raises(UsageError, match="cannot be the id") as caught:
        starter(spec_id)
    assert hint in caught.value.message


def test_data_of_no_kind() -> None:
    with pytest.raises(UsageError, match="did you mean parquet") as caught:
        starter("x", Wish("parket"))
    assert "torchvision:STL10" in caught.value.message


@pytest.mark.parametrize(
    ("model", "claim", "data"),
    [
        *((model, "less", "text") for model in MODELS),
        *((model, "trend", "torchvision:CIFAR10") for model in MODELS),
        *(("normal", claim, "digits") for claim in CLAIMS),
    ],
)
def test_every_wish_is_valid(model: str, claim: str, data: str, tmp_path: Path) -> None:
    other = "random" if model == "normal" else "normal"
    wish = Wish(data, (model, other), claim, seeds=3, epochs=1)
    loaded = load_spec(write(tmp_path, starter("my-spec", wish), "my-spec.toml"))
    assert loaded.warnings == ()
    quick = scale(loaded.spec, "quick")
    assert (quick.train.seeds, quick.train.epochs) == ((0, 1, 2), 1)
    (found,) = loaded.spec.claim
    assert (found.kind, found.a) == (claim, model)
    families = claim in {"trend", "minimum-near", "crossing"}
    assert len(quick.models) == (6 if families else 2)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish(models=("norml", "random")), "--model cannot be norml; .*did you mean normal?"),
        (Wish(models=()), "--model cannot be empty"),
        (Wish(models=("normal", "normal")), "normal is given twice"),
        (Wish(models=("normal",)), "is about two models; give --model twice"),
        (Wish(claim="les"), "--claim cannot be les; .*did you mean less"),
    ],
)
def test_a_wish_that_is_none(wish: Wish, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        starter("x", wish)
