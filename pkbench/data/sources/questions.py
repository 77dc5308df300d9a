"""Generated questions of six classes: text that needs no file. They are artificial and say nothing about language.

The classes are those of TREC's coarse labels. A question is made of clauses, "who made the old bridge", whose first
words are those of one class. There are three kinds:

- half of them have one clause, and its words tell the class;
- four in ten have two, the second of another class and negated: "who made the old bridge, not where was the ship
  found". The class is that of the clause without "not", whichever comes first, so the same words in another order are a
  question of the other class: which words occur tells at most one of two;
- one in ten is bare, "what about the old bridge": nothing tells its class.

So the best possible accuracy is 0.9 + 0.1/6 (92 %), and that of a rule without word order 0.5 + 0.4/2 + 0.1/6 (72 %).
Words without meaning stand before and after, so that clauses begin at different places. At most 28 words.
"""

from __future__ import annotations

import numpy as np

from pkbench.data.draws import Draws
from pkbench.data.raw import RawImages
from pkbench.data.words import encode
from pkbench.spec.data import QUESTION_CLASSES, QuestionsData

CLAUSES = (
    ("what letters stand for {}", "which initials name {}"),
    ("why was {} made", "how was {} made"),
    ("what colour was {}", "which animal is on {}"),
    ("who made {}", "whose idea was {}"),
    ("where was {} found", "which town has {}"),
    ("when was {} found", "how many made {}"),
)
"""What a clause of each class can be: abbreviation, description, entity, human, location, number."""

_BARE = "what about {}"
_ADJECTIVES = ("old", "new", "red", "small", "first", "last", "great", "lost")
_NOUNS = ("bridge", "ship", "book", "game", "song", "law", "film", "train", "club", "flag", "river", "tower", "company")
_OWNERS = ("anna", "boris", "carol", "david", "elena", "frank", "greta", "henry")
_BEFORE = ("please", "tell", "me", "so", "well", "now", "then", "again")
_AFTER = ("today", "exactly", "really", "if", "you", "know", "thanks", "then")


def read(data: QuestionsData) -> RawImages:
    """All questions as images; there is no test part.

    Raises:
        DataError: they do not fit into memory.
    """
    texts = [question(data.generator_seed, number) for number in range(data.count)]
    labels = np.arange(data.count, dtype=np.int64) % QUESTION_CLASSES
    return RawImages(encode(texts, data.shape, data.embedding_seed, f"data set {data.id}"), labels)


def question(generator_seed: int, number: int) -> str:
    """The question with this number; its class is ``number`` modulo 6."""
    draws = Draws("questions", generator_seed, number)
    label = number % QUESTION_CLASSES
    kind = draws.uniform(0, 10)
    if kind < 1:
        middle = _BARE.format(_thing(draws))
    elif kind < 6:
        middle = _clause(draws, label)
    else:
        other = draws.pick([c for c in range(QUESTION_CLASSES) if c != label])
        asked, negated = _clause(draws, label), f"not {_clause(draws, other)}"
        middle = " , ".join(draws.pick([(asked, negated), (negated, asked)]))
    return f"{_noise(draws, _BEFORE)} {middle} {_noise(draws, _AFTER)} ?".strip()


def _clause(draws: Draws, label: int) -> str:
    return draws.pick(CLAUSES[label]).format(_thing(draws))


def _thing(draws: Draws) -> str:
    """What a clause is about: a noun, with an adjective or an owner."""
    noun = draws.pick(_NOUNS)
    return draws.pick([f"the {noun}", f"the {draws.pick(_ADJECTIVES)} {noun}", f"the {noun} of {draws.pick(_OWNERS)}"])


def _noise(draws: Draws, words: tuple[str, ...]) -> str:
    """From none to five words without meaning."""
    return " ".join(draws.pick(words) for _ in range(draws.pick(range(6))))
