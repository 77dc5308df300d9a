"""What every extension is: a class that an installed package names in an entry point."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

API: Final = 1
"""Version of this room's classes. Raised when extensions that are written for them have to be changed."""


class Options(BaseModel):
    """The table ``options`` of a spec: as strict as the spec itself. A subclass has a field for each key.

    What is left out of a spec must not be a surprise: a default is part of a run's id like a value that is written down.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


O = TypeVar("O", bound=Options)  # noqa: E741 - the type of an extension's options


class Extension(ABC):
    """What every extension says of itself. It is made without arguments, once in a process."""

    api: ClassVar[int]
    """The :data:`API` it is written for."""


class WithOptions(Extension, Generic[O]):
    """An extension that a spec names, with options."""

    options: type[O]
    """What can stand in the spec's table ``options``."""


class Computing(WithOptions[O]):
    """An extension that results come from."""

    result_version: ClassVar[int]
    """Part of every run's id, from 1: raise it whenever a change of the extension changes what is computed."""
