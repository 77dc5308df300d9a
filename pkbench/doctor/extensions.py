"""What other packages add, from their metadata: nothing of them is imported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pkbench.doctor.symptom import Symptom
from pkbench.extend.installed import installed
from pkbench.extend.roles import ROLES


def extensions() -> Iterator[Symptom]:
    """The extensions of each kind that there are; one line that there are none."""
    told = False
    for role in ROLES:
        found = installed(role.group)
        if not found:
            continue
        told = True
        listed = ", ".join(f"{one.name} ({one.distribution} {one.version})" for one in found)
        twice = [name for name, count in Counter(one.name for one in found).items() if count > 1]
        if twice:
            remedy = f"uninstall all but one of the packages with {', '.join(twice)}: such a name cannot be used"
            yield Symptom(f"{role.noun} extensions", "note", listed, remedy)
        else:
            yield Symptom(f"{role.noun} extensions", "ok", listed)
    if not told:
        yield Symptom("extensions", "ok", "none is installed; docs/extending.md says how to write one")
