"""Tables of texts, recordings and generated data that make no sense are reported at the value that has to change."""

import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pkbench.data.sound import mel_filters
from pkbench.spec.checks.data import _first_band, training_images
from pkbench.spec.load import load_spec
from pkbench.spec.starter import Wish, starter
from tests.spec.broken import faults_in, marked, places_of, write

TEXT, AUDIO = starter("x", Wish("text")), starter("x", Wish("audio"))
QUESTIONS, TONES = starter("x", Wish("generated:questions")), starter("x", Wish("generated:tones"))
SEEN = 'format = "trec"'

CASES: dict[str, tuple[str, list[tuple[str, str]], list[str]]] = {
    "a text of some width": (
        TEXT,
        [("shape = [32, 1, 64]", "shape = [32, ▶2, 64]")],
        ["[32, 2, 64], texts of width 2", "[S, 1, E]", "write shape = [32, 1, 64]"],
    ),
    "a question of some width": (QUESTIONS, [("[32, 1, 64]", "[32, ▶64, 1]")], ["texts of width 64"]),
    "no test part": (
        TEXT,
        [("\n[[data]]\n# Name", "\n▶[[data]]\n# Name"), ('test_path = "data/test.txt"', "")],
        ["nothing about its test images"],
    ),
    "two test parts": (
        TEXT,
        [('test_path = "data/test.txt"', 'test_path = "data/test.txt"\ntest_count = ▶7')],
        ["both test_path and test_count"],
    ),
    "columns of a file without columns": (
        TEXT,
        [(SEEN, f"{SEEN}\nlabel_column = ▶3")],
        ['label_column with format = "trec"', "take it out"],
    ),
    "a header of a file without columns": (TEXT, [(SEEN, f"{SEEN}\nheader = ▶true")], ["gives header with format"]),
    "one column for both": (
        TEXT,
        [(SEEN, 'format = "tsv"\nlabel_column = 2\ntext_column = ▶2')],
        ["labels and texts in column 2"],
    ),
    "resizing a text": (TEXT, [(SEEN, f'{SEEN}\n▶resize = "bilinear"')], ["resize"]),
    "marks that are not looked up": (
        AUDIO,
        [('path = "data/recordings.npz"', 'path = "a"\ntest_count = 5\nis_test = ▶"test"')],
        ["both test_count and is_test", "not looked up"],
    ),
    "bands that are not the shape's": (
        AUDIO,
        [("shape = [64, 1, 32]", "shape = ▶[64, 1, 40]")],
        ["[64, 1, 40] and bands 32", "write shape = [64, 1, 32], or correct bands"],
    ),
    "frames of frames": (TONES, [("shape = [64, 1, 32]", "shape = ▶[64, 2, 16]")], ["[64, 2, 16] and bands 32"]),
    "samples left out": (AUDIO, [("hop = 72", "hop = ▶257")], ["hop = 257 and window = 256", "write at most 256"]),
    "bands without a frequency": (
        AUDIO,
        [("window = 256", "window = 80"), ("bands = 32", "bands = ▶32")],
        ["32 bands, the first from 0 to 85.6 Hz", "100.0 Hz apart"],
    ),
    "too few questions": (
        QUESTIONS,
        [("count = 6000", "count = 1000"), ("validation_count = 0", "validation_count = ▶0")],
        ["test_count = 1000 and validation_count = 0", "1,000 images"],
    ),
    "classes of other questions": (
        QUESTIONS,
        [("classes = 6", "classes = ▶50")],
        ["classes` is 50", "generated:questions has 6"],
    ),
    "classes of other tones": (TONES, [("classes = 10", "classes = ▶4")], ["generated:tones has 10 classes"]),
}


@pytest.mark.parametrize("name", CASES)
def test_a_table_that_makes_no_sense_has_one_fault(name: str, tmp_path: Path) -> None:
    text, edits, words = CASES[name]
    for old, new in edits:
        assert old in text, f"{old!r} is not in the spec"
        text = text.replace(old, new, 1)
    broken = marked(text)
    faults = faults_in(tmp_path, broken.text)
    assert places_of(faults) == broken.places, [str(fault) for fault in faults]
    missing = [word for word in words if word not in str(faults[0])]
    assert not missing, str(faults[0])


def test_generated_data_is_counted_without_opening_anything(tmp_path: Path) -> None:
    counts = {
        kind: training_images(load_spec(write(tmp_path, starter("x", Wish(kind)), "x.toml")).spec.data[0])
        for kind in ("text", "audio", "generated:questions", "generated:tones")
    }
    assert counts == {"text": None, "audio": None, "generated:questions": 5000, "generated:tones": 5000}


def test_a_spectrogram_in_one_colour_is_cut_into_square_patches(tmp_path: Path) -> None:
    text = TONES.replace("shape = [64, 1, 32]", "shape = [64, 32, 1]")
    text = re.sub(r"^patch = 1$", "patch = 8", text, flags=re.MULTILINE)
    assert faults_in(tmp_path, re.sub(r"^S = 64$", "S = 32", text, flags=re.MULTILINE)) == ()


@given(bands=st.integers(1, 60), window=st.integers(2, 600), rate=st.integers(100, 50_000))
def test_no_band_is_empty_if_the_first_one_holds_a_frequency(bands: int, window: int, rate: int) -> None:
    first, step = _first_band(bands, rate), rate / window
    assume(abs(first - step) > 1e-6 * step)
    assert (mel_filters(bands, window, rate).sum(axis=1).min() > 0) == (first > step)
