from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkbench.data.words import PADDING, encode, word_vector, words
from pkbench.errors import DataError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What's NASA?", ["what", "'", "s", "nasa", "?"]),
        ("a_b 12,5", ["a_b", "12", ",", "5"]),
        ("Crème  brûlée\t...", ["crème", "brûlée", ".", ".", "."]),
        (" \u00a0\n", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(TEXT)
def test_no_visible_character_is_lost(text: str) -> None:
    assert "".join(words(text)) == "".join(text.lower().split())


def test_vectors_are_pinned() -> None:
    """They are the inputs of results on people's disks: a change of them is another RESULT_VERSION."""
    assert word_vector("where", 0, 6).tolist() == [122, 159, 130, 146, 109, 150]
    assert word_vector("where", 1, 6).tolist() == [134, 122, 147, 61, 103, 109]


def test_vectors_are_quantised_normal_numbers_cut_to_three_deviations() -> None:
    values = word_vector("word", 0, 40_000).astype(np.float64)
    assert (values.min(), values.max()) == (1, 255)
    z = (values - PADDING) * 3 / 127
    assert abs(z.mean()) < 0.02
    assert abs(z.std() - 0.9866) < 0.01  # of a normal number cut to [-3, 3]
    assert 0.0008 < np.mean(z == 3) < 0.002  # beyond 3 - 1.5/127 lie 0.14 %
    assert abs(np.mean(np.abs(z) < 1) - 0.6827) < 0.01


@settings(max_examples=50)
@given(st.lists(TEXT, min_size=1, max_size=5), st.integers(1, 8), st.integers(1, 6), st.integers(0, 3))
def test_a_text_is_its_first_words_vectors_and_padding(texts: list[str], S: int, E: int, seed: int) -> None:
    images = encode(texts, (S, 1, E), seed, "made")
    assert images.shape == (len(texts), S, 1, E)
    assert images.dtype == np.uint8
    for image, text in zip(images, texts, strict=True):
        expected = [word_vector(word, seed, E).tolist() for word in words(text)][:S]
        assert image[:, 0].tolist() == expected + [[128] * E] * (S - len(expected))


def test_other_words_and_other_seeds_have_nearly_orthogonal_vectors() -> None:
    one = word_vector("one", 0, 1000) - 128.0
    for other in (word_vector("two", 0, 1000), word_vector("one", 1, 1000)):
        cosine = one @ (other - 128.0) / np.linalg.norm(one) / np.linalg.norm(other - 128.0)
        assert abs(cosine) < 0.12


def test_too_many_texts_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="data set x: 1 images of 1000000 x 1 x 1000000 need"):
        encode(["a"], (1_000_000, 1, 1_000_000), 0, "data set x")
    with pytest.raises(DataError, match=r"empty\.txt: holds no images"):
        encode([], (2, 1, 2), 0, Path("empty.txt"))
