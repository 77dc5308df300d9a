"""Claims about families that could never have a verdict, or a wrong one, at the place that has to change."""

from pathlib import Path

import pytest

from pkbench.spec.metric import XName
from pkbench.spec.model import shape_of
from pkbench.spec.sizes_along import x_of
from tests.spec.families import SW, at, at_quick, check, claim, compare, model

M = model("S = 4\nsweep = { C = [8, 16] }")
N = model("S = 4\nsweep = { C = [8, 16] }", "n")
THREE = model("S = 4\nsweep = { C = [8, 16, 32] }", "n")
ONE = model("S = 4\nC = 9", "n")
TIED = "sweep = { S = [4, 4, 8, 16], C = [8, 16, 8, 8] }"
QUOTED = '\n[[reported]]\nrow = "lasso"\ndata = "digits"\nmetric = "test_error"\nmean = 5.0\nplace = "p"\nquoted_from = "q"\n'
CROSSING = {"margin_first": 0.0, "margin_last": 0.0, "x": '"C"'}
KIND = 'kind = "mlp-mixer"\nmixing = "normal"'

FAULTS: dict[str, tuple[list[str], list[str]]] = {
    "a curve of a single model": (
        [ONE, claim(a='▶"n"')],
        ["claim `c` is about a curve of `n`, a single model at profile quick", "add a sweep to the model"],
    ),
    "a curve of one member at a profile": (
        [M, claim(a='▶"m"'), at_quick("sweep = { C = [8] }")],
        ["a family of one member at profile quick", "add a value to its sweep"],
    ),
    "members at the same x": (
        [M, claim(x='▶"S"')],
        ["members have S = 4, 4 at profile quick", "one member at each x"],
    ),
    "members at the same x, of which some differ": (
        [model("sweep = { S = [4, 8, 4], C = [8, 16, 32] }"), claim(x='▶"S"')],
        ["members have S = 4, 8, 4"],
    ),
    "members at the same x of those asked for": (
        [model(TIED), claim(x='▶"S"', x_from=4.0)],
        ["members have S = 4, 4, 8, 16"],
    ),
    "a low end that leaves one of two at the same x in": (
        [model("sweep = { S = [4, 8, 8], C = [8, 8, 16] }"), claim(x='▶"S"', x_from=5.0)],
        ["members have S = 8, 8"],
    ),
    "an extremum among members at the same x": (
        [model(TIED), claim("minimum-near", x='▶"S"', target=8.0, within=1.0)],
        ["members have S = 4, 4, 8, 16"],
    ),
    "a size that the kind does not have": (
        [model("S = 4\nsweep = { C = [8, 16] }", "m", 'kind = "s-mixer"\nmixing = "normal"'), claim(x='▶"gamma"')],
        ["`m-c8` has no gamma"],
    ),
    "families of different lengths": (
        [M, THREE, claim("less", b='▶"n"', x='"C"')],
        ["claim `c` compares 2 members with 3 at profile quick", "give both families as many members"],
    ),
    "families of different lengths at a profile": (
        [M, N, claim("less", b='▶"n"', x='"C"'), at_quick("sweep = { C = [4, 5, 6] }")],
        ["claim `c` compares 3 members with 2 at profile quick"],
    ),
    "crossing families of different lengths": (
        [M, THREE, claim("crossing", b='▶"n"', **CROSSING)],
        ["claim `c` compares 2 members with 3"],
    ),
    "families without an x": (
        [M, N, claim("less", b='"n"').replace("▷", "▶")],
        ["claim `c` is about families and has no x", "x says what their members differ in"],
    ),
    "one family without an x": (
        [M, ONE, claim("less", a='"n"', b='"m"').replace("▷", "▶")],
        ["claim `c` is about families and has no x"],
    ),
    "the x of the other family": (
        [ONE, M, claim("less", a='"n"', b='"m"', x='▶"S"')],
        ["members have S = 4, 4"],
    ),
    "a crossing of a single model": (
        [ONE, M, claim("crossing", a='▶"n"', b='"m"', **CROSSING)],
        ["claim `c` is about a curve of `n`, a single model"],
    ),
    "a crossing with itself": ([M, claim("crossing", b='▶"m"', **CROSSING)], ["compares `m` with itself"]),
    "a crossing with a quoted row": ([M, QUOTED, claim("crossing", b='▶"lasso"', **CROSSING)], ["no model is called"]),
    "a family against a quoted row": (
        [M, QUOTED, claim("less", a='▶"m"', b='"lasso"', x='"C"')],
        ["compares the family `m` with the quoted `lasso`", "that is a number of a single model"],
    ),
    "a value of a family": (
        [M, QUOTED.replace('"lasso"', '▶"m"'), claim("value", a='▶"m"')],
        ["claim `c` compares the family `m` with the reported number", "a number is reported for the family `m`"],
    ),
    "a flat trend within nothing": (
        [M, claim(direction='"flat"', margin="▶0.0")],
        ["a slope is flat within a margin of 0"],
    ),
    "a range upside down": ([M, claim(x_from=16.0, x_to="▶8.0")], ["claim `c` is about C from 16 to 8"]),
    "a range of one point": ([M, claim(x_from=16.0, x_to="▶16.0")], ["claim `c` is about C from 16 to 16"]),
    "a range up to nothing": ([M, claim(x_to="▶0.0")], ["claim `c` is about C from 0 to 0", "sizes are above 0"]),
    "a metric that nothing measures": (
        [M, claim(metric='▶"gradient_norm"')],
        ["claim `c` is about gradient_norm, which is not measured", "add [train.probe] with gradients = true"],
    ),
    "a figure without points": (
        [M, claim(paper='{ figure = ▶"66", a = "normal" }')],
        ["no figure with points is called `66`", 'did you mean "6"?'],
    ),
    "curves that the figure does not have": (
        [M, N, claim("less", b='"n"', x='"C"', paper='{ figure = "6", a = ▶"norma", b = ▶"prp" }')],
        ["no series of Fig. 6 is called `norma`", "no series of Fig. 6 is called `prp`", 'did you mean "normal"?'],
    ),
    "cka of a model": ([M, ONE, compare(), claim(metric='"cka"', a='▶"m"')], ["no comparison is called `m`"]),
    "errors of a comparison": ([M, ONE, compare(), claim(a='▶"k"')], ["no model is called `k`"]),
    "a curve of a single comparison": (
        [ONE, model("S = 4\nC = 8"), compare(), claim(metric='"cka"', a='▶"k"')],
        ["claim `c` is about a curve of `k`, a single model at profile quick"],
    ),
    "a cka claim against a quoted row": (
        [M, ONE, QUOTED, compare(), claim("less", metric='"cka"', a='"k"', b='▶"lasso"', x='"C"')],
        ["no comparison is called `lasso`"],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_of_claims_about_families(tmp_path: Path, name: str) -> None:
    tables, texts = FAULTS[name]
    said = [str(fault) for fault in check(tmp_path, *tables)]
    for text in texts:
        assert any(text in line for line in said), said


VALID: dict[str, list[str]] = {
    "a trend": [M, claim()],
    "members at the same x that a low end leaves out": [model(TIED), claim(x='"S"', x_from=8.0)],
    "members at the same x that a high end leaves out": [
        model("sweep = { S = [1, 4, 8, 8], C = [8, 8, 8, 16] }"),
        claim(x='"S"', x_to=4.0),
    ],
    "a trend over a range": [M, claim(x_from=8.0, x_to=16.0, direction='"flat"', margin=0.5)],
    "a minimum": [M, claim("minimum-near", x='"width"', target=64.0, within=1.0)],
    "a crossing": [M, N, claim("crossing", b='"n"', **CROSSING)],
    "a crossing with a single model": [M, ONE, claim("crossing", b='"n"', **CROSSING)],
    "every member": [M, N, claim("less", b='"n"', x='"connections"')],
    "every member and a single model": [M, ONE, claim("less", b='"n"', x='"C"')],
    "a single model and every member": [M, ONE, claim("less", a='"n"', b='"m"', x='"C"')],
    "single models with an x": [ONE, model("S = 4\nC = 8"), claim("less", b='"n"', x='"S"')],
    "a single model against a quoted row": [ONE, QUOTED, claim("less", a='"n"', b='"lasso"')],
    "families as long as each other at every profile": [
        M,
        N,
        claim("less", b='"n"', x='"C"'),
        at_quick("sweep = { C = [4, 5, 6] }"),
        at_quick("sweep = { C = [4, 5, 6] }", "n"),
    ],
    "a curve of comparisons": [M, ONE, compare(), claim(metric='"cka"', a='"k"')],
    "comparisons member by member": [M, N, compare(), claim(metric='"cka"', a='"k"')],
    "the paper's curves": [M, claim(paper='{ figure = "6", a = "normal" }')],
}


@pytest.mark.parametrize("name", VALID)
def test_claims_that_are_about_something(tmp_path: Path, name: str) -> None:
    assert check(tmp_path, *VALID[name]) == ()


def test_broken_families_are_not_also_said_to_be_short(tmp_path: Path) -> None:
    check(tmp_path, model("sweep = ▶{ C = [8, 16], S = [4] }"), claim(), N, claim("less", id='"d"', b='"n"', x='"C"'))


def test_families_whose_patch_is_larger_than_the_image_have_that_fault_alone(tmp_path: Path) -> None:
    check(tmp_path, model("S = 4\nC = 8\npatch = ▶16\nsweep = { p = [0.5, 0.25] }", "m", SW), claim(x='"1/p"'))


# ------------------------------------------------------------------------------------------------------ sizes along


def along(tmp_path: Path, x: XName, text: str) -> list[float | None]:
    scaled = at(tmp_path, text)
    (data,) = scaled.data
    return [x_of(x, found, shape_of(found, data.shape, data.classes)) for found in scaled.models]


def test_sizes_that_families_are_laid_out_along(tmp_path: Path) -> None:
    # S = 4, C = 8 and 16, gamma = 4: m = 32, 64; width 128, 256; omega = 4 m (S + C) / 2 = 768, 2560.
    def of(x: XName) -> list[float | None]:
        return along(tmp_path, x, M)

    assert of("C") == [8, 16]
    assert of("S") == [4, 4]
    assert of("m") == [32, 64]
    assert of("width") == [128, 256]
    assert of("C/S") == [2, 4]
    assert of("omega") == [768, 2560]
    assert (of("depth"), of("patch"), of("gamma")) == ([2, 2], [4, 4], [4, 4])
    # p = omega / (gamma m²).
    assert of("p") == pytest.approx([768 / 4096, 2560 / 16384])
    assert of("1/p") == pytest.approx([4096 / 768, 16384 / 2560])
    assert of("gamma_S/gamma_C") == [1, 1]
    sides = model("S = 4\nC = 8\nsweep = { gamma_S = [1, 2], gamma_C = [2, 1] }", "m", KIND)
    assert along(tmp_path, "gamma_S/gamma_C", sides) == [0.5, 2]
    assert along(tmp_path, "gamma", sides) == [None, None]


def test_sizes_that_a_kind_does_not_have(tmp_path: Path) -> None:
    flat = model("sweep = { alpha = [2, 4] }", "m", 'kind = "s-fc"').replace("depth = 2\n", "")
    for line in ("patch = 4\n", 'first_skip = "layer"\n'):
        flat = flat.replace(line, "")
    assert along(tmp_path, "C/S", flat) == [None, None]
    assert along(tmp_path, "patch", flat) == [None, None]
    assert along(tmp_path, "gamma_S/gamma_C", flat) == [None, None]
    assert all(value and value > 0 for value in along(tmp_path, "depth", flat))
    sparse = model("S = 4\nC = 8\nsweep = { p = [0.5, 0.25] }", "m", SW)
    assert along(tmp_path, "1/p", sparse) == pytest.approx([2, 4])
