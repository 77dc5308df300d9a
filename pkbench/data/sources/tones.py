"""Generated recordings of ten two-syllable words: sound that needs no file. They are artificial: nobody speaks them.

A syllable is a tone that rises or falls by an octave within 0.15 to 0.22 s, in a low or a high band. Five pairs of the
four syllables, each in both orders, are the ten words. Neither the tones of a word without their order nor its spectrum
averaged over time tells it from the same pair in the other order.

The bands overlap (300 to 900 Hz and 800 to 2000 Hz in the middle of a tone), a word starts anywhere in the first 0.1 s
with up to 0.05 s between its syllables, and white noise of 0.1 to 0.5 times the tones' amplitude (its deviation) lies over all.
"""

from __future__ import annotations

from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pkbench.data.draws import Draws
from pkbench.data.raw import RawImages
from pkbench.data.sound import encode
from pkbench.spec.data import TONE_CLASSES, TONE_SAMPLE_RATE, TonesData

SAMPLES = 4_800
"""Length of a recording: 0.6 s."""

_SWEEP = 2.0
"""The higher end of a tone relative to its lower end."""

Syllable = tuple[bool, bool]
"""Whether it is in the high band, and whether it rises."""
_PAIRS: tuple[tuple[Syllable, Syllable], ...] = (
    ((False, True), (False, False)),
    ((False, True), (True, True)),
    ((False, True), (True, False)),
    ((False, False), (True, True)),
    ((False, False), (True, False)),
)
WORDS: tuple[tuple[Syllable, Syllable], ...] = tuple(
    chain.from_iterable(((first, second), (second, first)) for first, second in _PAIRS)
)
"""The syllables of each class: classes 2k and 2k + 1 are the same pair in both orders."""


def read(data: TonesData) -> RawImages:
    """All recordings as images; there is no test part.

    Raises:
        DataError: they do not fit into memory.
    """
    recordings = (recording(data.generator_seed, number) for number in range(data.count))
    images = encode(recordings, data.count, TONE_SAMPLE_RATE, data, f"data set {data.id}")
    return RawImages(images, np.arange(data.count, dtype=np.int64) % TONE_CLASSES)


def recording(generator_seed: int, number: int) -> NDArray[np.float64]:
    """The recording with this number, (4800,); its class is ``number`` modulo 10."""
    draws = Draws("tones", generator_seed, number)
    tones = [tone(draws, *syllable) for syllable in WORDS[number % TONE_CLASSES]]
    gap = np.zeros(int(draws.uniform(0.0, 0.05) * TONE_SAMPLE_RATE))
    word = np.concatenate([tones[0], gap, tones[1]])
    onset = int(draws.uniform(0.0, 0.1) * TONE_SAMPLE_RATE)
    result = draws.uniform(0.1, 0.5) * draws.normals(SAMPLES)
    result[onset : onset + len(word)] += word
    return result


def tone(draws: Draws, high: bool, rises: bool) -> NDArray[np.float64]:
    """One syllable: sin(phase) under Hann's window, its frequency an exponential function of time.

    With d its duration, r = 2 and f its frequency in the middle, it rises from f/sqrt(r): the phase at time t is
    2 pi (f/sqrt(r)) (r^(t/d) - 1) d / ln r. A falling one is a rising one backwards.
    """
    count = int(draws.uniform(0.15, 0.22) * TONE_SAMPLE_RATE)
    middle = draws.uniform(800, 2000) if high else draws.uniform(300, 900)
    share = np.arange(count) / count
    turns = middle / np.sqrt(_SWEEP) * (_SWEEP**share - 1) / np.log(_SWEEP) * count / TONE_SAMPLE_RATE
    rising: NDArray[np.float64] = np.sin(2 * np.pi * turns) * np.sin(np.pi * share) ** 2
    return rising if rises else rising[::-1]
