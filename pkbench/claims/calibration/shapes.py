"""How the values of seeds scatter in a made-up study: standardised draws of several shapes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import PCG64, Generator
from numpy.typing import NDArray

from pkbench.seeding import stream_seed

Array = NDArray[np.float64]
Size = tuple[int, ...]

COMMON_SD: Final = 3.0
"""Deviation of what the models of one seed share where they share something; their own has 1."""


def generator(*parts: str | int) -> Generator:
    """The stream named by ``parts``: PCG64, whatever NumPy's default is."""
    return Generator(PCG64(stream_seed("calibration", *parts)))


@dataclass(frozen=True, slots=True)
class Shape:
    """One way in which seeds scatter.

    Attributes:
        name: short, for tables and streams.
        own: draws of mean 0 and deviation 1, independent between models and seeds.
        common: deviation of a part that all models of one seed share.
        alike: correlation of the seeds of one study with each other, which no test on seeds can see.
        lopsided: whether only one side of each comparison scatters, so that the skew of ``own`` is that of the differences.
    """

    name: str
    own: Callable[[Generator, Size], Array]
    common: float = 0.0
    alike: float = 0.0
    lopsided: bool = False

    def draw(self, random: Generator, studies: int, models: int, n: int) -> Array:
        """``(studies, models, n)`` deviations from the true means."""
        own = self.own(random, (studies, models, n))
        if self.alike:
            of_study = self.own(random, (studies, models, 1))
            own = math.sqrt(1 - self.alike) * own + math.sqrt(self.alike) * of_study
        if self.common:
            own = own + self.common * random.standard_normal((studies, 1, n))
        return own


def _normal(random: Generator, size: Size) -> Array:
    return random.standard_normal(size)


def _skewed(random: Generator, size: Size) -> Array:
    """A shifted exponential: skewness 2, many values a little too low, a few much too high."""
    return random.standard_exponential(size) - 1


def _skewed_down(random: Generator, size: Size) -> Array:
    return 1 - random.standard_exponential(size)


def _heavy(random: Generator, size: Size) -> Array:
    """Student's t with 3 degrees of freedom, whose variance is 3 and whose kurtosis is infinite."""
    drawn: Array = random.standard_t(3, size)
    return drawn / math.sqrt(3)


NORMAL: Final = Shape("normal", _normal)
SKEWED: Final = Shape("skewed", _skewed)
HEAVY: Final = Shape("heavy tails", _heavy)
SHARED: Final = Shape("shared seeds", _normal, common=COMMON_SD)
SHAPES: Final = (NORMAL, SKEWED, HEAVY, SHARED)
"""Those under which the promises are made."""

LOPSIDED: Final = (
    Shape("lopsided up", _skewed, lopsided=True),
    Shape("lopsided down", _skewed_down, lopsided=True),
)
"""Differences as skewed as an exponential: no promise is made for them, their rates are stated."""

ALIKE: Final = Shape("seeds alike", _normal, alike=0.3)
"""Seeds of one study that agree with each other more than further seeds would: the unit is then not the seed."""
