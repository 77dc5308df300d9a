"""What a benchmark found: one JSON file, complete enough to be compared with another."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError

from pkbench.bench.cases import Mixing
from pkbench.bench.memory import MemoryKind
from pkbench.bench.variant import Owner
from pkbench.errors import UsageError
from pkbench.spec.base import Part
from pkbench.spec.train import Precision

FORMAT: Final = 1


class Spread(Part):
    """Median and quartiles of repeated measurements."""

    median: float
    lower: float
    upper: float


class Rate(Part):
    """How much this machine does in a second at most, measured in the same run."""

    what: str
    """``gemm MxKxN`` or ``copy``."""
    precision: Precision
    unit: Literal["FLOP/s", "B/s"]
    per_second: Spread


class Floor(Part):
    """What an ideal step of a case in one precision needs, and the least time this machine could take for it."""

    precision: Precision
    flops: float
    """Operations of a step: two for each multiply-add of the forward pass and of both products of the backward pass."""
    bytes: float
    """Bytes moved between memory and processor if every kept activation is written and read once."""
    compute_seconds: float
    """``flops`` at the best GEMM rate measured."""
    own_gemm_seconds: float | None
    """``flops`` at the rates of the case's own GEMM sizes; ``None`` where they were not measured or there are none."""
    memory_seconds: float
    """``bytes`` at the rate of a large copy."""

    @property
    def seconds(self) -> float:
        """The floor: the larger of computing and moving, as if they overlapped perfectly."""
        return max(self.compute_seconds, self.memory_seconds)


class Row(Part):
    """One variant of one case; every number is that of one training, however many a step advances at once."""

    variant: str
    owner: Owner
    mixing: Mixing
    precision: Precision
    compiled: bool
    runs: int
    normal: str | None
    """The variant with normal mixing that ``rp_ratio`` is against."""
    reason: str | None = None
    """Why there are no numbers."""
    samples: tuple[float, ...] = ()
    """Seconds of a step, one for each round."""
    step: Spread | None = None
    """Seconds of a whole training step: data, forward, backward, optimizer."""
    data_seconds: float | None = None
    """Median seconds of making a batch alone."""
    data_share: float | None = None
    """``data_seconds`` over the step's median, at most 1: workers make batches while a step computes."""
    evaluation_seconds: float | None = None
    """Median seconds of evaluating one image."""
    images_per_second: float | None = None
    """Training images a second when each five are followed by one of evaluation, as in an epoch of CIFAR."""
    flops_per_second: float | None = None
    """The ideal step's operations over the step's median."""
    gemm_share: float | None = None
    """``flops_per_second`` over the best GEMM rate in the same precision."""
    floor_ratio: float | None = None
    """The step's median over the floor."""
    rp_ratio: Spread | None = None
    """Step over that of ``normal`` in the same round."""
    peak_bytes: int | None = None
    """Most memory on the device, of what ``peak_kind`` says."""
    peak_kind: MemoryKind | None = None
    """``device peak`` on CUDA, all that the training holds; ``step peak`` elsewhere, what a step allocates by itself."""
    rss_bytes: int | None = None
    """How far building and the first steps raised the process's resident memory at their highest; Linux alone."""
    startup_seconds: float | None = None
    """From nothing to the end of the first step, compilation included."""
    compile_seconds: float | None = None
    """How much longer the first step and the first evaluation took than later ones; for compiled variants."""
    graphs: int | None = None
    """Graphs compiled: one for training and one for evaluation where all goes well."""
    recompiles: int | None = None
    """Graphs compiled after the warm-up: 0, unless something keeps changing."""


class CaseResult(Part):
    """Everything measured of one case."""

    case: str
    S: int
    C: int
    depth: int
    batch: int
    parameters: int
    rates: tuple[Rate, ...]
    floors: tuple[Floor, ...]
    rows: tuple[Row, ...]


class Made(Part):
    """Where and how a benchmark was made: versions, processor, threads; no host or user names."""

    pkbench: str
    torch: str
    python: str
    platform: str
    processor: str
    cores: int
    device: str
    threads: int
    timm: str | None
    rounds: int | None
    """Rounds asked for; ``None``: each case's own number."""
    quick: bool


class Result(Part):
    """A whole benchmark."""

    format: Literal[1] = FORMAT
    made: Made
    cases: tuple[CaseResult, ...]


def to_json(result: Result) -> str:
    """``result`` as text."""
    return result.model_dump_json(indent=1) + "\n"


def read(path: Path) -> Result:
    """The result in the file ``path``.

    Raises:
        UsageError: it cannot be read, or is no result of this format.
    """
    try:
        return Result.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole file"
        raise UsageError(
            f"{path} is no benchmark of format {FORMAT}: {where}: {first['msg']}",
            remedy="name a file that `pkbench bench --json FILE` wrote",
        ) from error
