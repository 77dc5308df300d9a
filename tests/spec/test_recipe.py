"""The optional parts of a recipe: absent they leave no trace in a run's identity, present they are checked and change it."""

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pkbench.plan.run import config_id, expand, run_config
from pkbench.spec.document import Spec
from pkbench.spec.scale import scale
from pkbench.spec.schema import json_schema
from pkbench.spec.train import Train
from tests.small import TRAIN as SMALL_TRAIN
from tests.small import small_runs, small_spec
from tests.spec.broken import Broken, edited, faults_in, load, places_of

POLICY = 'policy = "autoaugment-cifar10"\n'
RAND = """
[train.augment.randaugment]
num_ops = 2
probability = 0.5
magnitude = 9
magnitude_std = 0.5
magnitude_max = 10
increasing = true
"""
REST = """
[train.augment.resized_crop]
area = [0.08, 1.0]
ratio = [0.75, 1.3333333333333333]

[train.augment.erasing]
probability = 0.25
area = [0.02, 0.3333333333333333]
ratio = [0.3, 3.3333333333333335]
fill = "normal"

[train.mix]
mixup_alpha = 0.8
cutmix_alpha = 1.0
switch_probability = 0.5
probability = 1.0
"""
SHALLOW = """
[[model]]
id = "flat"
kind = ▶"shallow"
weights = "dense"
S = 4
C = 4
bias = true
init = "normal"
activation = "relu"

"""
WHOLE = 'policy = "randaugment"\n' + RAND + REST
NUMBERS = ("select_lr_by", "clip_norm = 1.0\nstochastic_depth = 0.1\nselect_lr_by")


def with_recipe(text: str = WHOLE, *edits: tuple[str, str]) -> Broken:
    return edited((POLICY, text), *edits)


def test_a_whole_recipe_is_valid(tmp_path: Path) -> None:
    spec = load(tmp_path, with_recipe(WHOLE, NUMBERS).text).spec
    assert spec.train.augment.randaugment is not None
    assert spec.train.augment.erasing is not None
    assert spec.train.mix is not None
    assert (spec.train.clip_norm, spec.train.stochastic_depth) == (1.0, 0.1)
    assert scale(spec, "paper").train == spec.train
    jsonschema.Draft7Validator(json_schema()).validate(tomllib.loads(with_recipe(WHOLE, NUMBERS).text))


