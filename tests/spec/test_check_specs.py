"""Theory and audit specs are read whole: all faults at once, each at the value that has to change."""

import json
from pathlib import Path
from typing import Any

import pytest

from pkbench.errors import Fault, SpecError
from pkbench.spec.document import AuditSpec, TheorySpec
from pkbench.spec.load import LoadedChecks, load_any, load_spec
from tests.spec.broken import Broken, marked, places_of
from tests.spec.test_commands import Call

THEORY = """\
[experiment]
id = "formulas"
title = "Formulas"
paper = "§3"
kind = "theory"

[[claim]]
id = "vec"
kind = "identity"
check = "vec"
statement = "vec(WXV) = (V^T ⊗ W) vec(X)"
place = "eq. 6"
largest = 3
draws = 4
seed = 0
tolerance = 1e-10

[[claim]]
id = "extra-phi"
kind = "identity"
check = "mlp-mixer-extra-phi"
statement = "The expression has an outer phi"
place = "App. B.1"
largest = 3
draws = 4
seed = 0
tolerance = 1e-10
"""
"""Two claims, the first of which holds and the second does not."""

AUDIT = """\
[experiment]
id = "numbers"
title = "Numbers"
paper = "Table 1"
kind = "audit"

[[configuration]]
id = "small"
place = "Table 1"
image = [8, 8, 1]
classes = 10

[configuration.model]
id = "narrow"
kind = "mlp-mixer"
mixing = "normal"
depth = 1
patch = 4
S = 4
C = 6
gamma = 2
bias = true
init = "torch-linear"
first_skip = "identity"

[[configuration]]
id = "large"
place = "Table 1"
image = [8, 8, 1]
classes = 10

[configuration.model]
id = "wide"
kind = "structured-mixer"
structure = "monarch"
depth = 1
patch = 4
S = 4
C = 9
bias = true
init = "torch-linear"
first_skip = "identity"

[[claim]]
id = "width"
kind = "total"
statement = "The width is 48"
place = "Table 1"
configuration = "small"
quantity = "width"
stated = 48.0
tolerance = 0.0
vary = "C"

[[claim]]
id = "same-m"
kind = "equal"
statement = "Both have as many features"
place = "Table 1"
a = "small"
b = "large"
quantity = "m"
tolerance = 0.01
vary = "C"
"""
"""Two configurations and two claims, the first of which holds and the second does not."""

_MODEL = '[configuration.model]\nid = "narrow"\nkind = "mlp-mixer"'
_HERE = '▶[configuration.model]\nid = "narrow"\nkind = "mlp-mixer"'
_SW = """\
id = "narrow"
kind = "sw-mlp"
mask = "exact"
mask_value = "one"
compute = "auto"
pool = "mean"
"""


def replaced(text: str, *edits: tuple[str, str]) -> str:
    """``text`` with the first of each old text, which must occur, replaced by the new one."""
    for old, new in edits:
        assert old in text, f"{old!r} is not in the spec"
        text = text.replace(old, new, 1)
    return text


def write_checks(folder: Path, text: str = THEORY, *edits: tuple[str, str]) -> Path:
    """``text``, edited, in ``folder/specs`` under the name of its experiment."""
    text = replaced(text, *edits)
    name = text.split('"')[1]
    path = folder / "specs" / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def load_checks(folder: Path, text: str = THEORY, *edits: tuple[str, str]) -> LoadedChecks:
    """The spec that :func:`write_checks` writes."""
    loaded = load_any(write_checks(folder, text, *edits))
    assert isinstance(loaded, LoadedChecks)
    return loaded


def broken(text: str, *edits: tuple[str, str]) -> Broken:
    return marked(replaced(text, *edits))


def faults_in(folder: Path, text: str) -> tuple[Fault, ...]:
    path = folder / "x.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        load_any(path)
    return caught.value.faults


Case = tuple[str, list[tuple[str, str]], list[str]]

