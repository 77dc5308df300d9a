"""Loading a spec: from a file to a checked :class:`Spec`, or to all of its faults at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pkbench.errors import Fault, SpecError
from pkbench.spec.checks import find_faults, find_warnings
from pkbench.spec.document import Spec
from pkbench.spec.files import read
from pkbench.spec.parts import LISTS, validate
from pkbench.spec.toml import parse


@dataclass(frozen=True, slots=True)
class LoadedSpec:
    """A valid spec and where it comes from.

    Attributes:
        spec: the spec.
        path: its file, absolute.
        sha256: hexadecimal SHA-256 of the file's bytes.
        warnings: what is odd about it, in file order.
    """

    spec: Spec
    path: Path
    sha256: str
    warnings: tuple[Fault, ...]


def load_spec(path: Path) -> LoadedSpec:
    """The spec in the file ``path``. Nothing of it is executed, and nothing else is opened.

    Raises:
        SpecError: the file cannot be read, is not TOML, or is no valid spec; it has every fault there is.
    """
    content = read(path)
    parts, faults = validate(parse(content, str(path), LISTS))
    faults += find_faults(parts)
    if faults or parts.spec is None:
        raise SpecError(faults)
    warnings = tuple(sorted(set(find_warnings(parts, path))))
    return LoadedSpec(parts.spec, path.absolute(), hashlib.sha256(content).hexdigest(), warnings)
