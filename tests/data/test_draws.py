import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from pkbench.data.draws import Draws
from pkbench.seeding import stream_seed


def test_the_stream_is_that_of_pcg64() -> None:
    """Spelled out from the raw numbers: generated data and word vectors rest on them."""
    raw = np.random.PCG64(stream_seed("x", 3)).random_raw(5)
    assert [float((int(number) // 2**12 + 0.5) / 2**52) for number in raw] == Draws("x", 3).uniforms(5).tolist()


def test_calls_go_on_where_the_last_one_ended() -> None:
    draws = Draws("x")
    parts = [draws.uniform(0, 1), *draws.uniforms(2).tolist(), draws.uniform(0, 1)]
    assert parts == Draws("x").uniforms(4).tolist()


def test_numbers_have_their_distribution() -> None:
    assert kstest(Draws("u").uniforms(4000), "uniform").pvalue > 0.01
    assert kstest(Draws("n").normals(4000), "norm").pvalue > 0.01


@given(name=st.text(st.characters(exclude_categories=["Cs"])), seed=st.integers(0, 2**31 - 1))
def test_draws_of_a_name_are_the_same_each_time_and_in_range(name: str, seed: int) -> None:
    first, again, other = Draws(name, seed), Draws(name, seed), Draws(name, seed + 1)
    values = first.uniforms(20)
    assert values.tolist() == again.uniforms(20).tolist() != other.uniforms(20).tolist()
    assert values.min() > 0
    assert values.max() < 1
    assert 2.0 < first.uniform(2, 3) < 3.0
    assert first.pick("abc") in "abc"


def test_every_option_is_picked() -> None:
    draws = Draws("options")
    counts = np.bincount([draws.pick(range(4)) for _ in range(4000)])
    assert len(counts) == 4
    assert counts.min() > 900