THEORY_CASES: dict[str, tuple[list[tuple[str, str]], list[str]]] = {
    "a kind near theory": ([('kind = "theory"', 'kind = ▶"theroy"')], ['"theroy"', "theory"]),
    "a claim's id twice": ([('id = "extra-phi"', 'id = ▶"vec"')], ["the claim id `vec` is given twice", "rename"]),
    "a kind of claim that is none": (
        [('kind = "identity"', 'kind = ▶"identiy"')],
        ['"identiy"', 'did you mean "identity"?'],
    ),
    "a check that is none": ([('check = "vec"', 'check = ▶"vek"')], ['"vek"', 'did you mean "vec"?']),
    "a check of another kind": ([('check = "vec"', 'check = ▶"lemma-b1"')], ['"lemma-b1"']),
    "an unknown key": ([("draws = 4", "draws = 4\n▶repeats = 3")], ["`claim.vec` has no key `repeats`", "known keys"]),
    "a key of another kind": (
        [("draws = 4", "draws = 4\n▶formula = 3")],
        ['`formula` is a key of kind = "spectrum"', "take it out"],
    ),
    "a section of another kind of spec": (
        [("[[claim]]", "▶[train]\nseeds = [0]\n\n[[claim]]")],
        ["a spec has no key `train`", "known keys here: experiment, claim"],
    ),
    "a tolerance of nothing": ([("tolerance = 1e-10", "tolerance = ▶0")], ["a number above 0"]),
    "a tolerance without bound": ([("tolerance = 1e-10", "tolerance = ▶inf")], ["`claim.vec.tolerance`"]),
    "sizes beyond memory": ([("largest = 3", "largest = ▶33")], ["a whole number from 1 to 32"]),
    "no draws": ([("draws = 4", "draws = ▶0")], ["`claim.vec.draws` is 0"]),
    "half a draw": ([("draws = 4", "draws = ▶2.5")], ["`claim.vec.draws`"]),
    "a missing seed": ([("[[claim]]", "▶[[claim]]"), ("seed = 0\n", "")], ["seed"]),
    "an id that is no file's name": ([('id = "vec"', 'id = ▶"../vec"')], ["a name of at most 63"]),
    "no word of what is claimed": ([('"vec(WXV) = (V^T ⊗ W) vec(X)"', '▶""')], ["`claim.vec.statement`"]),
    "a statement that steers the terminal": (
        [("vec(WXV) = (V^T ⊗ W) vec(X)", r"\u001b[2J"), ("statement = ", "statement = ▶")],
        ["`claim.vec.statement`"],
    ),
}

AUDIT_CASES: dict[str, tuple[list[tuple[str, str]], list[str]]] = {
    "a kind near audit": ([('kind = "audit"', 'kind = ▶"audits"')], ['"audits"', "audit"]),
    "a claim's id twice": ([('id = "same-m"', 'id = ▶"width"')], ["the claim id `width` is given twice"]),
    "a configuration's id twice": (
        [('id = "large"', 'id = ▶"small"'), ('b = "large"', 'b = "small"')],
        ["the configuration id `small` is given twice", "each stands for one thing"],
    ),
    "a total of nothing": (
        [('configuration = "small"', 'configuration = ▶"smal"')],
        ["no configuration is called `smal`", "there are small, large", 'did you mean "small"?'],
    ),
    "an equality with nothing": (
        [('b = "large"', 'b = ▶"huge"')],
        ["no configuration is called `huge`", "there are small, large"],
    ),
    "an equality of nothing": ([('a = "small"', 'a = ▶"smal"')], ["no configuration is called `smal`"]),
    "a field varied that is not given": (
        [('vary = "C"', 'vary = ▶"D_C"')],
        ["claim `width` varies D_C, and its configuration's model gives none", "from a given one"],
    ),
    "b's field varied that only a has": (
        [('tolerance = 0.01\nvary = "C"', 'tolerance = 0.01\nvary = ▶"gamma"')],
        ["claim `same-m` varies gamma"],
    ),
    "a field that cannot be varied": ([('vary = "C"', 'vary = ▶"bias"')], ['"bias"']),
    "a quantity that is none": ([('quantity = "width"', 'quantity = ▶"widht"')], ['did you mean "width"?']),
    "a patch that does not divide": (
        [("patch = 4", "patch = ▶3")],
        ["`model.narrow` has patch = 3", "images of 8 x 8 pixels", "patches that fit: 1, 2, 4, 8"],
    ),
    "a hidden width that needs S": (
        [(_MODEL, _HERE), ("S = 4\nC = 6\ngamma = 2", "omega = 240\nC = 6\nD_S = 8\ngamma_C = 2")],
        ["`model.narrow`: D_S is given and S is not", "D_S needs S"],
    ),
    "a hidden width twice": (
        [(_MODEL, _HERE), ("gamma = 2", "gamma = 2\ngamma_S = 2")],
        ["the hidden width of its tokens is given by gamma and gamma_S"],
    ),
    "a hidden width in two ways": (
        [(_MODEL, _HERE), ("gamma = 2", "gamma_S = 2\ngamma_C = 2\nD_C = 12")],
        ["the hidden width of its channels is given by gamma_C and D_C"],
    ),
    "no hidden width": (
        [(_MODEL, _HERE), ("gamma = 2", "gamma_S = 2")],
        ["the hidden width of its channels is given by nothing"],
    ),
    "neither tokens nor omega": ([(_MODEL, _HERE), ("S = 4\n", "")], ["has neither S nor omega"]),
    "an omega of other sizes": ([("gamma = 2", "gamma = 2\nomega = ▶999")], ["states omega = 999", "240"]),
    "a structure that is none": (
        [('structure = "monarch"', 'structure = ▶"monarh"')],
        ["no structure is called `monarh`", "kronecker", 'did you mean "monarch"?'],
    ),
    "permutations without random mixing": (
        [("gamma = 2", 'gamma = 2\nrp_sides = ▶"tokens"')],
        ["has rp_sides and does not mix at random"],
    ),
    "a density twice": (
        [
            ('id = "narrow"\nkind = "mlp-mixer"\nmixing = "normal"\n', _SW),
            ("gamma = 2", "p = 0.5\nomega = ▶288"),
        ],
        ["`model.narrow` has both p and omega"],
    ),
    "an unknown key of a model": (
        [("gamma = 2", "gamma = 2\n▶dropout = 2")],
        ["`configuration.small.model` has no key `dropout`"],
    ),
    "an unknown key of a configuration": ([("classes = 10", "classes = 10\n▶colour = 3")], ["no key `colour`"]),
    "a stated number of nothing": ([("stated = 48.0", "stated = ▶0.0")], ["a number above 0"]),
    "a place with a terminal's command": (
        [('place = "Table 1"', r'place = ▶"Table \u009b1\u001b[2J"')],
        ["`configuration.small.place`"],
    ),
}

