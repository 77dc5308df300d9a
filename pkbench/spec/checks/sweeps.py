"""Checks of sweeps: lists of one length, of fields that the kind of model has, and members that have names of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pkbench.errors import Fault
from pkbench.spec.base import IDENTIFIER
from pkbench.spec.checks.scene import Scene, foreign_axes, uneven
from pkbench.spec.model import AnyModel
from pkbench.spec.model_parts import Sweep
from pkbench.spec.parts import Parts
from pkbench.spec.positions import Loc
from pkbench.spec.profile import ModelScale
from pkbench.spec.scale import members


def check_sweeps(parts: Parts) -> Iterator[Fault]:
    """Faults of the sweeps of the spec and of its profiles."""
    for index, model in parts.model.items():
        loc: Loc = ("model", index, "sweep")
        for name in foreign_axes(model):
            what = f"`model.{model.id}` sweeps over {name}"
            yield parts.fault((*loc, name), what, f'kind = "{model.kind}" has no {name}', "take it out")
        if model.sweep is not None:
            yield from _check_lists(parts, loc, model.id, model.sweep)
            yield from _check_twice(parts, loc, ("model", index), model)
    for name, profile in parts.profile.items():
        for model_id, scale in profile.model.items():
            at: Loc = ("profile", name, "model", model_id)
            if scale.sweep is not None:
                yield from _check_lists(parts, (*at, "sweep"), model_id, scale.sweep)
            yield from _check_scale(parts, at, model_id, scale)


def check_sweeps_at(scene: Scene) -> Iterator[Fault]:
    """Faults of the members' names at a profile."""
    parts = scene.parts
    taken = {model.id for model in parts.model.values()}
    for index, model in scene.models.items():
        if model.sweep is None or uneven(model.sweep):
            continue
        for member in members(model):
            loc = scene.model_loc(index, *model.sweep.axes)
            if not re.match(IDENTIFIER, member.id):
                what = f"a member of the family `{model.id}` would be called `{member.id}`"
                yield parts.fault(loc, what, "a name has at most 63 characters", "give the family a shorter id")
            elif member.id in taken:
                what = f"a member of the family `{model.id}` would be called `{member.id}`, as another model is"
                yield parts.fault(loc, what, "each name stands for one thing", "rename one of them")
            taken.add(member.id)


def _check_lists(parts: Parts, loc: Loc, model_id: str, sweep: Sweep) -> Iterator[Fault]:
    if not sweep.axes:
        yield parts.fault(
            loc, f"the sweep of `model.{model_id}` is empty", "it varies something", "write C = [16, 32], say"
        )
    elif uneven(sweep):
        lengths = ", ".join(f"{name} has {len(values)}" for name, values in sweep.axes.items())
        constraint = "the first member has the first of each list, and so on: all are equally long"
        yield parts.fault(loc, f"the lists of `model.{model_id}` differ in length: {lengths}", constraint, "")


def _check_twice(parts: Parts, loc: Loc, own: Loc, model: AnyModel) -> Iterator[Fault]:
    """A field that the spec gives beside its list."""
    for name in model.sweep.axes if model.sweep else ():
        if parts.document.has((*own, name)):
            what = f"`model.{model.id}` gives {name} and sweeps over it"
            yield parts.fault((*loc, name), what, "each size is said once", f"take {name} out of one of them")


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
    swept = (scale.sweep or model.sweep or Sweep()).axes
    for name in swept:
        if getattr(scale, name) is not None:
            what = f"profile {at[1]} gives `model.{model_id}` one {name}, and it sweeps over it"
            yield parts.fault((*at, name), what, "each size is said once", "write it in the profile's sweep")
