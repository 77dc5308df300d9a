"""The record of one comparison of two trained models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from pkbench.store.record import CodeIdentity, Environment, Invocation, RecordPart, SpecIdentity

Row = Annotated[tuple[float | None, ...], Field(strict=False)]


class ComparisonRecord(RecordPart):
    """CKA of every mixing block of ``a`` (rows) with every one of ``b`` (columns); ``None`` where features are constant."""

    format: Literal[1]
    run_id: str
    spec: SpecIdentity
    profile: str
    compare: str
    """Name of the comparison when it was computed; the id does not depend on it."""
    config: dict[str, Any]
    """What determines the result; its hash is ``run_id``."""
    seeds: Annotated[tuple[int, int], Field(strict=False)]
    blocks_a: Annotated[tuple[str, ...], Field(strict=False)]
    blocks_b: Annotated[tuple[str, ...], Field(strict=False)]
    matrix: Annotated[tuple[Row, ...], Field(strict=False)]
    weights_sha256: Annotated[tuple[str, str] | None, Field(strict=False)] = None
    """Of the parameters of ``a`` and ``b``, as in their runs' records; ``None`` in records from before this was kept."""
    images: int
    """Test images of one pass, whole batches only."""
    seconds: float
    ended: float
    """Unix time."""
    environment: Environment
    code: CodeIdentity
    invocation: Invocation

    @property
    def diagonal_mean(self) -> float | None:
        """Mean CKA of blocks of the same depth; ``None`` where the models have different numbers of blocks."""
        if len(self.blocks_a) != len(self.blocks_b):
            return None
        diagonal = [row[i] for i, row in enumerate(self.matrix)]
        numbers = [value for value in diagonal if value is not None]
        return sum(numbers) / len(numbers) if len(numbers) == len(diagonal) else None
