"""Families of models: what a sweep stands for, and every way to write one wrongly, at its place."""

import tomllib
from pathlib import Path

import jsonschema
import pytest

from pkbench.spec.checks.scene import uneven
from pkbench.spec.model_parts import Sweep
from pkbench.spec.schema import json_schema
from tests.spec.families import HEAD, SW, at, at_quick, check, claim, compare, model, runs

TWO = "S = 4\nsweep = { C = [8, 16] }"


# --------------------------------------------------------------------------------------------------------- members


def test_a_sweep_is_a_model_for_each_place(tmp_path: Path) -> None:
    scaled = at(tmp_path, model("sweep = { S = [4, 9, 4], C = [8, 16, 32] }"), model("S = 4\nC = 8", "single"))
    assert [(m.id, getattr(m, "S", 0), getattr(m, "C", 0), m.sweep) for m in scaled.models] == [
        ("m-c8", 4, 8, None),
        ("m-c16", 9, 16, None),
        ("m-c32", 4, 32, None),
        ("single", 4, 8, None),
    ]
    assert scaled.families == {"m": ("m-c8", "m-c16", "m-c32"), "single": ("single",)}


@pytest.mark.parametrize(
    ("sizes", "kind", "names"),
    [
        ("S = 4\nsweep = { C = [8, 16] }", None, ["m-c8", "m-c16"]),
        # The first list without repetitions names them; numbers where every list has some.
        ("sweep = { C = [8, 16, 8], S = [4, 5, 6] }", None, ["m-s4", "m-s5", "m-s6"]),
        ("sweep = { C = [8, 16, 8], S = [4, 4, 6] }", None, ["m-1", "m-2", "m-3"]),
        ("S = 4\nC = 8\nsweep = { depth = [4, 8] }", None, ["m-depth4", "m-depth8"]),
        ("S = 4\nC = 8\nsweep = { gamma_S = [0.5, 2] }\ngamma_C = 2.0", 'kind = "mlp-mixer"\nmixing = "normal"', ["m-gamma-s0.5", "m-gamma-s2"]),
        ("S = 4\nC = 8\nsweep = { gamma = [1.0000001, 1.0000002] }", 'kind = "mlp-mixer"\nmixing = "normal"', ["m-1", "m-2"]),
        ("S = 4\nC = 8\nsweep = { p = [1e-5, 0.5] }", SW, ["m-p1e-05", "m-p0.5"]),
        ("S = 4\nC = 8\nsweep = { omega = [100, 1000] }", SW, ["m-omega100", "m-omega1000"]),
    ],
)  # fmt: skip
def test_names_of_members(tmp_path: Path, sizes: str, kind: str | None, names: list[str]) -> None:
    text = model(sizes) if kind is None else model(sizes, "m", kind)
    assert [m.id for m in at(tmp_path, text).models] == names


def test_a_member_is_the_same_run_as_the_single_model(tmp_path: Path) -> None:
    family = runs(at(tmp_path, model(TWO)))
    single = runs(at(tmp_path, model("S = 4\nC = 16", "other")))
    assert [run.run_id for run in family if run.model.id == "m-c16"] == [run.run_id for run in single]
    assert len({run.run_id for run in family}) == 6
    assert all(run.run_id for run in family)
    assert "sweep" not in str(family[0].config)


def test_solved_tokens_are_in_a_members_run(tmp_path: Path) -> None:
    # gamma = 4: omega = 4 C S (S + C) / 2: 2 * 8 * 12 * 20 = 3840 for C = 8 and S = 12.
    solved = runs(at(tmp_path, model("omega = 3840\nsweep = { C = [8, 12] }")))
    given = runs(at(tmp_path, model("S = 12\nC = 8")))
    assert [run.run_id for run in solved if run.model.id == "m-c8"] == [run.run_id for run in given]
    assert [run.model.tokens for run in solved[:2]] == [12, 8]  # type: ignore[union-attr]


def test_runs_of_members_are_complete_for_each_seed(tmp_path: Path) -> None:
    order = [(run.seed, run.model.id) for run in runs(at(tmp_path, model(TWO)))]
    assert order == [(seed, name) for seed in range(3) for name in ("m-c8", "m-c16")]


