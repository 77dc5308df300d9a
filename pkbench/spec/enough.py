"""Where to stop looking: of very many faults the first ones say what is wrong with a file."""

from __future__ import annotations

from collections.abc import Iterable

from pkbench.errors import Fault, Place, SpecError

MAX_FAULTS = 100
"""Different faults of a file after which the rest of it is not looked at: naming what was meant takes its time for each."""


def first_faults(faults: Iterable[Fault], file: str) -> list[Fault]:
    """The first :data:`MAX_FAULTS` of ``faults``, each once; where there are more, one that says so at the end of ``file``."""
    found: dict[Fault, None] = {}
    for fault in faults:
        if len(found) == MAX_FAULTS and fault not in found:
            what = f"{MAX_FAULTS} faults, and the rest of the file is not looked at"
            return [*found, Fault(Place(file), what, "", "mend these first")]
        found[fault] = None
    return list(found)


class Faults(list[Fault]):
    """The faults of ``file``; one too many is raised, with all of them."""

    def __init__(self, file: str) -> None:
        super().__init__()
        self._file = file

    def append(self, fault: Fault) -> None:
        """Add ``fault``.

        Raises:
            SpecError: there are more than :data:`MAX_FAULTS`.
        """
        super().append(fault)
        if len(self) > MAX_FAULTS:
            raise SpecError(first_faults(self, self._file))
