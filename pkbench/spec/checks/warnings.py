"""What is odd about a valid spec and is not wrong: numbers of the paper's that do not fit, names that mislead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pkbench.errors import Fault
from pkbench.sizes.structured import StructuredShape
from pkbench.spec.base import IDENTIFIER
from pkbench.spec.checks.scene import Scene
from pkbench.spec.claim import CrossingClaim, PairClaim
from pkbench.spec.mixer import StructuredMixer
from pkbench.spec.model import AnyModel, shape_of
from pkbench.spec.model_parts import Stated
from pkbench.spec.nearest import nearest_configuration
from pkbench.spec.parts import Parts
from pkbench.spec.scale import AnyData, matched
from pkbench.spec.toml import Document

STRUCTURE_TOLERANCE = 0.01
"""Relative mismatch of a structured layer's connections above which a comparison at equal connections is none."""
StatedName = Literal["connections", "width"]
_TOLERANCES: dict[StatedName, float] = {"connections": 0.01, "width": 0.03}
"""Relative distance within which a stated total agrees with the recomputed one; widths are stated rounded."""

_SEARCHES = 3
"""Totals for which the nearest channels are searched for: each takes thousands of trials."""


def check_file_name(document: Document, spec_id: str, path: Path) -> Iterator[Fault]:
    """The id and the file's name should be one."""
    if spec_id != path.stem:
        what = f"`experiment.id` is {spec_id} and the file is called {path.name}"
        constraint = "results, DVC stage and MLflow experiment carry the id"
        place = document.at_value(("experiment", "id"))
        fits = re.match(IDENTIFIER, path.stem)
        remedy = f'rename one of them: id = "{path.stem}"' if fits else f"rename the file: {spec_id}.toml"
        yield Fault(place, what, constraint, remedy)


def check_unused(parts: Parts) -> Iterator[Fault]:
    """Data sets that no profile uses."""
    used = {name for profile in parts.profile.values() for name in profile.data}
    for index, data in parts.data.items():
        if data.id not in used:
            what = f"data `{data.id}` is in no profile"
            yield parts.fault(("data", index, "id"), what, "it is never trained on", "add it to a profile's data")


def check_equal_connections(scene: Scene) -> Iterator[Fault]:
    """Claims at equal connections whose models' connections differ by more than the claim allows."""
    models = {scene.models[index].id: family for index, family in scene.families.items()}
    for index, claim in scene.parts.claim.items():
        if not isinstance(claim, PairClaim | CrossingClaim) or claim.equal_connections_within is None:
            continue
        if claim.a not in models or claim.b not in models:
            continue
        count = max(len(models[claim.a]), len(models[claim.b]))
        pairs = list(zip(*(matched(models[key], count) for key in (claim.a, claim.b)), strict=True))
        for data in scene.data.values():
            if claim.data is not None and data.id not in claim.data:
                continue
            for pair in pairs:
                a, b = (shape_of(model, data.shape, data.classes).connections for model in pair)
                apart = relative_difference(a, b)
                if apart > claim.equal_connections_within:
                    what = f"claim `{claim.id}`: {pair[0].id} has {a:,} connections and {pair[1].id} {b:,} on data {data.id} at profile {scene.name}"
                    constraint = f"they differ by {apart:.1%} and the claim is about models within {claim.equal_connections_within:.1%}"
                    loc = ("claim", index, "equal_connections_within")
                    yield scene.parts.fault(loc, what, constraint, f"change sizes in [profile.{scene.name}.model.…]")


def check_structures(scene: Scene) -> Iterator[Fault]:
    """Structured Mixers whose matrices cannot have about as many connections as the Mixer they stand for."""
    for index, model in scene.members():
        if not isinstance(model, StructuredMixer):
            continue
        for data in scene.data.values():
            shape = shape_of(model, data.shape, data.classes)
            if isinstance(shape, StructuredShape) and abs(shape.mismatch) > STRUCTURE_TOLERANCE:
                what = f'`model.{model.id}` cannot match its Mixer\'s connections with structure = "{model.structure}"'
                constraint = f"a layer is off by {shape.mismatch:+.1%} on data {data.id} at profile {scene.name}"
                yield scene.parts.fault(("model", index, "structure"), what, constraint, "other S, C or gamma may fit")


def relative_difference(a: float, b: float) -> float:
    """How far apart ``a`` and ``b`` are, as a fraction of the smaller: what a claim's verdict goes by too."""
    return abs(a - b) / min(a, b)


def check_stated(scenes: Iterable[Scene]) -> Iterator[Fault]:
    """Totals the paper states that do not follow from the sizes it states; only where a profile uses these sizes."""
    seen: set[tuple[object, ...]] = set()
    searches = _SEARCHES
    for scene in scenes:
        for index, model in scene.models.items():
            if model.stated is None or model != scene.parts.model[index]:
                continue
            for data in scene.data.values():
                for name, tolerance in _TOLERANCES.items():
                    key = (index, name, _total(model, data, name))
                    if key not in seen:
                        seen.add(key)
                        for fault in _off(scene.parts, index, model.stated, data, name, tolerance):
                            searches -= 1
                            yield _with_nearest(fault, model, data, name, tolerance) if searches >= 0 else fault


def _total(model: AnyModel, data: AnyData, name: StatedName) -> int:
    return int(getattr(shape_of(model, data.shape, data.classes), name))


def _off(
    parts: Parts, index: int, stated: Stated, data: AnyData, name: StatedName, tolerance: float
) -> Iterator[Fault]:
    """A stated total that is not what the sizes give."""
    model = parts.model[index]
    value, actual = getattr(stated, name), _total(model, data, name)
    if value is None or relative_difference(value, actual) <= tolerance or rounds_to(actual, value):
        return
    what = f"`model.{model.id}` is stated to have {name} = {value:,.0f} ({stated.place})"
    constraint = f"its sizes give {actual:,}, {actual / value - 1:+.1%}"
    yield parts.fault(("model", index, "stated", name), what, constraint)


def _with_nearest(fault: Fault, model: AnyModel, data: AnyData, name: StatedName, tolerance: float) -> Fault:
    """``fault`` with the nearest channels that would give the stated total."""
    value = getattr(model.stated, name)
    nearest = nearest_configuration(model, "C", lambda changed: _total(changed, data, name), value)
    fits = nearest is not None and relative_difference(value, nearest.quantity) <= tolerance
    if nearest is None or not fits:
        return fault
    return replace(fault, remedy=f"C = {nearest.value:g} would give {nearest.quantity:,}")


def rounds_to(actual: int, stated: float) -> bool:
    """Whether ``stated`` is ``actual`` rounded to as many digits as ``stated`` has: 124,672 is 1.2e5."""
    digits = len(f"{stated:.12e}".partition("e")[0].rstrip("0").replace(".", ""))
    return float(f"{actual:.{digits - 1}e}") == stated