def test_uneven_lists_and_empty_ones() -> None:
    assert not uneven(None)
    assert uneven(Sweep())
    assert uneven(Sweep(C=(1, 2), S=(1,)))
    assert not uneven(Sweep(C=(1, 2), S=(1, 1)))


# ---------------------------------------------------------------------------------------------------------- profiles


def sizes(tmp_path: Path, own: str, quick: str) -> list[tuple[str, object, object]]:
    found = at(tmp_path, model(own), at_quick(quick)).models
    return [(m.id, m.tokens, m.C) for m in found]  # type: ignore[union-attr]


def test_a_profiles_sweep_stands_in_place_of_the_specs(tmp_path: Path) -> None:
    assert sizes(tmp_path, TWO, "sweep = { C = [4, 5, 6] }") == [("m-c4", 4, 4), ("m-c5", 4, 5), ("m-c6", 4, 6)]
    # A size that only the spec's sweep gave is given as one.
    both = "sweep = { S = [4, 9], C = [8, 16] }"
    assert sizes(tmp_path, both, "S = 5\nsweep = { C = [4, 6] }") == [("m-c4", 5, 4), ("m-c6", 5, 6)]


def test_a_profile_that_leaves_the_sweep_changes_all_members(tmp_path: Path) -> None:
    assert sizes(tmp_path, TWO, "S = 9") == [("m-c8", 9, 8), ("m-c16", 9, 16)]
    scaled = at(tmp_path, model(TWO), at_quick("depth = 1\npatch = 2"))
    assert [(m.depth, m.patch) for m in scaled.models] == [(1, 2)] * 2  # type: ignore[union-attr]


def test_omega_and_tokens_at_a_profile(tmp_path: Path) -> None:
    own = "omega = 3840\nsweep = { C = [8, 12] }"
    assert [s for _, s, _ in sizes(tmp_path, own, "depth = 1")] == [12, 8]
    # Other channels at the spec's omega: 2 * 4 * 20 * 24 = 3840, and 2 * 6 * 15 * 21 = 3780 is the nearest.
    assert [s for _, s, _ in sizes(tmp_path, own, "sweep = { C = [4, 6] }")] == [20, 15]
    # Tokens of the profile take the spec's omega away, an omega of the profile solves them anew.
    assert [s for _, s, _ in sizes(tmp_path, own, "S = 4")] == [4, 4]
    assert [s for _, s, _ in sizes(tmp_path, own, "omega = 480\nsweep = { C = [4, 6] }")] == [6, 4]
    assert [s for _, s, _ in sizes(tmp_path, own, "sweep = { C = [4, 6], S = [3, 2] }")] == [3, 2]
    assert [s for _, s, _ in sizes(tmp_path, own, "sweep = { C = [4, 6], omega = [480, 480] }")] == [6, 4]


def test_a_profile_may_say_the_hidden_width_in_another_way(tmp_path: Path) -> None:
    sides = model(
        "S = 4\nC = 8\nsweep = { gamma_S = [1, 2], gamma_C = [2, 1] }", "m", 'kind = "mlp-mixer"\nmixing = "normal"'
    )
    scaled = at(tmp_path, sides, at_quick("sweep = { gamma = [3, 5] }"))
    assert [m.expansions for m in scaled.models] == [(3, 3), (5, 5)]  # type: ignore[union-attr]
    density = model("S = 4\nC = 8\nsweep = { p = [0.1, 0.5] }", "m", SW)
    scaled = at(tmp_path, density, at_quick("sweep = { omega = [256, 512] }"))
    assert [m.density for m in scaled.models] == [0.25, 0.5]  # type: ignore[union-attr]


def test_other_profiles_keep_the_specs_sweep(tmp_path: Path) -> None:
    fast = '\n[profile.fast]\nscope = "All"\ndata = ["digits"]\n'
    tables = (model(TWO), at_quick("sweep = { C = [4, 5, 6] }"), fast)
    assert len(at(tmp_path, *tables).models) == 3
    assert [m.id for m in at(tmp_path, *tables, profile="fast").models] == ["m-c8", "m-c16"]


# ------------------------------------------------------------------------------------------------------------ faults

LONG = "a" * 60

