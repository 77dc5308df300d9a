"""Loading the extensions that a spec or an option names, and calling them so that what goes wrong in one is told as its fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from pkbench.errors import ExtensionError, PkbenchError
from pkbench.extend.base import API, Computing, Extension, Options, WithOptions
from pkbench.extend.installed import Installed, find, installed
from pkbench.visible import printable

E = TypeVar("E", bound=Extension)
_LONGEST = 300
"""Characters of an extension's own words."""


@dataclass(frozen=True, slots=True)
class Role(Generic[E]):
    """What extensions can be: ``noun`` for people, the ``group`` of their entry points, the class that they derive from."""

    noun: str
    group: str
    base: type[E]


@dataclass(frozen=True, slots=True)
class Loaded(Generic[E]):
    """An extension, and where it is from."""

    role: Role[E]
    installed: Installed
    extension: E

    @contextmanager
    def calling(self, method: str) -> Iterator[None]:
        """While its ``method`` is called: whatever that raises becomes one error in one line that names the extension.

        Raises:
            ExtensionError: it raised anything but one of pkbench's own errors, or for want of memory.
        """
        try:
            yield
        except (PkbenchError, MemoryError):
            raise
        except ValueError as error:
            raise self.error(f"refuses in {method}: {_said(error)}") from error
        except Exception as error:
            raise self.error(f"failed in {method}: {type(error).__name__}: {_said(error)}") from error

    def error(self, what: str, constraint: str = "", remedy: str = "") -> ExtensionError:
        """An error that says ``what`` of this extension."""
        return ExtensionError(
            f"{self.role.noun} extension {self.installed} {what}", constraint=constraint, remedy=remedy
        )


def load(role: Role[E], name: str) -> Loaded[E]:
    """The extension called ``name``, imported and made once in a process.

    Raises:
        ExtensionError: there is none or there are several, it cannot be imported or made, is not what ``role`` asks for, or
            is written for another :data:`~pkbench.extend.base.API`.
    """
    found = _outcome(role, name)
    if isinstance(found, ExtensionError):
        raise found.with_traceback(None)
    return found


@cache
def _outcome(role: Role[E], name: str) -> Loaded[E] | ExtensionError:
    """What :func:`load` gives or raises: what fails is not tried again for each of a thousand models that name it."""
    try:
        found = find(role.group, role.noun, name)
        return Loaded(role, found, _made(role, found))
    except ExtensionError as error:
        return error


def forget() -> None:
    """Look up and load anew what is asked for from here on: packages have been installed or removed."""
    installed.cache_clear()
    _outcome.cache_clear()


def _made(role: Role[E], found: Installed) -> E:
    label = f"{role.noun} extension {found}"
    remedy = f"reinstall or update {found.distribution}, or do without it"
    try:
        made = EntryPoint(found.name, found.value, found.group).load()
    except (Exception, SystemExit) as error:
        what = f"{label} cannot be imported: {type(error).__name__}: {_said(error)}"
        raise ExtensionError(what, constraint="an entry point names a class in a module", remedy=remedy) from error
    if not (isinstance(made, type) and issubclass(made, role.base)):
        what = f"{label} is {printable(repr(made))[:_LONGEST]}"
        raise ExtensionError(what, constraint=f"it has to be a subclass of {role.base.__name__}", remedy=remedy)
    if getattr(made, "api", None) != API:
        what = f"{label} is written for api {printable(repr(getattr(made, 'api', None)))}"
        raise ExtensionError(what, constraint=f"this pkbench has api {API}", remedy=remedy)
    _check_declared(made, label, remedy)
    try:
        return made()
    except Exception as error:
        what = f"{label} cannot be made: {type(error).__name__}: {_said(error)}"
        raise ExtensionError(what, constraint="its class takes no arguments", remedy=remedy) from error


def validated(loaded: Loaded[Any], given: Mapping[str, Any]) -> Options:
    """``given`` as the extension's options.

    Raises:
        ValidationError: of pydantic's, where they are not such.
        ExtensionError: the extension's own validation failed in another way.
    """
    try:
        options: Options = loaded.extension.options.model_validate(dict(given))
    except ValidationError:
        raise
    except Exception as error:
        raise loaded.error(f"failed to validate options: {type(error).__name__}: {_said(error)}") from error
    return options


def resolved(loaded: Loaded[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """``given`` with the defaults of what it leaves out, as JSON values: what of it is part of an id.

    Raises:
        ValidationError: of pydantic's, where they are no options of the extension's.
        ExtensionError: they cannot be written as JSON.
    """
    options = validated(loaded, given)
    with loaded.calling("writing its options as JSON"):
        return options.model_dump(mode="json")


def _check_declared(made: type, label: str, remedy: str) -> None:
    """What a class says of itself has to be there: an id is made of it."""
    if issubclass(made, WithOptions):
        options = getattr(made, "options", None)
        if not (isinstance(options, type) and issubclass(options, Options)):
            what = f"{label} has options = {printable(repr(options))[:_LONGEST]}"
            raise ExtensionError(
                what, constraint="they have to be a subclass of pkbench.extend.base.Options", remedy=remedy
            )
    if issubclass(made, Computing):
        version = getattr(made, "result_version", None)
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            what = f"{label} has result_version = {printable(repr(version))[:_LONGEST]}"
            raise ExtensionError(what, constraint="it has to be a whole number from 1", remedy=remedy)


def _said(error: BaseException) -> str:
    text = printable(" ".join(str(error).split()))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
