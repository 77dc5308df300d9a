"""A spec at one of its profiles: the overrides applied, nothing left to look up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pkbench.spec.compare import Compare
from pkbench.spec.data import AnyData
from pkbench.spec.data_parts import DataPart
from pkbench.spec.document import ProfileName, Spec
from pkbench.spec.mixer import EXPANSION_FIELDS, TokenPart
from pkbench.spec.model import AnyModel
from pkbench.spec.model_parts import OPTIONS, axis_path
from pkbench.spec.profile import Profile, RecipeScale, TrainScale
from pkbench.spec.recipe import Recipe
from pkbench.spec.train import Train

_WHOLE = frozenset({"augment", "mix"})
"""Tables that a profile replaces whole: an operation it does not name is not done."""

_LONGEST_WORD: Final = 24
"""Letters of a text that a model is called by."""
_MOST_PARTS: Final = 4
"""Numbers of an array that a model is called by."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scaled:
    """``spec`` at ``profile_name``: the data sets, models and recipe that will really be used."""

    spec: Spec
    profile_name: ProfileName
    profile: Profile
    data: tuple[AnyData, ...]
    models: tuple[AnyModel, ...]
    """Every single model: of a family its members."""
    train: Train
    recipes: dict[str, Train]
    """The whole recipe of models that have one of their own, by its name."""
    families: dict[str, tuple[str, ...]]
    """Ids of ``models`` by the id that stands in the spec: several of a family, else its own alone."""
    compares: tuple[Compare, ...]
    """Every single comparison: between families one for each of their members."""
    compare_families: dict[str, tuple[str, ...]]
    """Ids of ``compares`` by the id that stands in the spec."""

    def train_of(self, model: AnyModel) -> Train:
        """The recipe that ``model`` is trained by; its seeds are those of :attr:`train`."""
        return self.train if model.recipe is None else self.recipes[model.recipe]

    def model(self, model_id: str) -> AnyModel:
        """The model called ``model_id``; KeyError if there is none."""
        return {model.id: model for model in self.models}[model_id]


def merged(base: dict[str, Any], override: dict[str, Any]) -> dict[str, Any]:
    """``base`` with the values of ``override`` laid over it, table by table; arrays are replaced whole."""
    result = dict(base)
    for key, value in override.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def scaled_model(model: AnyModel, profile: Profile) -> AnyModel:
    """``model`` with its sizes at ``profile``; pydantic's ValidationError where they do not fit the kind."""
    scale = profile.model.get(model.id)
    if scale is None:
        return model
    override = scale.model_dump(exclude_none=True)
    # A family over C at the spec's omega stays one at it; where S is given too, that is another omega.
    axes = set(override.get("sweep", ())) - {"C"}
    base = _without_replaced(model, set(override) | axes)
    if OPTIONS in override:
        override[OPTIONS] = merged(base[OPTIONS], override[OPTIONS])
    return type(model).model_validate(base | override)


def members(model: AnyModel) -> tuple[AnyModel, ...]:
    """The single models that ``model`` stands for: itself, or one for each place in its sweep, its lists equally long."""
    if model.sweep is None:
        return (model,)
    axes = model.sweep.axes
    base = model.model_dump() | {"sweep": None}
    found = []
    for label, *values in zip(_labels(axes), *axes.values(), strict=True):
        member = type(model).model_validate(_with(base, dict(zip(axes, values, strict=True))))
        # Not validated: that a name is too long is a fault with a place, which checks/sweeps.py finds.
        found.append(member.model_copy(update={"id": f"{model.id}-{label}"}))
    return tuple(found)


