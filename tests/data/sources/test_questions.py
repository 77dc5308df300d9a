import hashlib
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from pkbench.data.sources import questions
from pkbench.data.words import encode, words
from tests.data.factory import data_of


def made(count: int, seed: int = 0) -> list[str]:
    return [questions.question(seed, number) for number in range(count)]


def rule(text: str) -> int | None:
    """The class of a question by its grammar: that of the clause without "not"; None where there is no such clause."""
    starts = {clause.split(" {}")[0].split()[-1]: clause for clauses in questions.CLAUSES for clause in clauses}
    assert len(starts) > 1
    for part in text.split(" , "):
        for label, clauses in enumerate(questions.CLAUSES):
            if "not" not in part.split() and any(fits(clause, part) for clause in clauses):
                return label
    return None


def fits(clause: str, part: str) -> bool:
    before, after = clause.split("{}")
    return f" {before}the " in f" {part}" and (after in part)


def test_questions_are_pinned() -> None:
    """A change of them is another GENERATOR_VERSION: results on people's disks name them by it."""
    assert hashlib.sha256("\n".join(made(600)).encode()).hexdigest()[:16] == "34322c5497c58209"


def test_read_encodes_them_in_turn() -> None:
    data = data_of("generated:questions")
    raw = questions.read(data)
    assert raw.train_labels.tolist() == [0, 1, 2, 3, 4, 5] * 5
    assert np.array_equal(raw.train_images, encode(made(30), data.shape, 0, "made"))
    assert raw.test_images is None


@given(seed=st.integers(0, 2**31 - 1), number=st.integers(0, 10**7))
def test_a_question_depends_on_seed_and_number_alone_and_is_short(seed: int, number: int) -> None:
    text = questions.question(seed, number)
    assert text == questions.question(seed, number)
    assert 5 <= len(words(text)) <= 28
    assert rule(text) in (None, number % 6)


def test_the_grammar_tells_all_but_the_bare_ones() -> None:
    texts = made(3000)
    known = [rule(text) is not None for text in texts]
    assert [("what about" not in text) for text in texts] == known
    assert 0.88 < np.mean(known) < 0.92
    assert 0.37 < np.mean([" , " in text for text in texts]) < 0.43


def test_words_without_their_order_are_not_enough() -> None:
    texts = made(6000)
    labels = np.arange(6000) % 6
    counts = CountVectorizer(token_pattern=r"\S+").fit_transform(texts)
    model = LogisticRegression(max_iter=300).fit(counts[:5000], labels[:5000])
    assert 0.6 < model.score(counts[5000:], labels[5000:]) < 0.76


def test_the_same_words_in_another_order_are_another_class() -> None:
    first = "who made the ship , not where was the club found ?"
    other = "where was the club found , not who made the ship ?"
    assert sorted(first.split()) == sorted(other.split())
    assert (rule(first), rule(other)) == (3, 4)


def test_another_seed_is_another_sample(tmp_path: Path) -> None:
    assert len(set(made(200)) & set(made(200, seed=1))) < 5
