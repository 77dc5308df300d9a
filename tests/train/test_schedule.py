import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkbench.spec.train import Cosine
from pkbench.train.schedule import learning_rate


def cosine(warmup_epochs: float = 0.0, warmup_lr: float = 0.0, final_lr: float = 0.0) -> Cosine:
    return Cosine(kind="cosine", warmup_epochs=warmup_epochs, warmup_lr=warmup_lr, final_lr=final_lr)


def test_half_a_cosine_without_warmup() -> None:
    rates = [learning_rate(cosine(), 0.1, step, 2, 2) for step in range(4)]
    expected = [0.1, 0.1 * (1 + math.cos(math.pi / 4)) / 2, 0.05, 0.1 * (1 + math.cos(3 * math.pi / 4)) / 2]
    assert rates == pytest.approx(expected, rel=1e-12)


def test_warmup_is_linear_and_meets_the_peak() -> None:
    schedule = cosine(warmup_epochs=2, warmup_lr=0.02, final_lr=0.01)
    rates = [learning_rate(schedule, 0.1, step, 2, 6) for step in range(12)]
    assert rates[:5] == pytest.approx([0.02, 0.04, 0.06, 0.08, 0.1])
    assert rates[8] == pytest.approx((0.1 + 0.01) / 2)
    assert rates == sorted(rates[:4]) + sorted(rates[4:], reverse=True)


@given(
    peak=st.floats(1e-4, 1),
    final=st.floats(0, 1e-4),
    warmup=st.integers(0, 3),
    steps=st.integers(1, 20),
    epochs=st.integers(4, 9),
)
def test_rates_stay_between_the_ends_and_the_peak(
    peak: float, final: float, warmup: int, steps: int, epochs: int
) -> None:
    schedule = cosine(warmup_epochs=warmup, final_lr=final)
    rates = [learning_rate(schedule, peak, step, steps, epochs) for step in range(steps * epochs)]
    assert all(-1e-12 <= rate <= peak * (1 + 1e-9) for rate in rates)
    assert rates[warmup * steps] == pytest.approx(peak)
    assert all(rate >= final * (1 - 1e-9) for rate in rates[warmup * steps :])
