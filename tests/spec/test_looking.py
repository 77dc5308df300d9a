"""How closely a profile looks: its measurements along the training, and the images and passes of its comparisons."""

from pathlib import Path

import jsonschema
import pytest

from pkbench.plan.compare import comparisons
from pkbench.spec.schema import json_schema
from tests.spec.families import at, check, compare, model, runs

M, N = model("S = 4\nC = 8"), model("S = 4\nC = 9", "n")
PROBE = "\n[train.probe]\ntimes = {}\nspectrum = true\nsparsity = false\ngradients = false\ndegrees = false\n"
TWO = PROBE.format(2)
QUICK_TRAIN = "\n[profile.quick.train.probe]\n{}\n"
QUICK = "\n[profile.quick.compare.{}]\n{}\n"

FAULTS: dict[str, tuple[list[str], list[str]]] = {
    "a comparison that is not there": (
        [M, N, compare(), QUICK.format("kk", "▶batch = 8").replace("▶", "").replace("[profile", "▶[profile")],
        ["no comparison is called `kk`", "there are k", 'did you mean "k"?'],
    ),
    "a field that is part of the question": (
        [M, N, compare(), QUICK.format("k", '▶kind = "cka"')],
        ["kind"],
    ),
    "a batch too small to compare": (
        [M, N, compare(), QUICK.format("k", "batch = ▶3")],
        ["`profile.quick.compare.k.batch` is 3", "from 4 to 100,000"],
    ),
    "more images than are tested on": (
        [M, N, compare(batch="▶451")],
        ["`k` takes batches of 451 images, and data digits has 450 test images", "write at most 450", "compare.k]"],
    ),
    "more images than are tested on at a profile": (
        [M, N, compare(), QUICK.format("k", "batch = ▶512")],
        ["takes batches of 512 images at profile quick"],
    ),
    "measurements of nothing": (
        [M, QUICK_TRAIN.format("times = 1").replace("[profile", "▶[profile")],
        ["profile quick says how often runs are measured, and the spec measures nothing", "add [train.probe]"],
    ),
    "more measurements than epochs": (
        [M, PROBE.format("▶3")],
        ["probe.times is 3 and epochs 2", "after whole epochs", "write times = 2, in [profile.quick.train.probe]"],
    ),
    "more measurements than epochs at a profile": (
        [M, TWO, QUICK_TRAIN.format("times = ▶5")],
        ["probe.times is 5 and epochs 2 at profile quick"],
    ),
    "fewer epochs than measurements at a profile": (
        [M, TWO, "\n[profile.quick.train]\nepochs = ▶1\n"],
        ["probe.times is 2 and epochs 1 at profile quick", "write times = 1"],
    ),
    "something else to measure": (
        [M, TWO, QUICK_TRAIN.format("▶spectrum = false")],
        ["spectrum"],
    ),
}


@pytest.mark.parametrize(("tables", "texts"), FAULTS.values(), ids=FAULTS)
def test_faults(tables: list[str], texts: list[str], tmp_path: Path) -> None:
    message = "\n".join(str(fault) for fault in check(tmp_path, *tables))
    for text in texts:
        assert text in message


def test_what_a_profile_says_of_a_comparison_is_laid_over_it(tmp_path: Path) -> None:
    tables = (M, N, compare(), compare(id='"other"'))
    (plain, other), (scaled, same) = (
        at(tmp_path, *tables, *more).compares for more in ((), (QUICK.format("k", "batch = 32\npasses = 3"),))
    )
    assert (plain.batch, plain.passes) == (64, 1)
    assert (scaled.batch, scaled.passes) == (32, 3)
    assert scaled == plain.model_copy(update={"batch": 32, "passes": 3})
    assert same == other


def test_every_member_of_a_family_follows(tmp_path: Path) -> None:
    family = model("S = 4\nsweep = { C = [8, 16] }")
    scaled = at(tmp_path, family, N, compare(), QUICK.format("k", "passes = 2"))
    assert [(compare.id, compare.batch, compare.passes) for compare in scaled.compares] == [
        ("k-1", 64, 2),
        ("k-2", 64, 2),
    ]


def test_other_sizes_make_another_comparison_and_equal_ones_the_same(tmp_path: Path) -> None:
    same = QUICK.format("k", "batch = 64\npasses = 1")
    ids = []
    for more in ((), (same,), (QUICK.format("k", "passes = 2"),)):
        scaled = at(tmp_path, M, N, compare(), *more)
        ids.append([pair.run_id for pair in comparisons(scaled.compares, runs(scaled))])
    assert len(ids[0]) == 3
    assert ids[0] == ids[1]
    assert not set(ids[0]) & set(ids[2])


def test_measurements_follow_the_profile_and_are_part_of_a_run(tmp_path: Path) -> None:
    scaled = at(tmp_path, M, TWO, QUICK_TRAIN.format("times = 1"))
    assert scaled.train.probe is not None
    assert (scaled.train.probe.times, scaled.train.probe.spectrum) == (1, True)
    (run, *_) = runs(scaled)
    written = at(tmp_path, M, PROBE.format(1))
    assert run.run_id == runs(written)[0].run_id != runs(at(tmp_path, M, TWO))[0].run_id
    assert run.config["train"]["probe"]["times"] == 1


def test_editors_know_them() -> None:
    profile = json_schema()["definitions"]["Profile"]["properties"]
    assert profile["compare"]["additionalProperties"] == {"allOf": [{"$ref": "#/definitions/CompareScale"}]}
    validator = jsonschema.Draft7Validator(json_schema()["definitions"]["CompareScale"])
    assert validator.is_valid({"batch": 4, "passes": 1})
    assert not validator.is_valid({"batch": 3})
    assert not validator.is_valid({"seed": 1})
