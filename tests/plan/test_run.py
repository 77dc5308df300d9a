import json
from dataclasses import replace
from typing import Any

import pytest

from pkbench.plan.run import RESULT_VERSION, Run, canonical_json, config_id, expand
from pkbench.spec.document import Spec
from pkbench.spec.scale import scale
from tests.small import small_runs, small_scaled, small_spec

CHECKSUM = {"digits": "0" * 64}


def ids(spec: Spec, checksums: dict[str, str] | None = None) -> list[str | None]:
    return [run.run_id for run in expand(scale(spec, "quick"), checksums or CHECKSUM)]


def edited(**changes: Any) -> Spec:
    """The small spec with values at dotted paths (list items by number) replaced."""
    raw = json.loads(small_spec().model_dump_json(exclude_none=True))
    for path, value in changes.items():
        *parents, last = path.split("__")
        table: Any = raw
        for parent in parents:
            table = table[int(parent) if parent.isdigit() else parent]
        table[last] = value
    return Spec.model_validate(raw)


def test_ids_are_pinned() -> None:
    """These ids name results on people's disks: they change with RESULT_VERSION and never otherwise."""
    assert RESULT_VERSION == 2
    assert ids(small_spec())[0] == "b4dc743535621369"


def test_every_run_has_its_own_id_and_seeds_come_before_models() -> None:
    runs = small_runs(
        optimizer={"kind": "sgd", "lr": [0.1, 0.2], "weight_decay": 0.0, "momentum": 0.9, "nesterov": False}
    )
    assert len(runs) == len({run.run_id for run in runs}) == 12
    assert [(run.seed, run.model.id, run.lr) for run in runs[:4]] == [
        (0, "narrow", 0.1),
        (0, "narrow", 0.2),
        (0, "random", 0.1),
        (0, "random", 0.2),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"experiment__title": "Another title"},
        {"experiment__id": "renamed"},
        {"model__0__id": "renamed"},
        {"data__0__id": "renamed", "profile__quick__data": ["renamed"]},
        {"profile__quick__scope": "something else"},
        {"train__select_lr_by": "test-error"},
        {"model__0__stated": {"place": "Table 9", "connections": 1e3}},
        {"assumption": {"train.epochs": "because"}},
        {"model__0__omega": 240},
        {
            "claim": [
                {"id": "c", "kind": "less", "statement": "s", "place": "p", "a": "narrow", "b": "random"}
                | {"metric": "test_error", "margin": 0.0, "alpha": 0.05}
            ]
        },
    ],
)
def test_what_does_not_shape_a_result_changes_no_id(changes: dict[str, Any]) -> None:
    spec = edited(**changes)
    data_id = spec.data[0].id
    assert ids(spec, {data_id: "0" * 64}) == ids(small_spec())


@pytest.mark.parametrize(
    "changes",
    [
        {"model__0__depth": 2},
        {"model__0__gamma": 3},
        {"model__0__init": "normal"},
        {"model__0__bias": False},
        {"train__epochs": 4},
        {"train__precision": "bf16"},
        {"train__cpu_threads": 2},
        {"train__optimizer__weight_decay": 0.02},
        {"train__augment__flip": False},
        {"data__0__split_seed": 1},
        {"data__0__normalize": "none"},
    ],
)
def test_what_shapes_a_result_changes_the_id(changes: dict[str, Any]) -> None:
    assert ids(edited(**changes))[0] != ids(small_spec())[0]


def test_data_bytes_and_result_version_change_the_id() -> None:
    assert ids(small_spec(), {"digits": "1" * 64})[0] != ids(small_spec())[0]
    config = dict(small_runs()[0].config)
    assert config_id(config | {"result_version": RESULT_VERSION + 1}) != config_id(config)


def test_other_models_and_seeds_do_not_change_an_id() -> None:
    alone = edited(model=[json.loads(small_spec().model[1].model_dump_json(exclude_none=True))], train__seeds=[1])
    wanted = [run.run_id for run in small_runs() if run.model.id == "random" and run.seed == 1]
    assert ids(alone) == wanted


def test_solved_tokens_are_the_same_run_as_given_ones() -> None:
    solved = edited(model__0__omega=240)
    model = solved.model[0]
    assert model.tokens == 4
    without = solved.model_copy(update={"model": (model.model_copy(update={"S": None}), solved.model[1])})
    assert ids(without) == ids(small_spec())


def test_missing_data_means_no_id() -> None:
    run = next(iter(expand(small_scaled(), {"digits": None})))
    assert run.run_id is None
    assert isinstance(replace(run, lr=0.5), Run)


def test_canonical_json_has_one_spelling() -> None:
    assert canonical_json({"b": [1.0, "ü"], "a": None}) == '{"a":null,"b":[1.0,"\\u00fc"]}'
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json(float("nan"))