CASES: dict[str, tuple[Broken, list[str]]] = {
    "a policy without its numbers": (
        edited((POLICY, 'policy = ▶"randaugment"\n')),
        ['policy is "randaugment" without its table', "[train.augment.randaugment]"],
    ),
    "numbers without their policy": (
        edited((POLICY, POLICY + RAND.replace("[train.augment.randaugment]", "▶[train.augment.randaugment]"))),
        ['policy is "autoaugment-cifar10"', "take it out, or change the policy"],
    ),
    "a mean strength above the greatest": (
        with_recipe(WHOLE.replace("magnitude = 9", "magnitude = ▶15")),
        ["magnitude is 15", "magnitude_max = 10"],
    ),
    "a strength below nothing": (
        with_recipe(WHOLE.replace("magnitude = 9", "magnitude = ▶-1")),
        ["`train.augment.randaugment.magnitude` is -1", "from 0 to 30"],
    ),
    "areas the wrong way round": (
        with_recipe(WHOLE.replace("area = [0.08, 1.0]", "area = ▶[1.0, 0.08]")),
        ["`augment.resized_crop.area` is from 1 to 0.08", "write [0.08, 1]"],
    ),
    "ratios the wrong way round": (
        with_recipe(WHOLE.replace("ratio = [0.3, 3.3333333333333335]", "ratio = ▶[3.0, 0.3]")),
        ["`augment.erasing.ratio` is from 3 to 0.3"],
    ),
    "more than the image": (
        with_recipe(WHOLE.replace("area = [0.02, 0.3333333333333333]", "area = [0.02, ▶1.5]")),
        ["is 1.5"],
    ),
    "an unknown filling": (
        with_recipe(WHOLE.replace('fill = "normal"', 'fill = ▶"pixel"')),
        ['is "pixel"', '"constant" or "normal"'],
    ),
    "a probability above 1": (with_recipe(WHOLE.replace("probability = 0.25", "probability = ▶1.25")), ["is 1.25"]),
    "nothing to mix by": (
        with_recipe(WHOLE.replace("alpha = 0.8", "alpha = ▶0").replace("cutmix_alpha = 1.0", "cutmix_alpha = 0")),
        ["both 0", "take [train.mix] out"],
    ),
    "clipping to nothing": (edited(("select_lr_by", "clip_norm = ▶0\nselect_lr_by")), ["`train.clip_norm` is 0"]),
    "dropping the last block always": (
        edited(("select_lr_by", "stochastic_depth = ▶1.0\nselect_lr_by")),
        ["`train.stochastic_depth` is 1"],
    ),
    "dropping blocks without skip paths": (
        edited(NUMBERS, ("C = 986\n", "C = 986\nskip = ▶false\n")),
        ["`model.mixer-ss-8` has skip = false", "skip path goes around it"],
    ),
    "an unknown schedule": (
        edited(('kind = "cosine"', 'kind = ▶"step"')),
        ['is "step"', '"cosine" or "linear"'],
    ),
    "dropping blocks of a model that has none": (
        edited(NUMBERS, ("[train]\n", SHALLOW + "[train]\n")),
        ['`model.flat` is of kind = "shallow"', "skip path goes around it"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_does_not_fit_is_said(name: str, tmp_path: Path) -> None:
    broken, words = CASES[name]
    faults = faults_in(tmp_path, broken.text)
    assert set(places_of(faults)) == set(broken.places), faults
    text = " ".join(f"{fault.what} {fault.constraint} {fault.remedy}" for fault in faults)
    for word in words:
        assert word in text


def test_a_line_goes_down(tmp_path: Path) -> None:
    broken = edited(('kind = "cosine"', 'kind = "linear"'), ("final_lr = 0.0", "final_lr = ▶1.0"))
    faults = faults_in(tmp_path, broken.text)
    assert set(broken.places) <= set(places_of(faults))
    assert all("final_lr is 1" in fault.what for fault in faults)


def test_a_line_is_valid(tmp_path: Path) -> None:
    assert load(tmp_path, edited(('kind = "cosine"', 'kind = "linear"')).text).spec.train.schedule.kind == "linear"


TRAIN: dict[str, Any] = SMALL_TRAIN
RECIPE: dict[str, Any] = {
    "mix": {"mixup_alpha": 0.8, "cutmix_alpha": 1.0, "switch_probability": 0.5, "probability": 1.0},
    "clip_norm": 1.0,
    "stochastic_depth": 0.1,
}
RAND_TABLE: dict[str, Any] = {
    "num_ops": 2,
    "probability": 0.5,
    "magnitude": 9,
    "magnitude_std": 0.5,
    "magnitude_max": 10,
    "increasing": True,
}
TABLES: dict[str, Any] = {
    "resized_crop": {"area": [0.08, 1.0], "ratio": [0.75, 1.25]},
    "erasing": {"probability": 0.25, "area": [0.02, 0.3], "ratio": [0.3, 3.3], "fill": "constant"},
}


def first_id(**train: Any) -> str | None:
    return small_runs(**train)[0].run_id


def test_what_is_off_is_not_in_the_dump() -> None:
    dump = Train.model_validate(TRAIN).model_dump()
    assert dump["probe"] is None
    assert set(dump) == {*TRAIN, "probe"}
    assert set(dump["augment"]) == {"crop_padding", "flip", "policy"}
    assert json.loads(Train.model_validate(TRAIN).model_dump_json()) == json.loads(json.dumps(dump))


def test_ids_of_recipes_without_the_new_parts_stay() -> None:
    """The id of tests/plan/test_run.py, with what is off written in every way there is."""
    assert first_id() == "b4dc743535621369"
    assert first_id(mix=None, clip_norm=None, stochastic_depth=None) == first_id()
    augment = TRAIN["augment"] | {"resized_crop": None, "erasing": None, "randaugment": RAND_TABLE}
    assert first_id(augment=augment) == first_id()


@pytest.mark.parametrize("name", [*RECIPE, *TABLES, "randaugment", "schedule"])
def test_each_part_changes_the_id(name: str) -> None:
    change: dict[str, Any] = {}
    if name in RECIPE:
        change = {name: RECIPE[name]}
    elif name in TABLES:
        change = {"augment": TRAIN["augment"] | {name: TABLES[name]}}
    elif name == "randaugment":
        change = {"augment": TRAIN["augment"] | {"policy": name, name: RAND_TABLE}}
    else:
        change = {"schedule": TRAIN["schedule"] | {"kind": "linear"}}
    assert first_id(**change) != first_id()


def test_numbers_of_the_new_parts_change_the_id() -> None:
    augment = TRAIN["augment"] | {"policy": "randaugment", "randaugment": RAND_TABLE}
    weaker = augment | {"randaugment": RAND_TABLE | {"magnitude": 8}}
    assert first_id(augment=augment) != first_id(augment=weaker)
    assert first_id(mix=RECIPE["mix"]) != first_id(mix=RECIPE["mix"] | {"probability": 0.5})


def test_a_profile_lays_its_numbers_over_the_new_parts() -> None:
    augment = TRAIN["augment"] | TABLES | {"policy": "randaugment", "randaugment": RAND_TABLE}
    raw = json.loads(small_spec(**RECIPE, augment=augment).model_dump_json(exclude_none=True))
    raw["profile"]["quick"]["train"] = {
        "epochs": 7,
        "augment": {"crop_padding": 0, "flip": False, "policy": "none"}
        | {"erasing": TABLES["erasing"] | {"probability": 0.5}},
    }
    spec = Spec.model_validate(raw)
    scaled = scale(spec, "quick")
    assert scaled.train.epochs == 7
    assert scaled.train.mix == spec.train.mix
    assert scaled.train.augment.erasing is not None
    assert scaled.train.augment.erasing.probability == 0.5
    assert scaled.train.augment.resized_crop is None  # a profile says all there is of augmentation
    # Another policy at a profile leaves RandAugment's numbers without effect, and out of the identity.
    (run, *_) = expand(scaled, {"digits": "0" * 64})
    assert "randaugment" not in run.config["train"]["augment"]
    assert run_config(run.model, run.data, run.train, run.lr, run.seed, "0" * 64) == run.config
    assert config_id(run.config) == run.run_id
