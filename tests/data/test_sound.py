import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from pkbench.data.sound import encode, fitted, log_mel, mel_filters
from pkbench.errors import DataError
from pkbench.spec.data import AudioData
from tests.data.factory import data_of


def sound(**fields: object) -> AudioData:
    data = data_of("audio", **fields)
    assert isinstance(data, AudioData)
    return data


def slow_filters(bands: int, window: int, rate: int) -> np.ndarray:
    """The triangles one by one, each interpolated between its three corners."""
    mel = [k * 2595 * np.log10(1 + rate / 2 / 700) / (bands + 1) for k in range(bands + 2)]
    edges = [700 * (10 ** (m / 2595) - 1) for m in mel]
    return np.array(
        [
            [np.interp(k * rate / window, edges[b : b + 3], [0, 1, 0], left=0, right=0) for k in range(window // 2 + 1)]
            for b in range(bands)
        ]
    )


def slow_spectrogram(samples: list[float], window: int, hop: int, T: int, bands: int, rate: int) -> np.ndarray:
    """Decibels relative to the largest value, float64 (T, bands), from an explicit Fourier matrix."""
    length = window + (T - 1) * hop
    x = np.array((samples + [0.0] * length)[:length])
    hann = np.array([0.5 - 0.5 * np.cos(2 * np.pi * n / window) for n in range(window)])
    F = np.array([[np.exp(-2j * np.pi * k * n / window) for n in range(window)] for k in range(window // 2 + 1)])
    frames = [np.abs(F @ (hann * x[t * hop : t * hop + window])) ** 2 for t in range(T)]
    power = np.array([slow_filters(bands, window, rate) @ frame for frame in frames])
    return 10 * np.log10(np.maximum(power / power.max(), 1e-8))


@pytest.mark.parametrize(("bands", "window", "rate"), [(6, 64, 8000), (1, 16, 8000), (40, 512, 16_000), (5, 33, 100)])
def test_mel_filters_are_the_triangles(bands: int, window: int, rate: int) -> None:
    assert_allclose(mel_filters(bands, window, rate), slow_filters(bands, window, rate), atol=1e-12)


def test_triangles_of_neighbours_sum_to_one_between_the_outer_centres() -> None:
    filters = mel_filters(20, 1024, 8000)
    inner = slice(int(filters[0].argmax()) + 1, int(filters[-1].argmax()))
    assert_allclose(filters[:, inner].sum(axis=0), 1)


@settings(max_examples=40, deadline=None)
@given(
    samples=st.lists(st.floats(-3e4, 3e4, width=16), min_size=1, max_size=120).filter(lambda x: max(map(abs, x)) > 0.1),
    T=st.integers(1, 5),
    layout=st.booleans(),
)
def test_spectrograms_are_the_slow_ones(samples: list[float], T: int, layout: bool) -> None:
    shape = [T, 1, 6] if layout else [T, 6, 1]
    data = sound(shape=shape, window=32, hop=16)
    image = encode([np.array(samples)], 1, 8000, data, "made")[0]
    assert image.shape == tuple(shape)
    used = samples[: 32 + 16 * (T - 1)]
    # The very first sample of a frame has weight 0 under Hann's window: alone it is silence.
    if max(map(abs, used[1:]), default=0) < 1e-3:
        return
    expected = 255 * (1 + slow_spectrogram(samples, 32, 16, T, 6, 8000) / 80)
    assert np.abs(image.reshape(T, 6) - expected).max() <= 0.5 + 1e-6


def test_a_tone_is_in_its_band_and_its_frames() -> None:
    rate, filters = 8000, mel_filters(16, 256, 8000)
    time = np.arange(2048) / rate
    tone = np.where(time > 0.128, np.sin(2 * np.pi * 1000 * time), 0)
    data = sound(shape=[15, 1, 16], window=256, hop=128, bands=16)
    image = encode([tone], 1, rate, data, "made")[0, :, 0]
    assert (image[9:].argmax(axis=1) == filters[:, 32].argmax()).all()
    assert image[:6].max() == 0
    assert image.max() == 255


@pytest.mark.parametrize("scale", [1e-300, 1e-3, 7.0, 1e300])
def test_loudness_and_sign_do_not_count(scale: float) -> None:
    samples = np.random.default_rng(0).normal(size=300)
    data = sound(shape=[5, 1, 6])
    first, other = encode([samples, -scale * samples], 2, 8000, data, "made").astype(int)
    assert np.abs(first - other).max() <= 1


@pytest.mark.parametrize("samples", [[0.0] * 50, [0.0], [5.0] + [0.0] * 300])
def test_silence_is_zero(samples: list[float]) -> None:
    assert encode([np.array(samples)], 1, 8000, sound(shape=[5, 1, 6], hop=64), "made").max() == 0


def test_recordings_are_cut_or_filled_at_their_end() -> None:
    assert fitted(np.arange(1.0, 4), 5).tolist() == [1, 2, 3, 0, 0]
    assert fitted(np.arange(1.0, 4), 2).tolist() == [1, 2]
    data = sound(shape=[3, 1, 6])
    samples = np.random.default_rng(0).normal(size=64 + 2 * 32 + 50)
    whole, cut = encode([samples, samples[: 64 + 2 * 32]], 2, 8000, data, "made")
    assert np.array_equal(whole, cut)


def test_levels_below_the_floor_are_zero() -> None:
    filters = np.eye(3)
    samples = np.concatenate([np.full(4, 1.0), np.full(4, 1e-5)])
    levels = log_mel(samples, np.ones(4), filters, 4)
    assert levels.tolist() == [[255, 0, 0], [0, 0, 0]]
    half = log_mel(np.concatenate([np.full(4, 1.0), np.full(4, 1e-2)]), np.ones(4), filters, 4)
    assert half[1, 0] == round(255 / 2)


def test_frames_that_fit_into_no_memory_are_an_error() -> None:
    data = sound(shape=[900_000, 1, 6], window=65_536, hop=65_536)
    with pytest.raises(DataError, match="made: 900000 frames of 65536 samples need"):
        encode([np.ones(3)], 1, 8000, data, "made")
