"""A commented spec to start from: it runs as it is, and says of every value what it means and what else it can be.

The comments are made of the models' own descriptions, so they cannot fall behind them.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from pkbench.errors import UsageError
from pkbench.spec.base import IDENTIFIER
from pkbench.spec.data import (
    TORCHVISION_SHAPES,
    AudioData,
    DigitsData,
    ImageFolderData,
    NpzData,
    ParquetData,
    QuestionsData,
    TextData,
    TonesData,
    TorchvisionData,
)
from pkbench.spec.document import Experiment, Spec
from pkbench.spec.forms import Array, Choice, Form, Scalar, fields_of
from pkbench.spec.profile import Profile
from pkbench.spec.schema import FILE_NAME
from pkbench.spec.starter_parts import check_claim, check_models, claim_table, model_table
from pkbench.spec.train import AdamW, Augment, Cosine, Train
from pkbench.spec.words import any_of, closest, identifier_like, plain, requirement, written

_GENERATED = ("generated:questions", "generated:tones")
KINDS = ("digits", "parquet", "npz", "imagefolder", "text", "audio", *_GENERATED, *TORCHVISION_SHAPES)
"""What ``--data`` can be."""

_SPLIT = {"validation_count": 0, "split_seed": 0, "normalize": "train-statistics"}
_DIGITS = {"id": "digits", "source": "digits", "shape": [8, 8, 1], "classes": 10, "test_count": 540} | _SPLIT
_OWN = {"id": "own", "shape": [32, 32, 3], "classes": 10} | _SPLIT
_WORDS = {"shape": [32, 1, 64], "embedding_seed": 0}
_SOUND = {"shape": [64, 1, 32], "window": 256, "hop": 72, "bands": 32}
_MADE = {"generator_seed": 0, "count": 6000, "test_count": 1000}
_FILES: dict[str, tuple[type[BaseModel], dict[str, Any]]] = {
    "parquet": (ParquetData, {"train_path": "data/train.parquet", "test_path": "data/test.parquet"}),
    "npz": (NpzData, {"path": "data/images.npz"}),
    "imagefolder": (ImageFolderData, {"train_path": "data/train", "test_path": "data/test", "resize": "bilinear"}),
    "text": (
        TextData,
        _WORDS
        | {"train_path": "data/train.txt", "test_path": "data/test.txt", "format": "trec", "encoding": "utf-8"}
        | {"classes": 6},
    ),
    "audio": (AudioData, _SOUND | {"path": "data/recordings.npz", "sample_rate": 8000}),
    "generated:questions": (QuestionsData, _WORDS | _MADE | {"classes": 6}),
    "generated:tones": (TonesData, _SOUND | _MADE),
}
_PATCHES = {8: 2, 28: 4, 32: 4, 96: 8}
"""Patch size for each image size: enough tokens to mix, few enough to train quickly."""
_TRAIN = {
    "batch_size": 128,
    "drop_last": True,
    "label_smoothing": 0.0,
    "precision": "fp32",
    "cpu_threads": 1,
    "eval_every": 5,
    "select_lr_by": "validation-error",
}
_OPTIMIZER = {"kind": "adamw", "lr": [0.003], "weight_decay": 0.01, "betas": [0.9, 0.999], "eps": 1e-8}
_SCHEDULE = {"kind": "cosine", "warmup_epochs": 1, "warmup_lr": 0.0, "final_lr": 0.0}
_AUGMENT = {"crop_padding": 0, "flip": False, "policy": "none"}
_QUICK = {
    "scope": "Handwritten digits of 8 x 8 pixels and small models: a verdict here speaks about these alone.",
    "data": ["digits"],
}
_FAST = {"scope": "These images and these sizes: a verdict here speaks about them alone."}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a new spec is to be about."""

    data: str = "digits"
    """One of :data:`KINDS`."""
    models: tuple[str, ...] = ("normal", "random")
    """Of :data:`pkbench.spec.starter_parts.MODELS`; the claim is about the first one, or the first two."""
    claim: str = "less"
    """One of :data:`pkbench.spec.starter_parts.CLAIMS`."""
    seeds: int = 5
    epochs: int = 20


DEFAULT: Final = Wish()


def starter(spec_id: str, wish: Wish = DEFAULT, schema: str = f"../{FILE_NAME}") -> str:
    """The text of a spec called ``spec_id`` about ``wish``; ``schema`` is the path of the JSON Schema for editors.

    Raises:
        UsageError: ``spec_id`` cannot be an id, or there is no such data, model or claim.
    """
    check_id(spec_id)
    check_data(wish.data)
    check_models(wish.models)
    check_claim(wish.claim, wish.models)
    return "\n".join([f"#:schema {schema}", "#", f"# Command   pkbench run {spec_id}", *_body(spec_id, wish)]) + "\n"


def check_data(kind: str) -> None:
    """Accept ``kind`` as one of :data:`KINDS`.

    Raises:
        UsageError: there is no such data.
    """
    if kind not in KINDS:
        near = closest(kind, KINDS)
        remedy = f"did you mean {near}?" if near else ""
        raise UsageError(f"there is no data of kind {kind}", constraint=f"--data is {', '.join(KINDS)}", remedy=remedy)


