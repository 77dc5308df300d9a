"""A profile as far as it is valid: what will be trained at it, and where in the file each value comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pkbench import widths
from pkbench.spec.checks.extensions import is_usable
from pkbench.spec.document import ProfileName
from pkbench.spec.mixer import MlpMixer, TokenPart
from pkbench.spec.model_parts import Sweep, axis_path, value_of
from pkbench.spec.other_models import SwMlp
from pkbench.spec.parts import Parts
from pkbench.spec.positions import Loc
from pkbench.spec.profile import Profile, RecipeScale, TrainScale
from pkbench.spec.scale import AnyData, AnyModel, members, scaled_model, scaled_recipe, scaled_train
from pkbench.spec.train import Train

MAX_TOKENS = 1_000_000
"""What S can be at most, as where it is given."""


@dataclass(frozen=True, slots=True)
class Scene:
    """``parts`` at the profile called ``name``: its data sets, models and recipe by their index in the file."""

    parts: Parts
    name: ProfileName
    profile: Profile
    data: dict[int, AnyData]
    models: dict[int, AnyModel]
    """Of a family its first member."""
    families: dict[int, tuple[AnyModel, ...]]
    """Every single model that each of ``models`` stands for; without families whose lists are not equally long."""
    train: Train | None
    recipe: str | None = None
    """Name of the recipe that ``train`` is of, where it is not the spec's own."""

    def recipes(self) -> Iterator[Scene]:
        """This scene with each recipe of its own and the models that are trained by it, the spec's own first."""
        names = [None, *(name for name in self.parts.recipe if foreign_numbers(self.parts, self.profile, name) == ())]
        for name in names:
            models = {index: model for index, model in self.models.items() if model.recipe == name}
            train = self.train
            if name is not None and self.parts.train is not None and train is not None:
                train = scaled_recipe(self.parts.train, self.parts.recipe[name], self.profile, name)
            yield replace(self, models=models, train=train, recipe=name)

    def members(self) -> Iterator[tuple[int, AnyModel]]:
        """Every single model with the index of its table; none of a family whose lists are not equally long."""
        for index, family in self.families.items():
            yield from ((index, member) for member in family)

    def model_loc(self, index: int, *fields: str) -> Loc:
        """Where the first of ``fields`` that the profile sets comes from, or else the first that the model sets."""
        model = self.models[index]
        own: Loc = ("profile", self.name, "model", model.id)
        for at, table in ((own, self.profile.model.get(model.id)), (("model", index), model)):
            swept = {} if table is None or table.sweep is None else table.sweep.axes
            for field in fields:
                if field in swept:
                    return (*at, "sweep", *axis_path(field))
                if table is not None and value_of(table, field) is not None:
                    return (*at, *axis_path(field))
        return ("model", index)

    def train_loc(self, *paths: str) -> Loc:
        """The same for the recipe; ``paths`` are dotted."""
        own: tuple[Loc, ...] = ()
        if self.recipe is not None:
            own = (("profile", self.name, "recipe", self.recipe), ("recipe", self.recipe))
        for table in (*own, ("profile", self.name, "train")):
            for path in paths:
                loc: Loc = (*table, *path.split("."))
                if self.parts.document.has(loc):
                    return loc
        return ("train", *paths[0].split("."))

    def at(self, *locs: Loc) -> str:
        """' at profile x' where one of ``locs`` is the profile's, or nothing: the spec's own values are no profile's."""
        return f" at profile {self.name}" if any(loc[:1] == ("profile",) for loc in locs) else ""


def scenes(parts: Parts, odd: frozenset[int]) -> list[Scene]:
    """A scene for each valid profile, without the data sets at the indices ``odd``, which have faults of their own."""
    return [_scene(parts, name, profile, odd) for name, profile in parts.profile.items()]


def _scene(parts: Parts, name: ProfileName, profile: Profile, odd: frozenset[int]) -> Scene:
    wanted = set(profile.data)
    models = {
        index: scaled_model(model, profile)
        for index, model in parts.model.items()
        if not foreign_fields(profile, model) and not foreign_axes(model) and is_usable(model)
    }
    return Scene(
        parts,
        name,
        profile,
        {index: data for index, data in parts.data.items() if data.id in wanted and index not in odd},
        models,
        {index: members(model) for index, model in models.items() if not uneven(model.sweep)},
        scaled_train(parts.train, profile)
        if parts.train is not None and not foreign_numbers(parts, profile, None) and not foreign_probe(parts, profile)
        else None,
    )


def has_sizes(model: AnyModel | TokenPart) -> bool:
    """Whether every size of ``model`` is given or follows from those that are."""
    if not isinstance(model, TokenPart):
        return not isinstance(model, SwMlp) or (model.p is None) != (model.omega is None)
    gammas = expansions(model)
    if gammas is None:
        return False
    if model.S is not None or model.omega is None:
        return model.S is not None
    return 0.5 <= widths.solve_tokens(model.C, model.omega, *gammas) <= MAX_TOKENS


def expansions(model: TokenPart) -> tuple[float, float] | None:
    """``(gamma_S, gamma_C)`` of ``model``, both 1 without hidden layers; ``None`` where the model does not say them well."""
    if isinstance(model, MlpMixer) and expansion_fault(model):
        return None
    return model.expansions or (1.0, 1.0)


def expansion_fault(model: MlpMixer) -> str:
    """What is wrong with the way ``model`` says its hidden widths; empty where nothing is."""
    for side, own in (("tokens", ("gamma_S", "D_S")), ("channels", ("gamma_C", "D_C"))):
        given = [name for name in ("gamma", *own) if getattr(model, name) is not None]
        if len(given) != 1:
            return f"the hidden width of its {side} is given by {' and '.join(given) or 'nothing'}"
    return "" if model.S is not None or model.D_S is None else "D_S is given and S is not"


def foreign_fields(profile: Profile, model: AnyModel) -> tuple[str, ...]:
    """Fields that ``profile`` gives ``model`` and that its kind does not have."""
    scale = profile.model.get(model.id)
    given = {} if scale is None else scale.model_dump(exclude_none=True)
    return tuple(name for name in (*given, *given.get("sweep", ())) if name not in type(model).model_fields)


def foreign_numbers(parts: Parts, profile: Profile, recipe: str | None) -> tuple[str, ...]:
    """Numbers that ``profile`` gives the optimizer of the spec, or of its ``recipe``, and that its kind does not have."""
    optimizer = parts.train.optimizer if parts.train is not None else None
    scale: TrainScale | RecipeScale | None = profile.train
    if recipe is not None:
        optimizer = parts.recipe[recipe].optimizer or optimizer
        scale = profile.recipe.get(recipe)
    given = {} if scale is None or scale.optimizer is None else scale.optimizer.model_dump(exclude_none=True)
    return tuple(name for name in given if optimizer is not None and name not in type(optimizer).model_fields)


def foreign_probe(parts: Parts, profile: Profile) -> bool:
    """Whether ``profile`` says how often a run is measured, and the spec measures nothing."""
    scale = profile.train
    return scale is not None and scale.probe is not None and parts.train is not None and parts.train.probe is None


def foreign_axes(model: AnyModel) -> tuple[str, ...]:
    """Lists of the sweep of ``model`` whose field its kind does not have."""
    axes = {} if model.sweep is None else model.sweep.axes
    return tuple(name for name in axes if axis_path(name)[0] not in type(model).model_fields)


def uneven(sweep: Sweep | None) -> bool:
    """Whether the lists of ``sweep`` are not equally long, or there are none."""
    return sweep is not None and len({len(values) for values in sweep.axes.values()}) != 1
