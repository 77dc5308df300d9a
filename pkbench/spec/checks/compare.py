"""Checks of comparisons: the models exist, have features to compare, and are trained in one way."""

from __future__ import annotations

from collections.abc import Iterator

from pkbench.errors import Fault
from pkbench.spec.checks.scene import Scene
from pkbench.spec.model import PatchedModel
from pkbench.spec.parts import Parts
from pkbench.spec.words import no_such, plural


def check_compare(parts: Parts) -> Iterator[Fault]:
    """Faults of comparisons that no profile can change."""
    models = {model.id: model for model in parts.model.values()}
    for index, compare in parts.compare.items():
        for key in ("a", "b"):
            name = getattr(compare, key)
            loc = ("compare", index, key)
            if not parts.knows("model", name):
                yield parts.fault(loc, *no_such("model", name, parts.ids("model")))
            elif name in models and not isinstance(models[name], PatchedModel):
                what = f'comparison `{compare.id}` is about `{name}`, of kind = "{models[name].kind}"'
                yield parts.fault(loc, what, "features are those of mixing blocks, which it does not have", "")


def check_compare_at(scene: Scene) -> Iterator[Fault]:
    """Faults of comparisons at a profile: which of several trained models would be meant must not be open."""
    if not scene.parts.compare or scene.train is None:
        return
    rates = max(len(trained.train.optimizer.lr) for trained in scene.recipes() if trained.train is not None)
    if rates > 1:
        what = f"profile {scene.name} tries {plural(rates, 'learning rate')}, and the spec compares trained models"
        loc = scene.train_loc("optimizer.lr")
        yield scene.parts.fault(loc, what, "a comparison is between models trained at one", "give one lr")
    for index, compare in scene.parts.compare.items():
        if compare.a == compare.b and len(scene.train.seeds) < 2:
            what = f"comparison `{compare.id}` is between seeds of `{compare.a}`, and profile {scene.name} has one"
            yield scene.parts.fault(("compare", index, "b"), what, "it needs two seeds", "add a seed")
