"""The strict, frozen base of every part of a spec, and the field types they share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """A table of a spec: unknown keys refused, no conversion between types, no infinities, immutable."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )


Identifier = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9.-]{0,62}$",
        description="Lower-case letters, digits, '.' and '-', at most 63 characters.",
    ),
]
Text = Annotated[str, Field(min_length=1, max_length=4000)]
FilePath = Annotated[str, Field(min_length=1, max_length=1024)]
Size = Annotated[int, Field(ge=1, le=1_000_000)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


def array(*, min_length: int = 1, max_length: int = 1000) -> object:
    """Field of a tuple written as a TOML array: the array itself is not strict, its items are."""
    return Field(strict=False, min_length=min_length, max_length=max_length)
