"""The ImageNet recipe from files to records: a folder of images, every optional part of the recipe, two sessions."""

from pathlib import Path

import numpy as np
from PIL import Image

from pkbench.execute.events import EpochEnded
from pkbench.execute.prepare import Selection
from tests.execute.test_session import Watched, essences, records
from tests.small import write_small

IMAGES = 40
DATA = (
    'source = "digits"\nshape = [8, 8, 1]\nclasses = 10\ntest_count = 300\nvalidation_count = 100',
    'source = "imagefolder"\ntrain_path = "../images"\nshape = [8, 8, 3]\nclasses = 2\ntest_count = 10\nvalidation_count = 6',
)
RECIPE = (
    DATA,
    ("batch_size = 128", "batch_size = 8\nclip_norm = 1.0\nstochastic_depth = 0.1"),
    ("label_smoothing = 0.0", "label_smoothing = 0.1"),
    ("weight_decay = 0.01", "weight_decay = 0.05"),
    ("warmup_epochs = 0", "warmup_epochs = 1"),
    ("warmup_lr = 0.0", "warmup_lr = 1e-6"),
    ("final_lr = 0.0", "final_lr = 1e-5"),
    (
        'flip = false\npolicy = "none"\n',
        """flip = true
policy = "randaugment"

[train.augment.resized_crop]
area = [0.5, 1.0]
ratio = [0.75, 1.3333333333333333]

[train.augment.randaugment]
num_ops = 2
probability = 0.5
magnitude = 9
magnitude_std = 0.5
magnitude_max = 10
increasing = true

[train.augment.erasing]
probability = 0.25
area = [0.02, 0.3333333333333333]
ratio = [0.3, 3.3333333333333335]
fill = "normal"

[train.mix]
mixup_alpha = 0.8
cutmix_alpha = 1.0
switch_probability = 0.5
probability = 1.0
""",
    ),
)


def made(folder: Path) -> Path:
    """The spec, beside 40 images in two classes: dark and bright."""
    noise = np.random.default_rng(0)
    for number in range(IMAGES):
        low, name = (0, "dark") if number % 2 else (150, "bright")
        pixels = noise.integers(low, low + 100, (8, 8, 3), dtype=np.uint8)
        path = folder / "images" / name / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return write_small(folder, *RECIPE)


def test_it_finishes_and_is_deterministic(tmp_path: Path) -> None:
    first, second = made(tmp_path / "a"), made(tmp_path / "b")
    Watched().run(first, selection=Selection(only=("*/0",)))
    Watched().run(second, selection=Selection(only=("*/0",)))
    assert len(essences(first)) == 2
    assert essences(first) == essences(second)
    for record in records(first).values():
        assert record.status == "finished"
        assert record.data is not None
        assert (record.data.train, record.data.validation, record.data.test) == (24, 6, 10)
        assert record.config["train"]["augment"]["randaugment"]["magnitude"] == 9
        assert record.config["train"]["mix"]["cutmix_alpha"] == 1.0
        assert record.config["train"]["stochastic_depth"] == 0.1


def test_a_stopped_session_ends_where_a_whole_one_does(tmp_path: Path) -> None:
    whole, stopped = made(tmp_path / "a"), made(tmp_path / "b")
    selection = Selection(only=("narrow/0",))
    Watched().run(whole, selection=selection)
    watched = Watched()

    def on_event(event: object) -> None:
        # The stop is noticed after the next step: in the middle of the second epoch.
        watched.stop = watched.stop or isinstance(event, EpochEnded)

    watched.on_event = on_event
    watched.run(stopped, selection=selection)
    assert len(watched.ended("interrupted")) == 1
    Watched().run(stopped, selection=selection)
    assert essences(stopped) == essences(whole)
    (record,) = records(stopped).values()
    assert record.resumed_after == (1,)
