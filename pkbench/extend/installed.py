"""Which extensions are installed, from the metadata of the packages: nothing of them is imported here."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from pkbench.errors import ExtensionError
from pkbench.visible import printable


@dataclass(frozen=True, slots=True, order=True)
class Installed:
    """One entry point: ``value`` is ``module:attribute``, the rest says what it is and whose."""

    group: str
    name: str
    distribution: str
    version: str
    value: str

    def __str__(self) -> str:
        return f"{self.name} of {self.distribution} {self.version} (entry point {self.group}: {self.value})"


@cache
def installed(group: str) -> tuple[Installed, ...]:
    """Every entry point of ``group``, in order of their names; looked up once in a process, for it reads all packages' metadata."""
    return tuple(sorted({_described(point) for point in entry_points(group=group)}))


def find(group: str, noun: str, name: str) -> Installed:
    """The one entry point of ``group`` called ``name``.

    Raises:
        ExtensionError: there is none, or several distributions have one.
    """
    known = installed(group)
    found = [one for one in known if one.name == name]
    if not found:
        there = ", ".join(f"{one.name} ({one.distribution} {one.version})" for one in known)
        near = difflib.get_close_matches(name, [one.name for one in known], n=1)
        raise ExtensionError(
            f"no {noun} extension is called `{printable(name)}`",
            constraint=f"installed: {there}" if there else f"no package that is installed has one ({group})",
            remedy=f'did you mean "{near[0]}"?' if near else "install the package that has it",
        )
    if len(found) > 1:
        raise ExtensionError(
            f"{len(found)} {noun} extensions are called `{name}`: {' and '.join(map(str, found))}",
            constraint="a name stands for one extension",
            remedy="uninstall all but one of these packages",
        )
    return found[0]


def _described(point: EntryPoint) -> Installed:
    distribution = point.dist
    name, version = (distribution.name, distribution.version) if distribution else ("an unknown package", "")
    # Metadata is somebody else's text, and is printed.
    group, own, value = (printable(str(part)) for part in (point.group, point.name, point.value))
    return Installed(group, own, printable(str(name)), printable(str(version)), value)
