"""The record of one check: like a run's, with a finding where that has a history."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from pkbench.store.record import CodeIdentity, Environment, Invocation, RecordPart, SpecIdentity


class FoundValue(RecordPart):
    """A named number."""

    name: str
    value: float


class CheckRecord(RecordPart):
    """Everything known of one check. ``residual`` and ``values`` are there exactly when ``failure`` is not."""

    format: Literal[1]
    run_id: str
    spec: SpecIdentity
    claim: str
    """Name of the claim when it was checked; the id does not depend on it."""
    config: dict[str, Any]
    """What determines the finding; its hash is ``run_id``."""
    residual: float | None
    values: Annotated[tuple[FoundValue, ...], Field(strict=False)]
    sentence: str
    """What was found, in plain words."""
    failure: str | None
    """Why nothing was found."""
    seconds: float
    ended: float
    """Unix time."""
    environment: Environment
    code: CodeIdentity
    invocation: Invocation
