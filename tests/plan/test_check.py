"""A check's id names its finding: it changes with what the finding depends on and with nothing else."""

import json
from pathlib import Path

import pytest

from pkbench.plan.check import Check, checks_of
from pkbench.plan.run import RESULT_VERSION, config_id
from tests.spec.test_check_specs import AUDIT, THEORY, load_checks

Edits = list[tuple[str, str]]


def checks(folder: Path, text: str, *edits: tuple[str, str]) -> tuple[Check, ...]:
    return checks_of(load_checks(folder, text, *edits).spec)


def ids(folder: Path, text: str, *edits: tuple[str, str]) -> list[str]:
    return [check.run_id for check in checks(folder, text, *edits)]


def test_ids_are_pinned(tmp_path: Path) -> None:
    """These ids name results on people's disks: they change with RESULT_VERSION and never otherwise."""
    assert RESULT_VERSION == 2
    assert ids(tmp_path, THEORY)[0] == "e31adf62a7d08d6c"
    assert ids(tmp_path, AUDIT)[0] == "e6fb4201d340fe11"


def test_every_claim_is_a_check_in_the_specs_order(tmp_path: Path) -> None:
    for text, names in ((THEORY, ["vec", "extra-phi"]), (AUDIT, ["width", "same-m"])):
        found = checks(tmp_path, text)
        assert [check.claim.id for check in found] == names
        assert len({check.run_id for check in found}) == 2
        assert all(check.run_id == config_id(json.loads(json.dumps(dict(check.config)))) for check in found)


def test_a_check_has_the_configurations_it_is_about(tmp_path: Path) -> None:
    total, equal = checks(tmp_path, AUDIT)
    assert set(total.configurations) == set(total.config["configurations"]) == {"small"}
    assert set(equal.configurations) == {"small", "large"}
    assert all(not check.configurations for check in checks(tmp_path, THEORY))


@pytest.mark.parametrize(
    ("text", "edits"),
    [
        (THEORY, [('id = "vec"', 'id = "renamed"')]),
        (THEORY, [("vec(WXV) = ", "In other words: ")]),
        (THEORY, [("draws = 4", "draws = 4 # a comment")]),
        (THEORY, [('id = "formulas"', 'id = "renamed"'), ('title = "Formulas"', 'title = "Another"')]),
        (THEORY, [('id = "extra-phi"', 'id = "another"'), ("1e-10", "0.0000000001")]),
        (AUDIT, [('id = "width"', 'id = "renamed"')]),
        (AUDIT, [("The width is 48", "In other words")]),
        (AUDIT, [("stated = 48.0", "stated = 48 # a comment")]),
        (AUDIT, [("gamma = 2", "gamma = 2.0")]),
    ],
)
def test_labels_and_spelling_change_no_id(text: str, edits: Edits, tmp_path: Path) -> None:
    assert ids(tmp_path, text, *edits) == ids(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "edit"),
    [
        (THEORY, ("draws = 4", "draws = 5")),
        (THEORY, ("seed = 0", "seed = 1")),
        (THEORY, ("largest = 3", "largest = 4")),
        (THEORY, ("tolerance = 1e-10", "tolerance = 1e-9")),
        (THEORY, ('check = "vec"', 'check = "commutation"')),
        (AUDIT, ("stated = 48.0", "stated = 49.0")),
        (AUDIT, ("stated = 48.0", "stated = 48.0\ndigits = 2")),
        (AUDIT, ("tolerance = 0.0", "tolerance = 0.1")),
        (AUDIT, ('vary = "C"', 'vary = "S"')),
        (AUDIT, ('quantity = "width"', 'quantity = "omega"')),
        (AUDIT, ("gamma = 2", "gamma = 3")),
        (AUDIT, ("image = [8, 8, 1]", "image = [8, 8, 3]")),
    ],
)
def test_what_a_finding_depends_on_changes_its_id(text: str, edit: tuple[str, str], tmp_path: Path) -> None:
    assert ids(tmp_path, text, edit)[0] != ids(tmp_path, text)[0]


def test_a_claim_does_not_depend_on_other_claims_and_configurations(tmp_path: Path) -> None:
    total, equal = ids(tmp_path, AUDIT)
    changed = ids(tmp_path, AUDIT, ("C = 9", "C = 10"), ("tolerance = 0.01", "tolerance = 0.02"))
    assert changed[0] == total
    assert changed[1] != equal
