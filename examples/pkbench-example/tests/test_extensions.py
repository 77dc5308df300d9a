"""What a package of extensions can test without pkbench's command: that its model is as large as it says, its data the same each time."""

from pathlib import Path

import numpy as np
import pytest
import torch
from pkbench_example.conv_mixer import ConvMixerExtension, ConvMixerOptions
from pkbench_example.sign_test import SignTestExtension, SignTestOptions
from pkbench_example.stripes import StripesExtension, StripesOptions

IMAGE, CLASSES = (8, 12, 3), 5
OPTIONS = ConvMixerOptions(channels=6, depth=2, patch=2, kernel=5)


def test_connections_are_the_non_zero_entries_of_the_matrices() -> None:
    extension = ConvMixerExtension()
    shape, model = extension.shape(OPTIONS, IMAGE, CLASSES), extension.build(OPTIONS, IMAGE, CLASSES, 0)
    assert shape.parameters == sum(parameter.numel() for parameter in model.parameters())
    x = torch.zeros(1, 6, 4, 6)
    for layer, expected in ((model.spatial[0][0], 6 * 14 * 24), (model.pointwise[0][0], 24 * 36)):
        matrix = torch.autograd.functional.jacobian(layer, x)
        assert int((matrix != 0).sum()) == expected
    assert shape.block_connections == 2 * (6 * 14 * 24 + 24 * 36)
    assert shape.connections == shape.block_connections + 24 * 6 * 12


@pytest.mark.parametrize(("change", "told"), [({"patch": 5}, "does not divide"), ({"kernel": 4}, "is even")])
def test_models_that_are_none(change: dict[str, int], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        ConvMixerExtension().shape(OPTIONS.model_copy(update=change), IMAGE, CLASSES)


def test_the_sign_test_by_hand() -> None:
    a, b = {"a": {0: 1.0, 1: 2.0, 2: 3.0, 3: 9.0}}, {"b": {0: 2.0, 1: 4.0, 2: 3.5, 3: 8.0}}
    found = SignTestExtension().assess(SignTestOptions(better="lower"), a, b, 0.0, 0.05)
    assert (found.effect, found.p_for, found.p_against) == (-0.75, 5 / 16, 15 / 16)
    turned = SignTestExtension().assess(SignTestOptions(better="higher"), a, b, 0.0, 0.05)
    assert (turned.p_for, turned.p_against) == (found.p_against, found.p_for)
    beyond = SignTestExtension().assess(SignTestOptions(better="lower"), a, b, 1.0, 0.05)
    assert (beyond.p_for, beyond.p_against) == (7 / 8, 1 / 2)


def test_stripes_are_the_same_each_time() -> None:
    options = StripesOptions(count=20, size=8, noise=0.5, seed=3)
    first, again = (StripesExtension().read(options, Path()) for _ in range(2))
    assert np.array_equal(first.train_images, again.train_images)
    other = StripesExtension().read(options.model_copy(update={"seed": 4}), Path())
    assert not np.array_equal(first.train_images, other.train_images)
    assert first.train_images.shape == (20, 8, 8, 1)
    assert np.bincount(first.train_labels).tolist() == [5, 5, 5, 5]
