"""The strict, frozen base of every part of a spec, and the field types they share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Part(BaseModel):
    """A table of a spec: unknown keys refused, no conversion between types, no infinities, immutable.

    The string below a field says what it is for; :mod:`pkbench.spec.forms` reads it when it is asked for.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)


IDENTIFIER = r"^[a-z0-9][a-z0-9.-]{0,62}$"
"""Lower-case letters, digits, '.' and '-', at most 63 characters: safe as a file name, a URL part and a TOML key."""

Identifier = Annotated[str, Field(pattern=IDENTIFIER)]
PRINTABLE = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
"""No control characters but tab and newline: what is printed must not steer a terminal."""

Text = Annotated[str, Field(min_length=1, max_length=4000, pattern=PRINTABLE)]
FilePath = Annotated[str, Field(min_length=1, max_length=1024, pattern=PRINTABLE)]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=PRINTABLE)]
Size = Annotated[int, Field(ge=1, le=1_000_000)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


def array(*, min_length: int = 1, max_length: int = 1000) -> object:
    """Field of a tuple written as a TOML array: the array itself is not strict, its items are."""
    return Field(strict=False, min_length=min_length, max_length=max_length)