FAULTS: dict[str, tuple[list[str], list[str]]] = {
    "uneven lists": ([model("sweep = ▶{ C = [8, 16], S = [1, 2, 3] }")], ["S has 3, C has 2", "equally long"]),
    "nothing in it": ([model("S = 4\nC = 8\nsweep = ▶{}")], ["the sweep of `model.m` is empty"]),
    "a list of nothing": ([model("S = 4\nsweep = { C = ▶[] }")], ["`model.m.sweep.C` has 0 values"]),
    "no list": ([model("S = 4\nsweep = { C = ▶8 }")], ["`model.m.sweep.C` is 8, a whole number", "write [8]"]),
    "a bad first value": ([model("S = 4\nsweep = { C = [▶0, 8] }")], ["item 1 of `model.m.sweep.C` is 0"]),
    "a bad other value": ([model("S = 4\nsweep = { C = [8, ▶0] }")], ["item 2 of `model.m.sweep.C` is 0"]),
    "a text": ([model('S = 4\nsweep = { C = [▶"8", 8] }')], ['item 1 of `model.m.sweep.C` is "8", text']),
    "a fraction of a channel": ([model("S = 4\nsweep = { C = [▶8.5, 9] }")], ["is 8.5, a number with a point"]),
    "a density above 1": ([model("S = 4\nC = 8\nsweep = { p = [0.5, ▶1.5] }", "m", SW)], ["item 2", "up to 1"]),
    "values beyond all bounds": ([model("S = 4\nsweep = { C = [8, ▶1000000000] }")], ["from 1 to 1,000,000"]),
    "too many members": (
        [model(f"S = 4\nsweep = {{ C = ▶[{', '.join(map(str, range(1, 1002)))}] }}")],
        ["has 1,001 values", "1 to 1,000 values"],
    ),
    "a size of another kind": (
        [model("S = 4\nsweep = { C = [8, 16], p = ▶[0.1, 0.2] }")],
        ["`model.m` sweeps over p", 'kind = "mlp-mixer" has no p'],
    ),
    "an unknown size": (
        [model("S = 4\nC = 8\nsweep = ▶{ ▶D = [1, 2] }")],
        ["`model.m.sweep` has no key `D`", "the sweep of `model.m` is empty"],
    ),
    "what is no size": ([model("S = 4\nsweep = { C = [8, 16], ▶mixing = [1, 2] }")], ["no key `mixing`"]),
    "a size given beside its list": (
        [model("S = 4\nC = 8\nsweep = { C = ▶[8, 16] }")],
        ["gives C and sweeps over it", "take C out of one of them"],
    ),
    "a size given nowhere": ([model("sweep = { S = [1, 2] }").replace("▷", "▶")], ["`model.m` has no `C`"]),
    "a member called like a model": (
        [model("S = 4\nsweep = { C = ▶[8, 16] }"), model("S = 4\nC = 8", "m-c16")],
        ["a member of the family `m` would be called `m-c16`, as another is"],
    ),
    "a name too long": (
        [model("S = 4\nsweep = { C = ▶[8, 16] }", LONG)],
        [f"would be called `{LONG}-c16`", "at most 63 characters"],
    ),
    "a member that does not fit its omega": (
        # 2 * 4 * 8 * 12 = 768 is right for the first.
        [model("S = 4\nomega = ▶768\nsweep = { C = [8, 16] }")],
        ["`model.m-c16` states omega = 768, and its sizes give 2,560"],
    ),
    "a member whose omega has no solution": (
        [model("omega = ▶768\nsweep = { C = [8, 60000] }")],
        ["`model.m-c60000` has omega = 768 and C = 60,000", "S is from 1"],
    ),
    "a member with more weights than places": (
        [model("S = 4\nC = 8\nsweep = ▶{ omega = [100, 2000] }", "m", SW)],
        ["`model.m-omega2000` has omega = 2,000", "a full layer has 1,024"],
    ),
    "a member whose patch does not divide": (
        [model("S = 4\nC = 8\nsweep = { patch = ▶[4, 3] }")],
        ["`model.m-patch3` has patch = 3", "8 x 8 pixels"],
    ),
    "a member with fewer blocks than are permuted": (
        [model('S = 4\nC = 8\nrp_placement = "block"\nrp_blocks = ▶[2]\nsweep = { depth = [2, 1] }', "m", 'kind = "mlp-mixer"\nmixing = "random"\ngamma = 4')],
        ["`model.m-depth1` permutes block 2 and has depth = 1"],
    ),
    "what is wrong with all members, once": (
        [model("S = 4\nrp_blocks = ▶[1]\nsweep = { C = [8, 16, 32] }")],
        ["`model.m` has rp_blocks and does not mix at random"],
    ),
    # profiles
    "a profile that sweeps a single model": (
        [model("S = 4\nC = 8"), at_quick("sweep = ▶{ C = [4, 5] }")],
        ["profile quick sweeps over `model.m`, a single model", "never the question"],
    ),
    "one value of a swept size": (
        [model(TWO), at_quick("C = ▶4")],
        ["profile quick gives `model.m` one C, and it sweeps over it"],
    ),
    "one value of a size that the profile sweeps": (
        [model(TWO), at_quick("S = ▶4\nsweep = { C = [4, 5], S = [1, 2] }")],
        ["profile quick gives `model.m` one S, and it sweeps over it"],
    ),
    "a profile's uneven lists": ([model(TWO), at_quick("sweep = ▶{ C = [4, 5], S = [1] }")], ["S has 1, C has 2"]),
    "a profile's empty sweep": ([model(TWO), at_quick("sweep = ▶{}")], ["the sweep of `model.m` is empty"]),
    "a profile's bad value": ([model(TWO), at_quick("sweep = { C = [▶0, 2] }")], ["profile.quick.model.m.sweep.C"]),
    "a profile's size of another kind": (
        [model(TWO), at_quick("sweep = { C = [4, 5], p = ▶[0.1, 0.2] }")],
        ["profile quick gives `model.m` the field p", 'kind = "mlp-mixer" has no p'],
    ),
    "a profile's sweep without a required size": (
        [model("S = 4\nsweep = { C = [8, 16] }"), at_quick("sweep = ▶{ S = [4, 9] }")],
        ["profile quick gives `model.m` a sweep without C", "add C to it, or give the one C of all members"],
    ),
    "a profile's sweep without the tokens": (
        [model("sweep = { S = [4, 9], C = [8, 16] }"), at_quick("sweep = ▶{ C = [4, 5] }")],
        ["a sweep without S"],
    ),
    "a profile's sweep without the depth": (
        [model("S = 4\nC = 8\nsweep = { depth = [1, 2] }"), at_quick("sweep = ▶{ C = [4, 5] }")],
        ["a sweep without depth", "a sweep without depth"],
    ),
    "tokens beside a swept omega": (
        [model("C = 8\nsweep = { omega = [3840, 768] }"), at_quick("S = ▶9")],
        ["`model.m-omega3840` states omega = 3,840 at profile quick"],
    ),
    # what else names families
    "comparisons of uneven families": (
        [model(TWO), model("S = 4\nsweep = { C = [8, 16, 32] }", "n"), compare(b='▶"n"')],
        ["comparison `k` is of 2 members with 3 at profile quick", "one with one, or all with a single model"],
    ),
    "comparisons of families uneven at a profile": (
        [model(TWO), model(TWO, "n"), compare(b='▶"n"'), at_quick("sweep = { C = [1, 2, 3] }", "n")],
        ["comparison `k` is of 2 members with 3 at profile quick"],
    ),
    "a comparison called like a member": (
        [model(TWO), model(TWO, "n"), compare(id='▶"k"'), compare(id='"k-2"', b='"m"', a='"m"').replace('"m"', '"s"'), model("S = 4\nC = 8", "s")],
        ["a member of the comparison `k` would be called `k-2`, as another is"],
    ),
    "a comparison's name too long": (
        [model(TWO), model("S = 4\nC = 8", "n"), compare(id=f'▶"{"k" * 62}"')],
        ["at most 63 characters"],
    ),
    "a number reported for a family": (
        [model(TWO), '\n[[reported]]\nrow = ▶"m"\ndata = "digits"\nmetric = "test_error"\nmean = 5.0\nplace = "p"\n'],
        ["a number is reported for the family `m`"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_faults_of_sweeps(tmp_path: Path, name: str) -> None:
    tables, texts = FAULTS[name]
    said = [str(fault) for fault in check(tmp_path, *tables)]
    for text in texts:
        assert any(text in line for line in said), said
    assert not any("validation error" in line for line in said)


def test_members_of_two_families_called_alike(tmp_path: Path) -> None:
    # `m` gives m-c1 … and m-1 where the sizes repeat themselves; `m-c8` is a family's own name and taken, too.
    (fault,) = check(tmp_path, model(TWO, "m-c8"), model("S = 4\nsweep = { C = ▶[8, 16] }"))
    assert "a member of the family `m` would be called `m-c8`, as another is" in str(fault)


def test_a_fault_of_all_members_is_said_once(tmp_path: Path) -> None:
    assert len(check(tmp_path, *FAULTS["what is wrong with all members, once"][0])) == 1
    assert len(check(tmp_path, *FAULTS["a bad first value"][0])) == 1
    assert len(check(tmp_path, *FAULTS["a name too long"][0])) == 1


def test_names_of_63_characters_are_not_too_long(tmp_path: Path) -> None:
    assert at(tmp_path, model(TWO, "a" * 59)).models[1].id == "a" * 59 + "-c16"


@pytest.mark.parametrize("seeds", ["[0, 1, ▶2147483648]", "[0, ▶1000000000000]", "[0, ▶-1]", "[0, ▶1.5]"])
def test_seeds_are_numbers_that_a_generator_takes(tmp_path: Path, seeds: str) -> None:
    from tests.spec.broken import faults_in, marked, places_of

    broken = marked(HEAD.replace("seeds = [0, 1, 2]", f"seeds = {seeds}") + model(TWO).replace("▷", ""))
    assert places_of(faults_in(tmp_path, broken.text)) == broken.places


def test_a_thousand_members_are_checked_in_a_moment(tmp_path: Path) -> None:
    lengths = ", ".join(map(str, range(1, 1001)))
    scaled = at(tmp_path, model(f"S = 4\nsweep = {{ C = [{lengths}] }}"), claim(x='"width"'))
    assert len(scaled.models) == 1000


def test_the_schema_takes_what_a_sweep_gives_for_given() -> None:
    validator = jsonschema.Draft7Validator(json_schema())

    def valid(*tables: str) -> bool:
        return validator.is_valid(tomllib.loads((HEAD + "".join(tables)).replace("▷", "")))

    assert valid(model(TWO), model("S = 4\nC = 8\nsweep = { depth = [1, 2], patch = [2, 4] }", "n"))
    assert valid(model(TWO), at_quick("sweep = { C = [4, 5] }"), claim(), compare(b='"m"'))
    assert not valid(model("S = 4\nsweep = { C = [0, 16] }"))
    assert not valid(model("S = 4\nsweep = { C = [] }"))
    assert not valid(model("S = 4\nsweep = { D = [1, 2] }"))
    assert not valid(model("S = 4\nsweep = { C = 8 }"))


AUDIT = """
[experiment]
id = "table1"
title = "t"
paper = "p"
kind = "audit"

[[configuration]]
id = "x"
place = "p"
image = [8, 8, 1]
classes = 10

[configuration.model]
id = "m"
kind = "mlp-mixer"
mixing = "normal"
depth = 2
patch = 4
gamma = 4
bias = true
init = "normal"
first_skip = "layer"
S = 4
sweep = ▶{ C = [8, 16] }

[[claim]]
id = "c"
kind = "total"
statement = "s"
place = "p"
configuration = "x"
quantity = "m"
stated = 32.0
tolerance = 0.01
"""


def test_an_audit_is_about_one_setting(tmp_path: Path) -> None:
    from pkbench.errors import SpecError
    from pkbench.spec.load import load_any
    from tests.spec.broken import marked, write

    broken = marked(AUDIT)
    with pytest.raises(SpecError) as caught:
        load_any(write(tmp_path, broken.text))
    faults = [fault for fault in caught.value.faults if "sweeps over sizes" in fault.what]
    assert [(fault.place.line, fault.place.column) for fault in faults] == list(broken.places)


def test_members_that_are_one_model_are_refused(tmp_path: Path) -> None:
    (fault,) = check(tmp_path, model("S = 4\nsweep = { C = ▶[8, 16, 8] }"))
    assert "`m-1` and `m-3` are the same model" in str(fault)
