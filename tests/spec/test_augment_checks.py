"""Augmentations made for photographs are no slip on texts and recordings only where the spec says why."""

import re
from pathlib import Path

import pytest

from pkbench.spec.starter import Wish, starter
from tests.spec.broken import faults_in, marked, places_of

TEXT, QUESTIONS = starter("x", Wish("text")), starter("x", Wish("generated:questions"))
FRAMES, DIGITS = starter("x", Wish("generated:tones")), starter("x", Wish("digits"))
BANDS = re.sub(
    r"^S = 64$",
    "S = 32",
    re.sub(r"^patch = 1$", "patch = 8", FRAMES.replace("[64, 1, 32]", "[64, 32, 1]"), flags=re.MULTILINE),
    flags=re.MULTILINE,
)
"""The same recordings as images of frames by frequency bands."""
FLIP, CROP, POLICY = "flip = false", "crop_padding = 0", 'policy = "none"'
RAND = """

[train.augment.randaugment]
num_ops = 1
probability = 0.5
magnitude = 5.0
magnitude_std = 0.0
magnitude_max = 10.0
increasing = true
"""
RESIZED = "resized_crop = {}{{ area = [0.5, 1.0], ratio = [1.0, 1.0] }}"
QUICK = "\n[profile.fast.train.augment]\ncrop_padding = 0\nflip = {}\npolicy = 'none'\n"

CASES: dict[str, tuple[str, list[tuple[str, str]], list[str]]] = {
    "a mirrored spectrogram": (
        BANDS,
        [(FLIP, "flip = ▶true")],
        [
            "`augment.flip` is in use, and data own is no photographs",
            "frequencies reversed",
            "write flip = false",
            'or say why under [assumption]: "train.augment.flip" = "…"',
        ],
    ),
    "a mirrored spectrogram at a profile": (
        BANDS + QUICK.format("▶true"),
        [],
        ["in use at profile fast", '"profile.fast.train.augment.flip" = "…"'],
    ),
    "mirrored frames": (FRAMES, [(FLIP, "flip = ▶true")], ["is recordings of shape 64 x 1", "nothing to mirror"]),
    "a mirrored text": (TEXT, [(FLIP, "flip = ▶true")], ["is texts of shape 32 x 1", "nothing to mirror"]),
    "a moved spectrogram": (
        BANDS,
        [(CROP, "crop_padding = ▶4")],
        ["`augment.crop_padding` is in use", "by up to 4 frames and frequency bands", "write crop_padding = 0"],
    ),
    "moved words": (QUESTIONS, [(CROP, "crop_padding = ▶4")], ["a crop could show nothing but padding"]),
    "a photograph's policy": (
        BANDS,
        [(POLICY, f'policy = ▶"randaugment"{RAND}')],
        ["`augment.policy` is in use", "turn and recolour photographs", 'write policy = "none"'],
    ),
    "a policy that cannot be": (
        FRAMES,
        [(POLICY, f'policy = ▶"randaugment"{RAND}')],
        ["data own has 32 colours", "made for 1 or 3 colours"],
    ),
    "stretched recordings": (
        FRAMES,
        [(POLICY, f"{POLICY}\n{RESIZED.format('▶')}")],
        ["`augment.resized_crop` is in use", "stretches time;", "take resized_crop out"],
    ),
    "stretched spectrograms": (BANDS, [(POLICY, f"{POLICY}\n{RESIZED.format('▶')}")], ["stretches time and pitch"]),
    "stretched texts": (TEXT, [(POLICY, f"{POLICY}\n{RESIZED.format('▶')}")], ["stretches a text"]),
}


def changed(text: str, edits: list[tuple[str, str]]) -> str:
    for old, new in edits:
        assert old in text, f"{old!r} is not in the spec"
        text = text.replace(old, new, 1)
    return text


@pytest.mark.parametrize("name", CASES)
def test_one_fault_at_the_value(name: str, tmp_path: Path) -> None:
    text, edits, words = CASES[name]
    broken = marked(changed(text, edits))
    faults = faults_in(tmp_path, broken.text)
    assert places_of(faults) == broken.places, [str(fault) for fault in faults]
    missing = [word for word in words if word not in str(faults[0])]
    assert not missing, str(faults[0])


def test_a_reason_makes_it_the_questions_own(tmp_path: Path) -> None:
    flipped = changed(BANDS, [(FLIP, "flip = true"), (CROP, "crop_padding = 4")])
    why = '\n[assumption]\n"train.augment.{}" = "Bands are symmetric here."\n'
    assert len(faults_in(tmp_path, flipped)) == 2
    (fault,) = faults_in(tmp_path, flipped + why.format("flip"))
    assert "crop_padding" in str(fault)


def test_a_reason_is_that_of_the_value_in_use(tmp_path: Path) -> None:
    text = BANDS + QUICK.format("true")
    assert len(faults_in(tmp_path, text + '\n[assumption]\n"train.augment.flip" = "Of another value."\n')) == 1
    assert faults_in(tmp_path, text + '\n[assumption]\n"profile.fast.train.augment.flip" = "Symmetric."\n') == ()


def test_a_reason_mirrors_nothing_where_there_is_nothing_to_mirror(tmp_path: Path) -> None:
    text = changed(FRAMES, [(FLIP, "flip = true")]) + '\n[assumption]\n"train.augment.flip" = "Why not."\n'
    assert "nothing to mirror" in str(faults_in(tmp_path, text)[0])


def test_erased_frames_and_photographs_are_as_they_were(tmp_path: Path) -> None:
    erased = 'erasing = { probability = 0.5, area = [0.1, 0.2], ratio = [1.0, 1.0], fill = "constant" }'
    assert faults_in(tmp_path, changed(BANDS, [(POLICY, f"{POLICY}\n{erased}")])) == ()
    assert faults_in(tmp_path, changed(DIGITS, [(FLIP, "flip = true"), (CROP, "crop_padding = 1")])) == ()
