"""The record of one run: complete, self-describing, and the only thing later stages read."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pkbench.extend.installed import Installed
from pkbench.sizes.base import Shape
from pkbench.spec.base import Identifier

RECORD_FORMAT = 1


class RecordPart(BaseModel):
    """A strict, frozen piece of a record; unknown keys are refused."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


Whole = Annotated[int, Field(ge=0, le=10**30)]
"""A count. Bounded, as the times are: a record can come from anywhere, and is shown and calculated with."""
Time = Annotated[float, Field(ge=0, lt=253_402_300_800)]
"""Unix time, before the year 10000."""
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{1,64}$")]


class Labels(RecordPart):
    """The names the run had when it was computed; its id does not depend on them."""

    model: Identifier
    data: Identifier
    seed: Whole
    lr: float


class SpecIdentity(RecordPart):
    """The spec file the run came from."""

    id: Identifier
    title: str
    sha256: Hash
    """Of the file's bytes."""


class ExtensionIdentity(RecordPart):
    """Another package's code that took part in a run."""

    group: str
    """Of its entry point: what it is."""
    name: str
    """The name that the spec, or an option, calls it by."""
    distribution: str
    version: str

    @classmethod
    def of(cls, installed: Installed) -> ExtensionIdentity:
        """That of what is ``installed``."""
        return cls(
            group=installed.group,
            name=installed.name,
            distribution=installed.distribution,
            version=installed.version,
        )


class CodeIdentity(RecordPart):
    """The code that computed the run."""

    version: str
    commit: str | None
    dirty: bool | None
    """Whether the package's files differed from the commit; ``None`` outside a git checkout."""
    files_sha256: str | None = None
    """Of the package's files (:mod:`pkbench.store.code`); ``None`` in records from before this was kept."""
    extensions: Annotated[tuple[ExtensionIdentity, ...], Field(strict=False)] = ()
    """Of the run, as they were installed then."""


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

    id: Identifier
    started: Time


class DataSummary(RecordPart):
    """The data as used: split sizes and normalisation."""

    checksum: str
    train: Whole
    validation: Whole
    test: Whole
    mean: Annotated[tuple[float, ...], Field(strict=False)]
    std: Annotated[tuple[float, ...], Field(strict=False)]


class Counts(RecordPart):
    """Sizes of the model, from :mod:`pkbench.sizes`; what it does not have is ``None``."""

    S: Whole | None
    C: Whole | None
    gamma: float | None
    depth: Whole
    m: Whole
    width: Whole
    omega: float
    p: float
    parameters: Whole
    connections: Whole
    forward_flops: Whole
    activation_floats: Whole

    @classmethod
    def of(cls, shape: Shape) -> Counts:
        """The counts of ``shape``."""
        return cls(**{name: getattr(shape, name) for name in cls.model_fields})


class Epoch(RecordPart):
    """One epoch. Errors in per cent, losses in nats; evaluations are ``None`` in epochs without one."""

    epoch: Whole
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
    ended: Time


class Measured(RecordPart):
    """One number measured of a part of the model besides its losses and errors."""

    epoch: Whole
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
    epoch: Whole
    """Last epoch that was completed."""


class Record(RecordPart):
    """Everything known of one run. ``status`` is ``failed`` exactly when ``failure`` is given.

    A finished run has a last epoch that was tested.
    """

    format: Literal[1]
    run_id: str
    status: Literal["finished", "failed"]
    spec: SpecIdentity
    profile: Identifier
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
    accumulated: Annotated[int, Field(ge=1, le=10**9)] | None = None
    """In how many parts, one after another, a batch's gradient was computed for want of memory; ``None``: in one."""
    stacked: Annotated[int, Field(ge=1, le=10**9)] | None = None
    """How many runs, itself included, computed their steps together when it last started; ``None``: it was alone."""
    weights_sha256: str | None
    """Of the final parameters' bytes, in order of their names."""
    kept_sha256: str | None = None
    """Of the file of final weights; ``None`` where none was kept, or the record is from before this was."""
    resumed_after: Annotated[tuple[Whole, ...], Field(strict=False)]
    """Epochs after which the run was taken up again from a checkpoint."""
    seconds: Annotated[float, Field(ge=0)]
    """Wall time of all epochs."""
    started: Time
    ended: Time
    environment: Environment
    code: CodeIdentity
    invocation: Invocation

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.status == "failed") != (self.failure is not None):
            raise ValueError("a run has failed exactly where it says why")
        if self.status == "finished" and (not self.history or self.history[-1].test_error is None):
            raise ValueError("a finished run has a last epoch that was tested")
        if not all(isinstance(self.config.get(name), dict) for name in ("model", "data", "train")):
            raise ValueError("a run's configuration has a model, data and a recipe")
        return self

    @property
    def final(self) -> Epoch:
        """The last epoch: the one that counts. Only finished records have one for certain."""
        return self.history[-1]