def check_id(spec_id: str) -> None:
    """Accept ``spec_id`` as the id of a spec.

    Raises:
        UsageError: it cannot be one.
    """
    if not re.fullmatch(IDENTIFIER, spec_id):
        like = identifier_like(spec_id)
        constraint = requirement(fields_of(Experiment)["id"].form)
        raise UsageError(
            f"{written(spec_id)} cannot be the id of a spec",
            constraint=f"it needs {constraint}",
            remedy=f"for instance {like}" if like else "",
        )


def _body(spec_id: str, wish: Wish) -> Iterator[str]:
    table, own = _own_data(wish.data)
    claim, claimed = claim_table(wish.models, wish.claim)
    experiment = {"id": spec_id, "title": claimed["statement"], "paper": "Own question", "kind": "train"}
    yield from _table("[experiment]", Experiment, experiment)
    yield from _rule("data")
    if wish.data != "digits":
        yield from _table("[[data]]", table, own)
    yield from _table("[[data]]", DigitsData, _DIGITS, brief=wish.data != "digits")
    yield from _rule("models")
    yield from _models(wish, own)
    yield from _rule("recipe")
    yield from _table("[train]", Train, {"seeds": list(range(wish.seeds)), "epochs": wish.epochs} | _TRAIN)
    yield from _table("[train.optimizer]", AdamW, _OPTIMIZER)
    yield from _table("[train.schedule]", Cosine, _SCHEDULE | {"warmup_epochs": min(1, wish.epochs - 1)})
    yield from _table("[train.augment]", Augment, _AUGMENT)
    yield from _rule("claims")
    yield from _table("[[claim]]", claim, claimed)
    yield from _rule("scales")
    yield from _scales(wish, own)


def _models(wish: Wish, data: dict[str, Any]) -> Iterator[str]:
    """The models, each with sizes for the images of ``data``; what a value is for is said once."""
    explained = set()
    for name in wish.models:
        model, values = model_table(name, wish.claim)
        yield from _table("[[model]]", model, values | _sizes(model, data), brief=model in explained)
        explained.add(model)


def _scales(wish: Wish, own: dict[str, Any]) -> Iterator[str]:
    if wish.data == "digits":
        yield from _table("[profile.quick]", Profile, _QUICK)
        return
    yield from _table("[profile.fast]", Profile, _FAST | {"data": [own["id"]]})
    yield from _table("[profile.quick]", Profile, _QUICK, brief=True)
    for name in wish.models:
        sizes = _sizes(model_table(name, wish.claim)[0], _DIGITS)
        if sizes:
            yield from ("", f"[profile.quick.model.{name}]", *(f"{key} = {value}" for key, value in sizes.items()))


def _own_data(kind: str) -> tuple[type[BaseModel], dict[str, Any]]:
    """The table of the data set that is asked for, and what stands in it."""
    if kind == "digits":
        return DigitsData, _DIGITS
    if kind in _FILES:
        table, paths = _FILES[kind]
        return table, _OWN | {"source": kind} | paths
    shape, classes = TORCHVISION_SHAPES[kind]
    name = kind.partition(":")[2].lower()
    return TorchvisionData, {"id": name, "source": kind, "shape": list(shape), "classes": classes} | _SPLIT


def _sizes(model: type[BaseModel], data: dict[str, Any]) -> dict[str, int]:
    """Patch size and tokens for the images of ``data``, of a model that has patches."""
    if "patch" not in model.model_fields:
        return {}
    height, width, _ = data["shape"]
    patch = 1 if width == 1 else _PATCHES[height]
    return {"patch": patch, "S": (height // patch) * (width // patch)}


def _rule(title: str) -> Iterator[str]:
    yield ""
    yield f"# {'-' * (117 - len(title))} {title}"


def _table(header: str, model: type[BaseModel], values: dict[str, Any], *, brief: bool = False) -> Iterator[str]:
    """A table of ``values``; unless ``brief``, with what each is for, and with the optional ones left to choose."""
    yield ""
    if not brief:
        yield from _comment(plain(model.__doc__ or ""))
    yield header
    fields = fields_of(model)
    for name in sorted(fields, key=lambda name: name not in {"id", "kind", "source"}):
        form, default = fields[name].form, fields[name].default
        if name in values:
            if not brief:
                yield from _comment(plain(fields[name].description) + _allowed(model, name, form))
            yield f"{name} = {_toml(values[name])}"
        elif not brief and isinstance(form, Scalar | Array):
            yield from _comment(f"Optional. {plain(fields[name].description)}{_allowed(model, name, form)}")
            yield f"# {name} = {'…' if default is None else _toml(default)}"


def _comment(text: str) -> Iterator[str]:
    yield from textwrap.wrap(f"{text}.", 116, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def _allowed(model: type[BaseModel], name: str, form: Form) -> str:
    """What else a value can be, where its description leaves that open; of a table's kind: every kind there is."""
    for section in [*fields_of(Spec).values(), *fields_of(Train).values()]:
        choice = section.form.items[0] if isinstance(section.form, Array) else section.form
        if isinstance(choice, Choice) and choice.tag == name and model in choice.variants.values():
            return f" ({any_of(choice.variants)})"
    single = form.items[0] if isinstance(form, Array) else form
    is_open = isinstance(single, Scalar) and single.kind is str and len(single.choices) < 2
    return "" if is_open else f" ({requirement(form)})"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_toml(item)}' for key, item in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else written(value)
