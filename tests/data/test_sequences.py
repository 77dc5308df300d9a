"""Texts and recordings on their whole way to a model: width 1, and many colours."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pkbench.data.assemble import assemble
from pkbench.data.dataset import load
from pkbench.data.fetch import fetch
from pkbench.data.sources.table import read
from pkbench.data.split import split
from pkbench.data.summary import summarise
from pkbench.models.build import build
from pkbench.models.mixers import patches
from pkbench.spec.mixer import MlpMixer
from pkbench.spec.model import shape_of
from tests.data.factory import data_of, write_audio, write_text

SEQUENCES = ["text", "audio", "generated:questions", "generated:tones"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_text(tmp_path / "train.txt", 30)
    write_audio(tmp_path / "recordings.npz", 30, 12)
    return tmp_path


@pytest.mark.parametrize("source", SEQUENCES)
def test_normalisation_is_of_each_entry(source: str, folder: Path) -> None:
    spec = data_of(source, validation_count=6)
    raw = read(spec, folder)
    data = load(spec, folder, "cpu")
    count = 0 if raw.test_images is not None else spec.test_count
    rows = split(raw.train_labels, test_count=count or 0, validation_count=6, split_seed=0, data_id="made")
    height, _, colours = spec.shape
    assert data.train.images.shape == (len(rows.train), colours, height, 1)
    scaled = raw.train_images[rows.train].astype(np.float64) / 255
    np.testing.assert_allclose(data.mean, scaled.mean(axis=(0, 1, 2)), rtol=1e-12)
    std = scaled.std(axis=(0, 1, 2))
    np.testing.assert_allclose(data.std, np.where(std == 0, 1, std), rtol=1e-9)
    assert len(data.mean) == colours
    assert summarise(spec, "0" * 64, assemble(spec, folder)).shape == spec.shape


@pytest.mark.parametrize("source", SEQUENCES)
def test_a_token_of_a_mixer_is_a_word_or_a_frame(source: str, folder: Path) -> None:
    data_spec = data_of(source)
    data = load(data_spec, folder, "cpu")
    S, _, E = data_spec.shape
    model_spec = MlpMixer(
        id="m",
        kind="mlp-mixer",
        mixing="normal",
        depth=1,
        patch=1,
        S=S,
        C=5,
        gamma=2,
        bias=True,
        init="torch-linear",
        first_skip="identity",
    )
    shape = shape_of(model_spec, data_spec.shape, data.classes)
    model = build(model_spec, shape, 0)
    inputs = data.to_input(data.train.images)
    tokens = patches(inputs, 1)
    assert tokens.shape == (len(data.train), S, E)
    assert torch.equal(tokens, inputs[:, :, :, 0].transpose(1, 2))
    logits = model(inputs)
    logits.sum().backward()
    assert logits.shape == (len(data.train), data.classes)
    assert sum(parameter.numel() for parameter in model.parameters()) == shape.parameters


def test_a_spectrogram_in_one_colour_is_the_same_one(folder: Path) -> None:
    flat = read(data_of("generated:tones"), folder).train_images
    square = read(data_of("generated:tones", shape=[20, 6, 1]), folder).train_images
    assert square.shape == (30, 20, 6, 1)
    assert np.array_equal(flat[:, :, 0, :], square[:, :, :, 0])


@pytest.mark.parametrize("source", SEQUENCES)
def test_nothing_has_to_be_downloaded(source: str, folder: Path) -> None:
    assert fetch(data_of(source), folder) is False
