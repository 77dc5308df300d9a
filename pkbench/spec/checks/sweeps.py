"""Checks of sweeps: lists of one length, of fields that the kind of model has, and members that have names of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pkbench.errors import Fault
from pkbench.spec.base import IDENTIFIER
from pkbench.spec.checks.extensions import is_usable
from pkbench.spec.checks.models import model_faults
from pkbench.spec.checks.scene import Scene, foreign_axes, foreign_fields, uneven
from pkbench.spec.extension import ExtensionModel
from pkbench.spec.model import AnyModel
from pkbench.spec.model_parts import OPTIONS, Sweep, axis_path, value_of
from pkbench.spec.parts import Parts
from pkbench.spec.positions import Loc
from pkbench.spec.profile import ModelScale
from pkbench.spec.scale import members, scaled_model
from pkbench.spec.syntax import shorten
from pkbench.spec.words import written

_LONGEST = 1000
"""As of the lists of pkbench's own fields."""


def check_sweeps(parts: Parts) -> Iterator[Fault]:
    """Faults of the sweeps of the spec and of its profiles."""
    for index, model in parts.model.items():
        loc: Loc = ("model", index, "sweep")
        for name in foreign_axes(model):
            what = f"`model.{model.id}` sweeps over {name}"
            yield parts.fault((*loc, *axis_path(name)), what, f'kind = "{model.kind}" has no {name}', "take it out")
        if model.sweep is not None:
            yield from _check_lists(parts, loc, model.id, model.sweep)
            yield from _check_twice(parts, loc, ("model", index), model)
            yield from _check_others(parts, loc, model)
    for index, row in parts.reported.items():
        if any(model.id == row.row and model.sweep is not None for model in parts.model.values()):
            what = f"a number is reported for the family `{row.row}`"
            yield parts.fault(
                ("reported", index, "row"), what, "it is one single model's", "name a model without a sweep"
            )
    for name, profile in parts.profile.items():
        for model_id, scale in profile.model.items():
            at: Loc = ("profile", name, "model", model_id)
            if scale.sweep is not None:
                yield from _check_lists(parts, (*at, "sweep"), model_id, scale.sweep)
            yield from _check_scale(parts, at, model_id, scale)


def check_sweeps_at(scene: Scene) -> Iterator[Fault]:
    """Faults of the names that members of families, and comparisons of them, get at a profile."""
    parts = scene.parts
    taken = {model.id for model in parts.model.values()}
    for index, model in scene.models.items():
        if model.sweep is not None and not uneven(model.sweep):
            loc = scene.model_loc(index, *model.sweep.axes)
            yield from _check_equal(parts, loc, scene.families[index])
            yield from _check_names(parts, loc, f"family `{model.id}`", [m.id for m in scene.families[index]], taken)
    families = {scene.models[index].id: family for index, family in scene.families.items()}
    taken = {compare.id for compare in parts.compare.values()}
    for index, compare in parts.compare.items():
        count = max(len(families.get(name, ())) for name in (compare.a, compare.b))
        if count > 1:
            loc = ("compare", index, "id")
            names = [f"{compare.id}-{place + 1}" for place in range(count)]
            yield from _check_names(parts, loc, f"comparison `{compare.id}`", names, taken)


def _check_equal(parts: Parts, loc: Loc, family: Sequence[AnyModel]) -> Iterator[Fault]:
    """Members that are one model: the same runs would stand for both."""
    seen: dict[str, str] = {}
    for member in family:
        twin = seen.setdefault(repr(member.model_dump(exclude={"id"})), member.id)
        if twin != member.id:
            what = f"`{twin}` and `{member.id}` are the same model"
            yield parts.fault(loc, what, "each member of a family differs from all others", "take one of them out")
            return


def _check_names(parts: Parts, loc: Loc, of: str, names: Sequence[str], taken: set[str]) -> Iterator[Fault]:
    """Faults of the ``names`` of single models or comparisons; they are added to those ``taken``."""
    for name in names:
        what = f"a member of the {of} would be called `{name}`"
        if not re.match(IDENTIFIER, name):
            yield parts.fault(loc, what, "a name has at most 63 characters", "choose a shorter id")
        elif name in taken:
            yield parts.fault(loc, f"{what}, as another is", "each name stands for one thing", "rename one of them")
        taken.add(name)


