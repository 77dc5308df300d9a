import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pkbench.data.draws import Draws
from pkbench.data.sound import encode
from pkbench.data.sources import tones
from tests.data.factory import data_of


def test_words_are_pairs_of_syllables_in_both_orders() -> None:
    assert len(set(tones.WORDS)) == 10
    for first, second in zip(tones.WORDS[::2], tones.WORDS[1::2], strict=True):
        assert first == second[::-1]
        assert first[0] != first[1]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31 - 1), number=st.integers(0, 10**6))
def test_a_recording_depends_on_seed_and_number_alone(seed: int, number: int) -> None:
    samples = tones.recording(seed, number)
    assert samples.shape == (tones.SAMPLES,)
    assert np.isfinite(samples).all()
    assert np.array_equal(samples, tones.recording(seed, number))
    assert not np.array_equal(samples, tones.recording(seed + 1, number))


def test_tones_rise_and_fall_by_an_octave_within_their_band() -> None:
    for high, low_end, high_end in ((False, 300, 900), (True, 800, 2000)):
        for rises in (True, False):
            for number in range(20):
                samples = tones.tone(Draws("t", number), high, rises)
                assert 0.15 * 8000 - 1 <= len(samples) <= 0.22 * 8000
                phase = np.unwrap(np.angle(analytic(samples)))
                frequency = np.diff(phase) * 8000 / (2 * np.pi)
                quarter = len(samples) // 4
                start, middle, end = (frequency[k * quarter] for k in (1, 2, 3))
                assert low_end * 0.97 < middle < high_end * 1.03
                # A quarter before and a quarter after the middle lie half an octave apart.
                ratio = end / start if rises else start / end
                assert abs(ratio - 2**0.5) < 0.05
                assert np.abs(samples).max() <= 1


def analytic(samples: np.ndarray) -> np.ndarray:
    spectrum = np.fft.fft(samples)
    spectrum[len(samples) // 2 :] = 0
    return np.fft.ifft(2 * spectrum)


def test_read_encodes_them_in_turn() -> None:
    data = data_of("generated:tones")
    raw = tones.read(data)
    assert raw.train_labels.tolist() == list(range(10)) * 3
    expected = encode([tones.recording(0, number) for number in range(30)], 30, 8000, data, "made")
    assert np.array_equal(raw.train_images, expected)


def test_recordings_are_pinned_to_rounding() -> None:
    """A change of them is another GENERATOR_VERSION; the last digits are the machine's."""
    samples = tones.recording(0, 7)
    np.testing.assert_allclose(
        samples[[0, 1000, 2500, 4799]], [-0.149405781, -0.91232285, 1.21343809, 0.155112254], rtol=1e-6
    )
