"""What is odd and not wrong is a warning: the spec loads."""

from pathlib import Path

import pytest

from pkbench.spec.checks.warnings import relative_difference, rounds_to
from tests.spec.broken import edited, load

ALWAYS = "`model.mixer-ss-w` is stated to have connections = 255,000,000 (Table 1); its sizes give 276,273,152, +8.3%"


def warnings_of(folder: Path, *edits: tuple[str, str]) -> list[str]:
    """Warnings besides the one that the valid spec has: the paper's own arithmetic."""
    found = [str(warning) for warning in load(folder, edited(*edits).text).warnings]
    assert ALWAYS in found[[ALWAYS in text for text in found].index(True)]
    return [text for text in found if ALWAYS not in text]


def test_the_paper_s_own_arithmetic(tmp_path: Path) -> None:
    (warning,) = load(tmp_path, edited().text).warnings
    assert (warning.place.line, warning.place.column) == (72, 45)
    assert ALWAYS in str(warning)


def test_a_file_of_another_name(tmp_path: Path) -> None:
    (warning,) = warnings_of(tmp_path, ('id = "table1"', 'id = "table2"'))
    assert ":9:6: `experiment.id` is table2 and the file is called table1.toml" in warning


def test_data_that_no_profile_uses(tmp_path: Path) -> None:
    (warning,) = warnings_of(tmp_path, ('data = ["cifar10", "cifar100"]', 'data = ["cifar10"]'))
    assert ":26:6: data `cifar100` is in no profile" in warning


def test_models_that_are_not_as_equal_as_the_claim_needs(tmp_path: Path) -> None:
    (warning,) = warnings_of(tmp_path, ("C = 24", "C = 30"))
    assert ":185:28: " in warning
    assert "355,200 connections" in warning
    assert "249,600 on data digits at profile quick" in warning
    assert "42.3%" in warning


def test_a_width_that_does_not_follow(tmp_path: Path) -> None:
    (warning,) = warnings_of(tmp_path, ("width = 6.3e4", "width = 9.9e4"))
    assert "width = 99,000" in warning
    assert "63,104" in warning


@pytest.mark.parametrize(
    ("actual", "stated", "agree"),
    [
        (124_672, 1.2e5, True),
        (124_672, 1.3e5, False),
        (255_949_824, 256e6, True),
        (276_273_152, 255e6, False),
        (7, 7, True),
    ],
)
def test_rounding_to_the_digits_that_are_stated(actual: int, stated: float, agree: bool) -> None:
    assert rounds_to(actual, stated) is agree


def test_difference_is_relative_to_the_smaller() -> None:
    assert relative_difference(75, 60) == relative_difference(60, 75) == 0.25