def _check_others(parts: Parts, loc: Loc, model: AnyModel) -> Iterator[Fault]:
    """Sizes of the members after the first that do not fit each other; the first stands for all in other checks."""
    if uneven(model.sweep) or foreign_axes(model):
        return
    first, *others = members(model)
    known = {(fault.place, fault.constraint) for fault in model_faults(parts, loc[:-1], first)}
    for member in others:
        for fault in model_faults(parts, loc[:-1], member):
            # What is wrong with all of them is said once, and what no field of the table says is the sweep's.
            if (fault.place, fault.constraint) not in known:
                is_swept = fault.place == parts.document.at_value(loc[:-1])
                yield replace(fault, place=parts.document.at_value(loc)) if is_swept else fault


def _check_lists(parts: Parts, loc: Loc, model_id: str, sweep: Sweep) -> Iterator[Fault]:
    odd = [name for name, values in (sweep.options or {}).items() if not _is_list(values)]
    for name in odd:
        what = f"`model.{model_id}` sweeps over the option {shorten(name)}, which is {written((sweep.options or {})[name])}"
        constraint = f"it needs an array of 1 to {_LONGEST} values, one for each member"
        yield parts.fault((*loc, OPTIONS, name), what, constraint, "write [1, 2, 4], say")
    if odd:
        return
    if not sweep.axes:
        of_options = any(isinstance(model, ExtensionModel) and model.id == model_id for model in parts.model.values())
        remedy = "write options = { NAME = [1, 2] }, say" if of_options else "write C = [16, 32], say"
        yield parts.fault(loc, f"the sweep of `model.{model_id}` is empty", "it varies something", remedy)
    elif uneven(sweep):
        lengths = ", ".join(f"{name} has {len(values)}" for name, values in sweep.axes.items())
        constraint = "the first member has the first of each list, and so on: all are equally long"
        yield parts.fault(loc, f"the lists of `model.{model_id}` differ in length: {lengths}", constraint, "")


def _is_list(values: object) -> bool:
    return isinstance(values, list) and 1 <= len(values) <= _LONGEST


def _check_twice(parts: Parts, loc: Loc, own: Loc, model: AnyModel) -> Iterator[Fault]:
    """A field that the spec gives beside its list."""
    for name in model.sweep.axes if model.sweep else ():
        if parts.document.has((*own, *axis_path(name))):
            what = f"`model.{model.id}` gives {name} and sweeps over it"
            yield parts.fault(
                (*loc, *axis_path(name)), what, "each size is said once", f"take {name} out of one of them"
            )


def _check_scale(parts: Parts, at: Loc, model_id: str, scale: ModelScale) -> Iterator[Fault]:
    """A size that a profile gives and a sweep varies, or a profile's sweep of what is a single model."""
    model = next((model for model in parts.model.values() if model.id == model_id), None)
    if model is None:
        return
    if scale.sweep is not None and model.sweep is None:
        what = f"profile {at[1]} sweeps over `model.{model_id}`, a single model"
        remedy = "add a sweep to the model, or give one value here"
        yield parts.fault((*at, "sweep"), what, "a profile changes scale, never the question", remedy)
        return
    yield from _check_dropped(parts, at, model, scale)
    swept = (scale.sweep or model.sweep or Sweep()).axes
    for name in swept:
        if value_of(scale, name) is not None:
            what = f"profile {at[1]} gives `model.{model_id}` one {name}, and it sweeps over it"
            yield parts.fault(
                (*at, *axis_path(name)), what, "each size is said once", "write it in the profile's sweep"
            )


def _check_dropped(parts: Parts, at: Loc, model: AnyModel, scale: ModelScale) -> Iterator[Fault]:
    """A size that the spec's sweep gives and the one in its place does not, nor anything that says the same."""
    profile = parts.profile[at[1]]  # type: ignore[index]
    if not scale.sweep or not scale.sweep.axes or not model.sweep or foreign_axes(model):
        return
    if foreign_fields(profile, model) or not is_usable(model):
        return
    scaled = scaled_model(model, profile)
    for name in model.sweep.axes:
        if name not in scale.sweep.axes and value_of(scale, name) is None and value_of(scaled, name) is not None:
            what = f"profile {at[1]} gives `model.{model.id}` a sweep without {name}"
            remedy = f"add {name} to it, or give the one {name} of all members"
            yield parts.fault(
                (*at, "sweep"), what, f"the spec's sweep gives {name}, and this one stands in its place", remedy
            )
