"""Checks of comparisons: the models exist, have features to compare, are trained in one way, and there are images enough."""

from __future__ import annotations

from collections.abc import Iterator

from pkbench.errors import Fault
from pkbench.spec.checks.data import test_images
from pkbench.spec.checks.scene import Scene
from pkbench.spec.model import PatchedModel
from pkbench.spec.parts import Parts
from pkbench.spec.positions import Loc
from pkbench.spec.scale import scaled_compare
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
    for profile_name, profile in parts.profile.items():
        for name in profile.compare:
            if not parts.knows("compare", name):
                at: Loc = ("profile", profile_name, "compare", name)
                yield parts.fault(at, *no_such("comparison", name, parts.ids("compare")))


def check_compare_at(scene: Scene) -> Iterator[Fault]:
    """Faults of comparisons at a profile: which trained models are meant must not be open, nor whether there are images."""
    yield from _check_batches(scene)
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


def _check_batches(scene: Scene) -> Iterator[Fault]:
    """Mini-batches larger than a test part: there would be none."""
    for index, compare in scene.parts.compare.items():
        batch = scaled_compare(compare, scene.profile).batch
        loc: Loc = ("profile", scene.name, "compare", compare.id, "batch")
        if not scene.parts.document.has(loc):
            loc = ("compare", index, "batch")
        for data in scene.data.values():
            images = test_images(data)
            if images is not None and images < batch:
                what = f"comparison `{compare.id}` takes batches of {batch} images{scene.at(loc)}, and data {data.id} has {images} test images"
                remedy = f"write at most {images}, in [profile.{scene.name}.compare.{compare.id}] if only this profile needs it"
                yield scene.parts.fault(loc, what, "the last, smaller batch is left out: none would be left", remedy)
