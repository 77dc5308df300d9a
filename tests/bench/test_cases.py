from collections import Counter

import pytest

from pkbench.bench.cases import CASES, CLASSES, QUICK, Case, find_cases
from pkbench.errors import UsageError
from pkbench.sizes.mixer import MixerShape
from pkbench.sizes.sparse import SparseShape
from pkbench.widths import patch_grid
from tests.bench.small import MIXER, S_MIXER, SPARSE

ALL = find_cases([*(case.name for case in CASES), *QUICK], quick=False)


@pytest.mark.parametrize("case", [*ALL, MIXER, S_MIXER, SPARSE], ids=lambda case: case.name)
def test_patches_are_the_tokens(case: Case) -> None:
    shape = case.shape()
    assert patch_grid(*case.image, case.patch)[0] == case.S == shape.S
    assert (shape.C, shape.depth) == (case.C, case.depth)
    assert isinstance(shape, SparseShape if case.kind == "sw-mlp" else MixerShape)


def test_names_are_unique() -> None:
    assert max(Counter(case.name for case in ALL).values()) == 1


def test_the_shapes_asked_for_are_there() -> None:
    mixers = {(case.S, case.C, case.gamma, case.depth, case.batch) for case in CASES if case.kind == "mlp-mixer"}
    assert {(64, 64, 4, 8, 128), (16, 128, 4, 8, 128), (128, 128, 2, 4, 128), (16, 32, 2, 4, 64)} <= mixers
    assert {(64, 467, 4, 2, 128), (16, 986, 4, 2, 128)} <= mixers


def test_mixer_b16_is_the_published_one() -> None:
    (case,) = find_cases(["mixer-b16"], quick=False)
    shape = case.shape()
    assert isinstance(shape, MixerShape)
    assert (shape.S, shape.C, shape.depth, shape.D_S, shape.D_C) == (196, 768, 12, 384, 3072)
    # 59.88 M with 1000 classes (timm's mixer_b16_224).
    assert shape.parameters - 769 * CLASSES + 769 * 1000 == 59_880_472


def test_quick_is_for_where_nothing_is_named() -> None:
    assert [case.name for case in find_cases([], quick=True)] == list(QUICK)
    assert [case.name for case in find_cases(["mixer-64x64", "mixer-64x64"], quick=True)] == ["mixer-64x64"]
    assert find_cases([], quick=False) == list(CASES)


def test_an_unknown_name_is_one_line_with_the_choices() -> None:
    with pytest.raises(UsageError, match=r"--shape mixer-1x1 is no shape; shapes are mixer-16x32, "):
        find_cases(["mixer-1x1"], quick=False)
