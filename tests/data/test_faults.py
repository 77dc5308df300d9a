from pathlib import Path

import pytest

from pkbench.data.faults import RowFaults, choices, file_error
from pkbench.errors import DataError


def test_no_faults_are_no_error() -> None:
    RowFaults(Path("a")).check(10, "rows are good")


def test_the_first_rows_are_shown_and_all_are_counted() -> None:
    faults = RowFaults(Path("a.parquet"))
    for row in range(7):
        faults.add(row, f"label {row + 10}")
    with pytest.raises(DataError) as caught:
        faults.check(50, "labels are 0 … 9", "correct them")
    assert caught.value.message == (
        "a.parquet: 7 of 50 images cannot be used (the first row is row 0): row 0: label 10, row 1: label 11, "
        "row 2: label 12, row 3: label 13, row 4: label 14, and 2 more; labels are 0 … 9; correct them"
    )


def test_files_are_shown_by_name() -> None:
    faults = RowFaults(Path("train"))
    faults.add("ant/1.png", "damaged image")
    with pytest.raises(DataError, match=r"^train: 1 of 1 images cannot be used: ant/1.png: damaged image; whole;"):
        faults.check(1, "whole")


@pytest.mark.parametrize(
    ("wanted", "present", "said"),
    [
        ("image", ["imgae", "label"], "did you mean 'imgae'? there are 'imgae', 'label'"),
        ("image", ["zz"], "there is 'zz'"),
        ("image", [], "there is none at all"),
        ("a", [f"x{n:02}" for n in range(12)], "there are " + ", ".join(f"'x{n:02}'" for n in range(10)) + ", …"),
    ],
)
def test_choices(wanted: str, present: list[str], said: str) -> None:
    assert choices(wanted, present) == said


def test_what_comes_out_of_a_file_cannot_steer_a_terminal() -> None:
    error = file_error(Path("a"), "column 'x\x1b[2J'\nis odd", "b", "c")
    assert error.message == "a: column 'x?[2J' is odd; b; c"
    assert choices("a", ["\x1b[2J"]) == "there is '?[2J'"
