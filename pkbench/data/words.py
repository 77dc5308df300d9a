"""Texts as arrays: each word a fixed random vector. Nothing is trained and nothing is downloaded.

A model's per-patch layer learns the linear map from these vectors to its channels. Random vectors in many dimensions
are nearly orthogonal, so it can tell words apart, but a word it never saw in training tells it nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from pkbench.data.draws import Draws
from pkbench.data.raw import Images, Origin, Shape, empty_images

PADDING = 128
"""Byte of every entry after a text's last word: exactly that of the number 0, the middle of a word's entries."""

LARGEST = 3.0
"""Entries beyond this many standard deviations are cut to it."""

_WORD = re.compile(r"\w+|[^\w\s]")


def words(text: str) -> list[str]:
    """The words of ``text``: what's NASA? has the words what, ', s, nasa and ?.

    In lower case, each run of letters, digits and underscores is a word, and so is every other visible character.
    """
    return _WORD.findall(text.lower())


def word_vector(word: str, embedding_seed: int, size: int) -> NDArray[np.uint8]:
    """The vector of ``word``, uint8 (size,): 128 + round(127/3 · z), so 1 … 255.

    The ``z`` are standard normal numbers cut to [-3, 3], from the stream named by SHA-256 of seed and word.
    """
    z = Draws("word vector", embedding_seed, word).normals(size)
    return (PADDING + np.rint(np.clip(z, -LARGEST, LARGEST) * (127 / LARGEST))).astype(np.uint8)


def encode(texts: Sequence[str], shape: Shape, embedding_seed: int, origin: Origin) -> Images:
    """The first S words of each of ``texts`` as vectors, then padding: uint8 (N, S, 1, E).

    Padding is the byte 128 in every entry. Pixels are normalised after this, by each entry's mean over words and
    padding, so to a model padding is the same vector everywhere: near zero, not exactly zero.

    Args:
        texts: N texts.
        shape: (S, 1, E).
        embedding_seed: names the vectors.
        origin: where the texts come from, for the error.

    Raises:
        DataError: there are no texts, or the arrays do not fit into memory.
    """
    images = empty_images(len(texts), shape, origin)
    images.fill(PADDING)

    @cache
    def vector(word: str) -> NDArray[np.uint8]:
        return word_vector(word, embedding_seed, shape[2])

    for image, text in zip(images, texts, strict=True):
        for row, word in enumerate(words(text)[: shape[0]]):
            image[row, 0] = vector(word)
    return images
