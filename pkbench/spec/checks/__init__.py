"""What no single table of a spec can get wrong by itself: names, sizes, data and scales that must fit each other.

Every check looks at whatever parts are valid, so a broken part never hides a fault elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pkbench.errors import Fault
from pkbench.spec.checks.assumptions import check_assumptions
from pkbench.spec.checks.augment import check_augment, check_augment_at
from pkbench.spec.checks.claims import check_claims, check_profiles, check_reported
from pkbench.spec.checks.compare import check_compare, check_compare_at
from pkbench.spec.checks.curves import check_families_at, check_metrics, check_paper_curves
from pkbench.spec.checks.data import check_data
from pkbench.spec.checks.extent import check_extent
from pkbench.spec.checks.models import check_models, check_models_at
from pkbench.spec.checks.recipes import check_recipes
from pkbench.spec.checks.repeats import check_names
from pkbench.spec.checks.scene import scenes
from pkbench.spec.checks.sweeps import check_sweeps, check_sweeps_at
from pkbench.spec.checks.train import check_train, check_train_at
from pkbench.spec.checks.warnings import (
    check_equal_connections,
    check_file_name,
    check_stated,
    check_structures,
    check_unused,
)
from pkbench.spec.parts import Parts

_WHOLE = (
    check_names,
    check_models,
    check_sweeps,
    check_recipes,
    check_train,
    check_augment,
    check_profiles,
    check_reported,
    check_claims,
    check_compare,
    check_paper_curves,
    check_metrics,
    check_assumptions,
)


def find_faults(parts: Parts) -> Iterator[Fault]:
    """Faults between the parts of a spec; the same one can come up at several profiles.

    Of a spec that asks for far too much this alone is said: looking at all of it would take too long.
    """
    too_much = list(check_extent(parts))
    if too_much:
        yield from too_much
        return
    for check in _WHOLE:
        yield from check(parts)
    odd: dict[int, list[Fault]] = {index: list(check_data(parts, index)) for index in parts.data}
    for faults in odd.values():
        yield from faults
    for scene in scenes(parts, frozenset(index for index, faults in odd.items() if faults)):
        yield from check_models_at(scene)
        yield from check_sweeps_at(scene)
        for trained in scene.recipes():
            yield from check_train_at(trained)
            yield from check_augment_at(trained)
        yield from check_compare_at(scene)
        yield from check_families_at(scene)


def find_warnings(parts: Parts, path: Path) -> Iterator[Fault]:
    """What is odd about a spec that has no fault."""
    if parts.experiment is not None:
        yield from check_file_name(parts.document, parts.experiment.id, path)
    yield from check_unused(parts)
    found = scenes(parts, frozenset())
    yield from check_stated(found)
    for scene in found:
        yield from check_equal_connections(scene)
        yield from check_structures(scene)
