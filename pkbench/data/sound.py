"""Recordings as arrays: log-mel spectrograms, time x frequency."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.signal import get_window

from pkbench.data.raw import Images, Origin, check_memory, empty_images
from pkbench.spec.data import SoundPart

FLOOR_DB = -80.0
"""Level relative to a recording's loudest value that becomes 0; anything softer too."""


def mel_filters(bands: int, window: int, sample_rate: int) -> NDArray[np.float64]:
    """The mel filter bank: weight of each frequency of a frame in each band, float64 (bands, window // 2 + 1).

    With mel(f) = 2595 log10(1 + f/700), the edges e_0 … e_{bands+1} lie at equal distances of mel from e_0 = 0 Hz to
    half the sampling rate. Band b (from 0) is the triangle that rises from 0 at e_b to 1 at e_{b+1} and falls to 0 at
    e_{b+2}: max(0, min((f - e_b) / (e_{b+1} - e_b), (e_{b+2} - f) / (e_{b+2} - e_{b+1}))), at the frequencies
    f_k = k · sample_rate / window.
    """
    top = 2595 * np.log10(1 + sample_rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1)
    frequencies = np.arange(window // 2 + 1) * (sample_rate / window)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (frequencies - low) / (centre - low), (high - frequencies) / (high - centre)
    return np.maximum(0, np.minimum(rising, falling))


def fitted(samples: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """``samples`` cut at its end, or filled with zeros there, to (length,)."""
    result = np.zeros(length)
    kept = samples[:length]
    result[: len(kept)] = kept
    return result


def log_mel(
    samples: NDArray[np.float64], weights: NDArray[np.float64], filters: NDArray[np.float64], hop: int
) -> NDArray[np.uint8]:
    """The spectrogram of one recording, uint8 (T, bands).

    Power of the Fourier transform of each weighted frame, summed by ``filters``, in decibels relative to the
    recording's largest value, from -80 dB or less (0) linearly to 0 dB (255). Silence is 0 throughout.

    Args:
        samples: (window + (T - 1) · hop,), of any scale.
        weights: (window,), of each sample of a frame.
        filters: (bands, window // 2 + 1).
        hop: samples from frame to frame.
    """
    # On a scale of 1, no squares of finite samples overflow or vanish.
    loudest = np.abs(samples).max()
    frames = sliding_window_view(samples / (loudest or 1.0), len(weights))[::hop]
    power = np.abs(np.fft.rfft(frames * weights)) ** 2 @ filters.T
    peak = power.max()
    if peak == 0:
        return np.zeros(power.shape, dtype=np.uint8)
    level = 10 * np.log10(np.maximum(power / peak, 10 ** (FLOOR_DB / 10)))
    spectrogram: NDArray[np.uint8] = np.rint(np.clip(1 - level / FLOOR_DB, 0, 1) * 255).astype(np.uint8)
    return spectrogram


def encode(
    recordings: Iterable[NDArray[np.float64]], count: int, sample_rate: int, data: SoundPart, origin: Origin
) -> Images:
    """The log-mel spectrograms of ``recordings``, uint8 (N, T, 1, bands) or (N, T, bands, 1) as ``data.shape`` says.

    The same everywhere but for values so near the middle between two bytes that floating-point rounding, which
    depends on the machine, decides.

    Args:
        recordings: ``count`` recordings, each (any length,).
        count: N.
        sample_rate: samples a second.
        data: window, hop, bands and shape.
        origin: where the recordings come from, for the error.

    Raises:
        DataError: there are no recordings, or the arrays do not fit into memory.
    """
    images = empty_images(count, data.shape, origin)
    # Weighted frames, their transform and its power, 8 + 8 + 4 + 4 bytes a sample, of one recording at a time.
    check_memory(24 * data.shape[0] * data.window, f"{data.shape[0]} frames of {data.window} samples", origin)
    weights = get_window("hann", data.window)
    filters = mel_filters(data.bands, data.window, sample_rate)
    length = data.window + (data.shape[0] - 1) * data.hop
    for image, samples in zip(images, recordings, strict=True):
        image[...] = log_mel(fitted(samples, length), weights, filters, data.hop).reshape(data.shape)
    return images
