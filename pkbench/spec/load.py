"""Loading a spec: from a file to its checked parts, or to all of its faults at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from pkbench.errors import Fault, Place, SpecError
from pkbench.spec.check_parts import root_of, validate_checks
from pkbench.spec.checks import find_faults, find_warnings
from pkbench.spec.checks.warnings import check_file_name
from pkbench.spec.document import CheckSpec, Spec
from pkbench.spec.enough import first_faults
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


@dataclass(frozen=True, slots=True)
class LoadedChecks:
    """As :class:`LoadedSpec`, of a spec whose claims are computed without training."""

    spec: CheckSpec
    path: Path
    sha256: str
    warnings: tuple[Fault, ...]


AnyLoaded = LoadedSpec | LoadedChecks


def load_any(path: Path) -> AnyLoaded:
    """The spec in the file ``path``, of whatever kind. Nothing of it is executed, and nothing else is opened.

    Raises:
        SpecError: the file cannot be read, is not TOML, or is no valid spec; it has every fault there is.
    """
    content = read(path)
    sha256 = hashlib.sha256(content).hexdigest()
    document = parse(content, str(path), LISTS)
    root = root_of(document)
    if not issubclass(root, Spec):
        spec, faults = validate_checks(document, root)
        if faults or spec is None:
            raise SpecError(first_faults(faults, str(path)))
        return LoadedChecks(spec, path.absolute(), sha256, tuple(check_file_name(document, spec.experiment.id, path)))
    parts, faults = validate(document)
    faults = first_faults(chain(faults, find_faults(parts)), str(path))
    if faults or parts.spec is None:
        raise SpecError(faults)
    warnings = tuple(sorted(set(find_warnings(parts, path))))
    return LoadedSpec(parts.spec, path.absolute(), sha256, warnings)


def load_spec(path: Path) -> LoadedSpec:
    """The spec in the file ``path``, which must be one that trains.

    Raises:
        SpecError: as :func:`load_any`, or the spec trains nothing.
    """
    loaded = load_any(path)
    if isinstance(loaded, LoadedSpec):
        return loaded
    kind = loaded.spec.experiment.kind
    place = Place(str(path), 1, 1)
    what = f'the experiment is of kind = "{kind}"'
    raise SpecError([Fault(place, what, "this command is about specs that train", "")])
