"""Loading as a whole: all faults at once, no crash on anything, no consequence of a fault told as another."""

import hashlib
import random
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkbench.errors import SpecError
from pkbench.spec.checks import find_faults
from pkbench.spec.load import load_any
from pkbench.spec.parts import LISTS, validate
from pkbench.spec.toml import parse
from tests.spec.broken import VALID, edited, faults_in, load, places_of

SHIPPED = sorted((Path(__file__).parents[2] / "specs").glob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_specs_are_valid(path: Path) -> None:
    loaded = load_any(path)
    assert loaded.spec.experiment.id == path.stem
    assert loaded.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert loaded.path == path.absolute()


def test_comments_and_layout_change_nothing_but_the_checksum(tmp_path: Path) -> None:
    plain = load(tmp_path, VALID)
    other = load(tmp_path, "# a comment\r\n" + re.sub(r"(?m)^(\w+) = ", r" \1=", VALID).replace("\n", "\r\n"))
    assert other.spec == plain.spec
    assert other.sha256 != plain.sha256


def test_all_faults_of_a_file_are_reported_at_once(tmp_path: Path) -> None:
    broken = edited(
        ('title = "Wider at', "title = ▶Wider at"),
        ("classes = 100", "classes = ▶10"),
        ("test_count = 450", "▶tset_count = ▶-1"),
        ('[[model]]\nid = "mixer-ss-8"', '▶[[model]\nid = "mixer-ss-8"'),
        ("depth = 2", "depth = ▶two"),
        ("patch = 4\nS = 64\nC = 487", "patch = ▶5\nS = 64\nC = 487"),
        ("epochs = 4000", "epochs = 4000\n▶epochs = 3"),
        ("betas = [0.9, 0.999]", "betas = [▶1.0, ▶-1]"),
        ("mean = 44.24", "mean = ▶144.24"),
        ('b = "beta-lasso"', 'b = ▶"beta-laso"'),
        ('"train.optimizer.eps"', '▶"train.optimizer.esp"'),
        ("[profile.fast]", "▶[profile.fsat]"),
        ("C = 24", "C = 24\n▶bias = false"),
    )
    faults = faults_in(tmp_path, broken.text)
    assert places_of(faults) == broken.places, "\n".join(str(fault) for fault in faults)


CONSEQUENCES = {
    "an id that is not one": ('id = "cifar10"', 'id = ▶"CIFAR 10"'),
    "an id without quotes": ('id = "cifar10"', "id = ▶cifar10"),
    "an id twice": ('id = "cifar100"', 'id = ▶"cifar10"'),
    "a broken optimizer": ('kind = "adamw"\nlr', 'kind = ▶"adamx"\nlr'),
    "a lost table of lists": ('[[model]]\nid = "mixer-ss-w" ', '[[▶?]]\nid = "mixer-ss-w" '),
    "a lost table": ("[train.schedule]", "[▶?]"),
    "a kind between kinds": ('kind = "less"\n', 'kind = ▶"more"\n'),
}


@pytest.mark.parametrize("name", CONSEQUENCES)
def test_what_follows_from_a_fault_is_not_another(name: str, tmp_path: Path) -> None:
    broken = edited(CONSEQUENCES[name])
    faults = [fault for fault in faults_in(tmp_path, broken.text) if "[assumption]" not in str(fault)]
    assert places_of(tuple(faults)) == broken.places, [str(fault) for fault in faults]


def test_a_fault_of_the_spec_is_told_once_whatever_the_number_of_profiles(tmp_path: Path) -> None:
    """cifar10 and cifar100 are used by two profiles, both with the spec's own sizes."""
    assert len(faults_in(tmp_path, edited(("S = 64\nC = 467", "S = 65\nC = 467")).text)) == 1


def test_faults_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    faults = faults_in(tmp_path, VALID.replace("depth = 2", "depth = 0").replace("alpha = 0.05", "alpha = 2"))
    lines = [fault.place.line for fault in faults]
    assert lines == sorted(lines)
    assert len(lines) == 3 + 5


def test_what_fits_has_no_fault(tmp_path: Path) -> None:
    """The other side of the checks: values at their limits."""
    edits = [
        ("S = 16\n", "S = 16\nomega = 31615104\n"),
        ("patch = 4\nS = 4\nC = 60\n", "patch = 4\nS = 4\nC = 60\nomega = 30900\n"),
        ("batch_size = 64", "batch_size = 1097"),
        ("crop_padding = 0", "crop_padding = 7"),
        ('a = "mixer-ss-w-equal"', 'data = ["cifar10"]\na = "mixer-ss-w-equal"'),
        ("shape = [8, 8, 1]", 'resize = "bilinear"\nshape = [8, 8, 1]'),
        ('"train.drop_last"', '"data.digits.resize"'),
        ('"train.label_smoothing"', '"profile.quick.train.epochs"'),
    ]
    assert faults_in(tmp_path, edited(*edits).text) == ()


def check(text: str) -> None:
    """Whatever ``text`` is, loading ends in a spec or in faults with places inside the file."""
    try:
        tomllib.loads(text)
        is_toml = True
    except ValueError:
        is_toml = False
    try:
        document = parse(text.encode(), "x.toml", LISTS)
        parts, faults = validate(document)
        faults += find_faults(parts)
    except SpecError as error:
        faults = list(error.faults)
        assert len(faults) > 100 or not is_toml or not re.sub(r"#.*", "", text).strip()
    else:
        assert bool(document.faults) == (not is_toml)
        assert faults or parts.spec is not None
    lines = text.split("\n")
    for fault in faults:
        assert fault.what
        assert 0 <= fault.place.line <= len(lines)
        assert fault.place.column <= len(lines[fault.place.line - 1]) + 1


JUNK = [
    '"',
    "'",
    "[",
    "]",
    "{",
    "}",
    "=",
    ".",
    ",",
    "\n",
    "#",
    "\\",
    '"""',
    "[[",
    "]]",
    "é",
    "0",
    "nan",
    "\x07",
    "id",
    "[model]",
]


@settings(max_examples=200, deadline=None)
@given(st.randoms(use_true_random=False))
def test_no_damage_makes_it_crash(rnd: random.Random) -> None:
    lines = VALID.split("\n")
    for _ in range(rnd.randint(1, 3)):
        at, other = rnd.randrange(len(lines)), rnd.randrange(len(lines))
        match rnd.randrange(5):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[other])
            case 2:
                lines[at], lines[other] = lines[other], lines[at]
            case 3:
                lines[at] = lines[at].split("=")[0] + "= " + rnd.choice(JUNK)
            case 4:
                column = rnd.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:column] + rnd.choice(JUNK) + lines[at][column + rnd.randrange(3) :]
    check("\n".join(lines))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([*JUNK, " ", "a", "1", "a = 1\n", "[t]\n", "[[model]]\n", "true"]), max_size=30).map(
        "".join
    )
)
def test_no_text_makes_it_crash(text: str) -> None:
    check(text)
