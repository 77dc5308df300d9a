"""Checks of augmentations: by themselves, and against what the images of a profile's data sets are."""

from __future__ import annotations

from collections.abc import Iterator

from pkbench.errors import Fault
from pkbench.spec.checks.scene import Scene
from pkbench.spec.data import SoundPart, WordsPart
from pkbench.spec.data_parts import DataPart
from pkbench.spec.parts import Parts
from pkbench.spec.scale import AnyData
from pkbench.spec.train import Augment


def check_augment(parts: Parts) -> Iterator[Fault]:
    """RandAugment's table stands beside its policy; at a profile with another policy it may be left over."""
    if parts.train is None:
        return
    augment = parts.train.augment
    if augment.randaugment is not None and augment.policy != "randaugment":
        what = f'there is a table `train.augment.randaugment`, and policy is "{augment.policy}"'
        loc = ("train", "augment", "randaugment")
        yield parts.fault(loc, what, 'it is for policy = "randaugment"', "take it out, or change the policy")


def check_augment_at(scene: Scene) -> Iterator[Fault]:
    """Faults of the augmentation at a profile."""
    if scene.train is None:
        return
    augment = scene.train.augment
    yield from _check_ranges(scene, augment)
    for data in scene.data.values():
        found = list(_check_images(scene, augment, data))
        yield from found
        if isinstance(data, SoundPart | WordsPart):
            # What cannot be done to these images need not be said to make no sense either.
            places = {fault.place for fault in found}
            yield from (fault for fault in _check_sequence(scene, augment, data) if fault.place not in places)


def _check_ranges(scene: Scene, augment: Augment) -> Iterator[Fault]:
    """What the augmentation's own tables can get wrong."""
    if augment.policy == "randaugment":
        if augment.randaugment is None:
            loc = scene.train_loc("augment.policy")
            what = f'policy is "randaugment"{scene.at(loc)} without its table'
            yield scene.parts.fault(loc, what, "its numbers have no default", "add [train.augment.randaugment]")
        elif augment.randaugment.magnitude > augment.randaugment.magnitude_max:
            loc = scene.train_loc("augment.randaugment.magnitude", "augment.randaugment.magnitude_max")
            what = f"magnitude is {augment.randaugment.magnitude:g}{scene.at(loc)}"
            constraint = f"no strength is above magnitude_max = {augment.randaugment.magnitude_max:g}"
            yield scene.parts.fault(loc, what, constraint, "lower it, or raise magnitude_max")
    for name, table in (("resized_crop", augment.resized_crop), ("erasing", augment.erasing)):
        if table is None:
            continue
        for field, (least, greatest) in (("area", table.area), ("ratio", table.ratio)):
            if least > greatest:
                loc = scene.train_loc(f"augment.{name}.{field}")
                what = f"`augment.{name}.{field}` is from {least:g} to {greatest:g}{scene.at(loc)}"
                yield scene.parts.fault(
                    loc, what, "the least comes before the greatest", f"write [{greatest:g}, {least:g}]"
                )


def _check_images(scene: Scene, augment: Augment, data: AnyData) -> Iterator[Fault]:
    height, width, colours = data.shape
    if augment.policy == "autoaugment-cifar10" and colours != 3:
        loc = scene.train_loc("augment.policy")
        what = (
            f'policy is "{augment.policy}"{scene.at(loc)}, and data {data.id} has {colours} colour{"s"[: colours != 1]}'
        )
        yield scene.parts.fault(loc, what, "the policy is made for 3 colours", _elsewhere('policy = "none"'))
    if augment.policy == "randaugment" and colours not in (1, 3):
        loc = scene.train_loc("augment.policy")
        what = f'policy is "{augment.policy}"{scene.at(loc)}, and data {data.id} has {colours} colours'
        yield scene.parts.fault(loc, what, "the policy is made for 1 or 3 colours", _elsewhere('policy = "none"'))
    if augment.crop_padding >= min(height, width):
        loc = scene.train_loc("augment.crop_padding")
        what = f"crop_padding is {augment.crop_padding}{scene.at(loc)}, and images of data {data.id} are {height} x {width}"
        yield scene.parts.fault(loc, what, "a crop could show nothing but padding", _elsewhere("crop_padding = 0"))


def _check_sequence(scene: Scene, augment: Augment, data: SoundPart | WordsPart) -> Iterator[Fault]:
    """Changes made for photographs, of texts and recordings: meant only where the spec says why.

    Erased words, frames or bands, and mixed examples, are as usual there as with images.
    """
    steps, width, _ = data.shape
    texts = isinstance(data, WordsPart)
    if width == 1 and augment.flip:
        loc = scene.train_loc("augment.flip")
        what = f"flip is true{scene.at(loc)}, and data {data.id} is {'texts' if texts else 'recordings'} of shape {steps} x 1"
        yield scene.parts.fault(loc, what, "there is nothing to mirror", _elsewhere("flip = false"))
    padding = augment.crop_padding
    odd = {
        "flip": (augment.flip and width > 1, "false", "a recording's mirror image has its frequencies reversed"),
        "crop_padding": (padding > 0, "0", f"a crop moves a recording by up to {padding} frames and frequency bands"),
        "policy": (augment.policy != "none", '"none"', "the policy's operations turn and recolour photographs"),
        "resized_crop": (
            augment.resized_crop is not None,
            "",
            f"a resized crop stretches {'a text' if texts else 'time' if width == 1 else 'time and pitch'}",
        ),
    }
    for name, (is_on, off, constraint) in odd.items():
        if is_on:
            yield from _unexplained(scene, data, name, off, constraint)


def _unexplained(scene: Scene, data: DataPart, name: str, off: str, constraint: str) -> Iterator[Fault]:
    """A fault of the augmentation ``name``, unless the assumption of its very value says why it is wanted."""
    loc = scene.train_loc(f"augment.{name}")
    path = ".".join(str(part) for part in loc)
    if path in scene.parts.assumption:
        return
    what = f"`augment.{name}` is in use{scene.at(loc)}, and data {data.id} is no photographs"
    switch = _elsewhere(f"{name} = {off}") if off else f"take {name} out"
    yield scene.parts.fault(loc, what, constraint, f'{switch}; or say why under [assumption]: "{path}" = "…"')


def _elsewhere(value: str) -> str:
    return f"write {value}, in [profile.<name>.train.augment] if only one profile needs it"
