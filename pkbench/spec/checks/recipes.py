"""Checks of models' own recipes, and of what a profile changes of recipes and there is not."""

from __future__ import annotations

from collections.abc import Iterator

from pkbench.errors import Fault
from pkbench.spec.checks.scene import foreign_numbers, foreign_probe
from pkbench.spec.parts import Parts
from pkbench.spec.positions import Loc
from pkbench.spec.words import no_such


def check_recipes(parts: Parts) -> Iterator[Fault]:
    """Faults of recipes' names and of what profiles change in them."""
    named = [item.get("recipe") for item in parts.items("model").values()]
    used = {name for name in named if isinstance(name, str)}
    for index, model in parts.model.items():
        if model.recipe is not None and model.recipe not in parts.recipe and not parts.document.lost:
            yield parts.fault(("model", index, "recipe"), *no_such("recipe", model.recipe, tuple(parts.recipe)))
    for name, recipe in parts.recipe.items():
        if not recipe.model_fields_set:
            what = f"the recipe `{name}` is that of [train]"
            yield parts.fault(
                ("recipe", name), what, "it has something of its own", "add its [recipe.….optimizer], say"
            )
        if name not in used:
            what = f"no model is trained by the recipe `{name}`"
            yield parts.fault(("recipe", name), what, "a recipe is some model's", f'write recipe = "{name}" in a model')
    yield from _check_scales(parts)


def _check_scales(parts: Parts) -> Iterator[Fault]:
    for profile_name, profile in parts.profile.items():
        if foreign_probe(parts, profile):
            what = f"profile {profile_name} says how often runs are measured, and the spec measures nothing"
            loc: Loc = ("profile", profile_name, "train", "probe")
            yield parts.fault(loc, what, "what is measured is part of the question", "add [train.probe]")
        for name in profile.recipe:
            if name not in parts.recipe:
                loc = ("profile", profile_name, "recipe", name)
                yield parts.fault(loc, *no_such("recipe", name, tuple(parts.recipe)))
        for recipe_name in (None, *parts.recipe):
            table = ("train",) if recipe_name is None else ("recipe", recipe_name)
            for field in foreign_numbers(parts, profile, recipe_name):
                what = f"profile {profile_name} gives the optimizer {field}, which its kind does not have"
                loc = ("profile", profile_name, *table, "optimizer", field)
                yield parts.fault(loc, what, "a profile changes numbers that there are", "take it out")
