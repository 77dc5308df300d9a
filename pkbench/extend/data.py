"""A data set from another package."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pkbench.extend.base import Computing, O

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrays:
    """Images (N, height, width, colours) uint8 and labels (N,), integers from 0; without a test part it is cut by ``test_count``."""

    train_images: NDArray[Any]
    train_labels: NDArray[Any]
    test_images: NDArray[Any] | None = None
    test_labels: NDArray[Any] | None = None


class DataExtension(Computing[O]):
    """``[[data]] source = "extension"``: what it gives is checked, copied, split and augmented like images of any source."""

    places: ClassVar[frozenset[str]] = frozenset()
    """Options that only say where files are: the bytes behind them are part of a run's id, they are not."""

    @abstractmethod
    def files(self, options: O, base: Path) -> Mapping[str, Path]:
        """Every file that the images or labels come from, by its role in the data set; none where they are generated.

        Their bytes identify the data set: what ``read`` gives must follow from them, the options and ``result_version``.

        Args:
            options: what the spec says.
            base: folder of the spec; relative paths begin there.
        """

    @abstractmethod
    def count(self, options: O, base: Path) -> tuple[int, int]:
        """Images of the training and of the test part (0 where it has none), without reading them: for plans."""

    @abstractmethod
    def read(self, options: O, base: Path) -> Arrays:
        """All of the data set, the same each time.

        Raises:
            ValueError, OSError: it cannot be read; the message is told.
        """