CASES: dict[str, Case] = {f"theory: {name}": (THEORY, *case) for name, case in THEORY_CASES.items()}
CASES |= {f"audit: {name}": (AUDIT, *case) for name, case in AUDIT_CASES.items()}


@pytest.mark.parametrize("name", CASES)
def test_one_slip_is_one_fault_at_its_place(name: str, tmp_path: Path) -> None:
    text, edits, words = CASES[name]
    made = broken(text, *edits)
    faults = faults_in(tmp_path, made.text)
    assert places_of(faults) == made.places, [str(fault) for fault in faults]
    missing = [word for word in words if word not in str(faults[0])]
    assert not missing, str(faults[0])


def test_a_configuration_whose_id_is_at_fault_is_not_missed_as_well(tmp_path: Path) -> None:
    made = broken(AUDIT, ('id = "small"', 'id = ▶"Small"'))
    faults = faults_in(tmp_path, made.text)
    assert places_of(faults) == made.places, [str(fault) for fault in faults]


def test_sound_specs_are_read(tmp_path: Path) -> None:
    theory, audit = load_checks(tmp_path), load_checks(tmp_path, AUDIT)
    assert isinstance(theory.spec, TheorySpec)
    assert isinstance(audit.spec, AuditSpec)
    assert [claim.id for claim in theory.spec.claim] == ["vec", "extra-phi"]
    assert [found.id for found in audit.spec.configuration] == ["small", "large"]
    assert theory.warnings == audit.warnings == ()


def test_a_file_of_another_name_is_odd_and_no_fault(tmp_path: Path) -> None:
    path = write_checks(tmp_path)
    loaded = load_any(path.rename(path.with_name("other.toml")))
    (warning,) = loaded.warnings
    assert "`experiment.id` is formulas and the file is called other.toml" in str(warning)


def test_what_trains_nothing_is_no_spec_to_train(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match='kind = "theory"; this command is about specs that train'):
        load_spec(write_checks(tmp_path))


# As a user sees it.


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    return Call(tmp_path, monkeypatch, capsys)


def test_validate_says_what_there_is(call: Call) -> None:
    write_checks(call.folder)
    write_checks(call.folder, AUDIT)
    result = call("validate")
    assert (result.code, result.err) == (0, "")
    assert result.out == (
        "ok specs/formulas.toml  2 claims, nothing to train\nok specs/numbers.toml  2 claims, nothing to train\n"
    )


def test_validate_for_machines(call: Call) -> None:
    write_checks(call.folder, AUDIT)
    (spec,) = json.loads(call("validate", "--json", "numbers").out)["specs"]
    expected: dict[str, Any] = {"id": "numbers", "kind": "audit", "claims": 2, "models": 0, "data": 0, "runs": {}}
    assert expected.items() <= spec.items()


def test_all_faults_of_all_specs_at_once(call: Call) -> None:
    theory = broken(THEORY, ('check = "vec"', 'check = ▶"vek"'), ("seed = 0", "seed = ▶-1"), ("draws = 4", "▶draw = 4"))
    audit = broken(
        AUDIT,
        ("patch = 4", "patch = ▶3"),
        ('structure = "monarch"', 'structure = ▶"toplitz"'),
        ("stated = 48.0", "stated = ▶-1"),
        ('id = "same-m"', 'id = ▶"width"'),
        ('b = "large"', 'b = ▶"huge"'),
    )
    for name, made in (("formulas", theory), ("numbers", audit)):
        path = call.folder / "specs" / f"{name}.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(made.text, encoding="utf-8")
    result = call("validate", "formulas", "numbers")
    assert (result.code, result.out) == (2, "")
    *lines, last = result.err.splitlines()
    starts = [f"specs/formulas.toml:{line}:{column}: " for line, column in sorted(theory.places)]
    starts += [f"specs/numbers.toml:{line}:{column}: " for line, column in sorted(audit.places)]
    shown = [line[line.index("specs/") :] for line in lines]
    assert [line.startswith(start) for line, start in zip(shown, starts, strict=True)] == [True] * 8, result.err
    assert last == "8 faults"
    assert call("run", "formulas").code == call("plan", "numbers").code == 2


def test_faults_send_no_commands_to_the_terminal(call: Call) -> None:
    hostile = r"\u001b[2J\u009b2J\u202e"
    write_checks(call.folder, THEORY, ('id = "vec"', f'id = "{hostile}"'), ('check = "vec"', f'check = "{hostile}"'))
    result = call("validate")
    assert result.code == 2
    assert all(character.isprintable() for character in result.err.replace("\n", "")), result.err