def _with(base: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """``base`` with one member's ``values`` of a sweep's axes."""
    found = dict(base)
    for axis, value in values.items():
        field, *option = axis_path(axis)
        found[field] = found[field] | {option[0]: value} if option else value
    return found


def _labels(axes: dict[str, tuple[Any, ...]]) -> list[str]:
    """What tells each member from the others: its value of the first list without repetitions, or its number."""
    for name, values in axes.items():
        labels = [label for value in values if (label := _label(value))]
        if len(set(labels)) == len(values):
            return [f"{_plain(axis_path(name)[-1])}{label}" for label in labels]
    return [str(place + 1) for place in range(max((len(values) for values in axes.values()), default=0))]


def _label(value: Any) -> str:
    """``value`` as a part of a name; empty where it is none that has one: an extension's option can be anything."""
    if isinstance(value, str | bool):
        word = _plain(str(value))
        return f"-{word}" if 0 < len(word) <= _LONGEST_WORD else ""
    if isinstance(value, list):
        parts = [_label(item).removeprefix("-") for item in value]
        return f"-{'-'.join(parts)}" if all(parts) and 0 < len(parts) <= _MOST_PARTS else ""
    if not isinstance(value, int | float):
        return ""
    return (f"{value:g}" if isinstance(value, float) else str(value)).replace("+", "")


def _plain(name: str) -> str:
    """``name`` in letters that the name of a model can have."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _without_replaced(model: AnyModel, override: set[str]) -> dict[str, Any]:
    """The values of ``model`` without those that the fields in ``override`` replace by saying the same in another way."""
    base = model.model_dump()
    if override & set(EXPANSION_FIELDS):
        base |= dict.fromkeys(set(EXPANSION_FIELDS) & base.keys())
    if isinstance(model, TokenPart):
        if override & {"S", "C", *EXPANSION_FIELDS}:
            # The spec's omega belongs to the spec's sizes.
            base["omega"] = None
        if "omega" in override and "S" not in override:
            base["S"] = None
    elif "p" in override:
        base["omega"] = None
    elif "omega" in override:
        base["p"] = None
    return base


def scaled_compare(compare: Compare, profile: Profile) -> Compare:
    """``compare`` with its mini-batches and passes at ``profile``."""
    override = profile.compare.get(compare.id)
    return compare if override is None else compare.model_copy(update=override.model_dump(exclude_none=True))


def scaled_train(train: Train, profile: Profile) -> Train:
    """``train`` with its numbers at ``profile``."""
    if profile.train is None:
        return train
    return Train.model_validate(_laid_over(train.model_dump(), profile.train))


def scaled_recipe(train: Train, recipe: Recipe, profile: Profile, name: str) -> Train:
    """``train`` at ``profile`` with what the recipe called ``name`` has of its own: whole tables of the spec's, then numbers of the profile's."""
    own = recipe.model_dump(exclude_none=True)
    result = scaled_train(train, profile).model_dump() | own
    override = profile.recipe.get(name)
    if override is not None:
        result = _laid_over(result, override)
    return Train.model_validate(result)


def _laid_over(recipe: dict[str, Any], scale: TrainScale | RecipeScale) -> dict[str, Any]:
    """``recipe`` with the numbers of ``scale``; what a profile says of augmentation is all there is of it."""
    override = scale.model_dump(exclude_none=True)
    whole = {name: override[name] for name in _WHOLE & override.keys()}
    return merged(recipe, override) | whole


def scale(spec: Spec, profile_name: ProfileName) -> Scaled:
    """``spec`` at ``profile_name``, which it must have (KeyError otherwise)."""
    profile = spec.profile[profile_name]
    by_id: dict[str, AnyData] = {data.id: data for data in spec.data}
    by_family = {model.id: members(scaled_model(model, profile)) for model in spec.model}
    families = {name: tuple(model.id for model in found) for name, found in by_family.items()}
    compares = {compare.id: compare_members(scaled_compare(compare, profile), families) for compare in spec.compare}
    return Scaled(
        spec=spec,
        profile_name=profile_name,
        profile=profile,
        data=tuple(by_id[data_id] for data_id in profile.data),
        models=tuple(model for found in by_family.values() for model in found),
        train=scaled_train(spec.train, profile),
        recipes={name: scaled_recipe(spec.train, recipe, profile, name) for name, recipe in spec.recipe.items()},
        families=families,
        compares=tuple(compare for found in compares.values() for compare in found),
        compare_families={name: tuple(compare.id for compare in found) for name, found in compares.items()},
    )


def compare_members(compare: Compare, families: dict[str, tuple[str, ...]]) -> tuple[Compare, ...]:
    """The comparisons of single models that ``compare`` stands for: member with member, or a single model with each."""
    a, b = families[compare.a], families[compare.b]
    count = max(len(a), len(b))
    if count == 1:
        return (compare,)
    return tuple(
        compare.model_copy(update={"id": f"{compare.id}-{place + 1}", "a": of_a, "b": of_b})
        for place, (of_a, of_b) in enumerate(zip(matched(a, count), matched(b, count), strict=True))
    )


def matched(family: tuple[T, ...], count: int) -> tuple[T, ...]:
    """``count`` members to put beside those of another family: a single model stands beside each."""
    return family * count if len(family) == 1 else family


__all__ = [
    "AnyData",
    "AnyModel",
    "DataPart",
    "Scaled",
    "compare_members",
    "matched",
    "members",
    "merged",
    "scale",
    "scaled_compare",
    "scaled_model",
    "scaled_recipe",
    "scaled_train",
]
