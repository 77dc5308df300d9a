"""The record of one run: complete, self-describing, and the only thing later stages read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pkbench.sizes.base import Shape

RECORD_FORMAT = 1


class RecordPart(BaseModel):
    """A strict, frozen piece of a record; unknown keys are refused."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Labels(RecordPart):
    """The names the run had when it was computed; its id does not depend on them."""

    model: str
    data: str
    seed: int
    lr: float


class SpecIdentity(RecordPart):
    """The spec file the run came from."""

    id: str
    title: str
    sha256: str
    """Of the file's bytes."""


class CodeIdentity(RecordPart):
    """The code that computed the run."""

    version: str
    commit: str | None
    dirty: bool | None
    """Whether the package's files differed from the commit; ``None`` outside a git checkout."""
    files_sha256: str | None = None
    """Of the package's files (:mod:`pkbench.store.code`); ``None`` in records from before this was kept."""


class Environment(RecordPart):
    """The machine and the libraries. Nothing of the user's environment variables is kept."""

    python: str
    torch: str
    numpy: str
    platform: str
    processor: str
    cores: int
    device: str
    """``cpu``, or the GPU's name."""
    threads: int


class Invocation(RecordPart):
    """The command that computed the run; runs of one command share it."""

    id: str
    started: float
    """Unix time."""


class DataSummary(RecordPart):
    """The data as used: split sizes and normalisation."""

    checksum: str
    train: int
    validation: int
    test: int
    mean: Annotated[tuple[float, ...], Field(strict=False)]
    std: Annotated[tuple[float, ...], Field(strict=False)]


class Counts(RecordPart):
    """Sizes of the model, from :mod:`pkbench.sizes`; what it does not have is ``None``."""

    S: int | None
    C: int | None
    gamma: float | None
    depth: int
    m: int
    width: int
    omega: float
    p: float
    parameters: int
    connections: int
    forward_flops: int
    activation_floats: int

    @classmethod
    def of(cls, shape: Shape) -> Counts:
        """The counts of ``shape``."""
        return cls(**{name: getattr(shape, name) for name in cls.model_fields})


class Epoch(RecordPart):
    """One epoch. Errors in per cent, losses in nats; evaluations are ``None`` in epochs without one."""

    epoch: int
    """From 1."""
    lr: float
    """At the epoch's last step."""
    train_loss: float
    """Mean over the epoch's batches of the training loss, augmentation and smoothing included."""
    train_error: float
    validation_loss: float | None = None
    validation_error: float | None = None
    test_loss: float | None = None
    test_error: float | None = None
    seconds: float
    """Wall time of the epoch, evaluation included."""
    data_seconds: float | None = None
    """Of them, spent waiting for batches; ``None`` in records from before this was measured."""
    ended: float
    """Unix time."""


class Measured(RecordPart):
    """One number measured of a part of the model besides its losses and errors."""

    epoch: int
    """After how many epochs; 0 is the initialisation."""
    where: str
    name: str
    value: float


FailureKind = Literal[
    "diverged", "out-of-memory", "memory-taken", "worker-died", "worker-killed", "data-gone", "system-error", "error"
]

TRANSIENT: frozenset[FailureKind] = frozenset({"memory-taken", "worker-killed", "data-gone", "system-error"})
"""Causes outside of the run, which may have gone: others held the memory, something killed the worker, the data's files were
not there or changed meanwhile, the system refused something. The same run then may well end, so it is tried again unasked.
The others lie in the run itself (its loss, its size, a crash of its code) and would only happen again."""


class Failure(RecordPart):
    """Why a run could not end."""

    kind: FailureKind
    message: str
    epoch: int
    """Last epoch that was completed."""


class Record(RecordPart):
    """Everything known of one run. ``status`` is ``failed`` exactly when ``failure`` is given."""

    format: Literal[1]
    run_id: str
    status: Literal["finished", "failed"]
    spec: SpecIdentity
    profile: str
    labels: Labels
    config: dict[str, Any]
    """What determines the result; its hash is ``run_id``."""
    counts: Counts
    data: DataSummary | None
    """``None`` where a run failed before its data was there."""
    history: Annotated[tuple[Epoch, ...], Field(strict=False)]
    measured: Annotated[tuple[Measured, ...], Field(strict=False)] = ()
    """What the recipe's probe asked for."""
    failure: Failure | None
    engine: str | None = None
    """What computed the steps; ``None`` where the run failed before its first one, or was recorded before there was a choice."""
    accumulated: int | None = None
    """In how many parts, one after another, a batch's gradient was computed for want of memory; ``None``: in one."""
    stacked: int | None = None
    """How many runs, itself included, computed their steps together when it last started; ``None``: it was alone."""
    weights_sha256: str | None
    """Of the final parameters' bytes, in order of their names."""
    kept_sha256: str | None = None
    """Of the file of final weights; ``None`` where none was kept, or the record is from before this was."""
    resumed_after: Annotated[tuple[int, ...], Field(strict=False)]
    """Epochs after which the run was taken up again from a checkpoint."""
    seconds: float
    """Wall time of all epochs."""
    started: float
    ended: float
    environment: Environment
    code: CodeIdentity
    invocation: Invocation

    @property
    def final(self) -> Epoch:
        """The last epoch: the one that counts. Only finished records have one for certain."""
        return self.history[-1]
