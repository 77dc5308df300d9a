"""What is timed: one way of training one case, ours or somebody else's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from pkbench.bench.cases import Mixing
from pkbench.spec.train import Precision

Owner = Literal["ours", "peer"]


class UnavailableError(Exception):
    """A variant cannot run here; the message is the reason that its row gives."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a row says about a variant before it has run.

    Attributes:
        name: unique within a case, the same from one version to the next: comparisons go by it.
        owner: whose code trains.
        mixing: ``random`` for random permutations, and for masks.
        precision: of the matrix products.
        compiled: whether ``torch.compile`` or another compiler runs at the first step.
        runs: equal trainings that one step advances at once by a step each; a row's numbers are per training.
        normal: name of the variant with normal mixing that this one's RP/normal ratio is against; ``None``: no ratio.
    """

    name: str
    owner: Owner
    mixing: Mixing
    precision: Precision = "fp32"
    compiled: bool = False
    runs: int = 1
    normal: str | None = None


class Training(Protocol):
    """A training that is ready to go: what :meth:`Variant.build` makes. Random images have no epochs; steps never end."""

    def data(self) -> None:
        """Make the next step's batch, and throw it away: what a step does before its forward pass, alone."""

    def step(self) -> None:
        """One whole training step of every run: data, forward, backward, optimizer."""

    def evaluate(self) -> None:
        """Evaluate every run on the case's test images."""

    def held(self) -> int:
        """Bytes that steps work in and that stay between them, parameters and the optimizer's moments left out."""

    def graphs(self) -> int:
        """Graphs compiled so far; 0 for what is not compiled."""

    def close(self) -> None:
        """End worker processes, if there are any."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A way of training, and how to get it ready.

    ``build`` may raise :class:`UnavailableError`; any other exception of a peer, in its steps too, is its row's reason.
    ``forks`` says that it starts copies of this process. Such a copy keeps every page as it was when this process writes to it: it is
    started while there is little to keep.
    """

    label: Label
    build: Callable[[], Training]
    forks: bool = False
