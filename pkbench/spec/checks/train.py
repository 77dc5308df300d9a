"""Checks of the recipe: by itself, at each profile, and against the profile's data sets."""

from __future__ import annotations

from collections.abc import Iterator

from pkbench.errors import Fault
from pkbench.spec.checks.data import training_images
from pkbench.spec.checks.repeats import repeated
from pkbench.spec.checks.scene import Scene
from pkbench.spec.model import PatchedModel
from pkbench.spec.parts import Parts
from pkbench.spec.scale import AnyData
from pkbench.spec.train import Sgd, Train


def check_train(parts: Parts) -> Iterator[Fault]:
    """Faults of the recipe that no profile can change."""
    train = parts.train
    if train is None:
        return
    yield from _check_mix(parts, train)
    if isinstance(train.optimizer, Sgd) and train.optimizer.nesterov and not train.optimizer.momentum:
        remedy = "write nesterov = false, or momentum = 0.9"
        loc = ("train", "optimizer", "nesterov")
        yield parts.fault(
            loc, "`train.optimizer.nesterov` is true with momentum = 0", "it needs a momentum above 0", remedy
        )


def _check_mix(parts: Parts, train: Train) -> Iterator[Fault]:
    mix = train.mix
    if mix is not None and not (mix.mixup_alpha or mix.cutmix_alpha):
        loc = ("train", "mix", "mixup_alpha")
        remedy = "give one of them, or take [train.mix] out"
        yield parts.fault(loc, "mixup_alpha and cutmix_alpha are both 0", "there is nothing to mix by", remedy)


def check_train_at(scene: Scene) -> Iterator[Fault]:
    """Faults of the recipe at a profile."""
    train = scene.train
    if train is None:
        return
    yield from repeated(scene.parts, scene.train_loc("seeds"), train.seeds, "a seed gives the same run each time")
    yield from repeated(scene.parts, scene.train_loc("optimizer.lr"), train.optimizer.lr, "each is tried once")
    yield from _check_schedule(scene, train)
    yield from _check_depth(scene, train)
    yield from _check_probe(scene, train)
    for index, data in scene.data.items():
        yield from _check_batch(scene, train, data)
        yield from _check_selection(scene, train, index, data)


def _check_schedule(scene: Scene, train: Train) -> Iterator[Fault]:
    schedule = train.schedule
    if schedule.warmup_epochs >= train.epochs:
        loc = scene.train_loc("schedule.warmup_epochs", "epochs")
        what = f"warmup_epochs is {schedule.warmup_epochs:g} and epochs {train.epochs}{scene.at(loc)}"
        yield scene.parts.fault(loc, what, "warm-up ends before the training does", "shorten it, or train longer")
    for name, value in (("final_lr", schedule.final_lr), ("warmup_lr", schedule.warmup_lr)):
        least = min(train.optimizer.lr)
        if value > least:
            loc = scene.train_loc(f"schedule.{name}", "optimizer.lr")
            what = f"{name} is {value:g} and the least lr {least:g}{scene.at(loc)}"
            yield scene.parts.fault(loc, what, "the schedule does not leave the peak upwards", f"write {name} = 0.0")


def _check_probe(scene: Scene, train: Train) -> Iterator[Fault]:
    """More measurements than there are ends of epochs to measure after."""
    if train.probe is not None and train.probe.times > train.epochs:
        loc = scene.train_loc("probe.times", "epochs")
        what = f"probe.times is {train.probe.times} and epochs {train.epochs}{scene.at(loc)}"
        remedy = f"write times = {train.epochs}, in [profile.{scene.name}.train.probe] if only this profile needs it"
        yield scene.parts.fault(loc, what, "a run is measured after whole epochs", remedy)


def _check_depth(scene: Scene, train: Train) -> Iterator[Fault]:
    """Stochastic depth drops what is added to a skip path."""
    if train.stochastic_depth is None:
        return
    for index, model in scene.models.items():
        if not isinstance(model, PatchedModel):
            what = f'`train.stochastic_depth` is {train.stochastic_depth:g}, and `model.{model.id}` is of kind = "{model.kind}"'
        elif not model.skip:
            what = f"`train.stochastic_depth` is {train.stochastic_depth:g}, and `model.{model.id}` has skip = false"
        else:
            continue
        constraint = "a block can be dropped where a skip path goes around it"
        loc = ("model", index, "kind" if not isinstance(model, PatchedModel) else "skip")
        yield scene.parts.fault(
            loc, what, constraint, "take stochastic_depth out, or give this model a spec of its own"
        )


def _check_batch(scene: Scene, train: Train, data: AnyData) -> Iterator[Fault]:
    images = training_images(data)
    if train.drop_last and images is not None and 0 < images < train.batch_size:
        loc = scene.train_loc("batch_size")
        what = f"batch_size is {train.batch_size}{scene.at(loc)}, and data {data.id} leaves {images:,} training images"
        constraint = "with drop_last = true an epoch would have no step"
        yield scene.parts.fault(loc, what, constraint, f"write at most {images}")


def _check_selection(scene: Scene, train: Train, index: int, data: AnyData) -> Iterator[Fault]:
    rates = len(train.optimizer.lr)
    if rates > 1 and train.select_lr_by == "validation-error" and data.validation_count == 0:
        what = f"`data.{data.id}.validation_count` is 0, and profile {scene.name} tries {rates} learning rates"
        constraint = 'with select_lr_by = "validation-error" images must be held out to choose among them'
        remedy = "write validation_count above 0, or give one lr"
        yield scene.parts.fault(("data", index, "validation_count"), what, constraint, remedy)
