"""Summaries of the runs of each model."""

import math

import pytest

from tests.claims.factory import finished
from tests.claims.pairs import A, compared, evaluation, three


def test_summaries() -> None:
    s = compared()
    s.put(finished(s.run("a", 0), 1.0, validation=7.0, train=2.0))
    e = evaluation(s)
    assert [(m.model_id, m.data_id) for m in e.models] == [("a", "digits"), ("b", "digits")]
    a = e.models[0]
    assert (a.n, a.n_planned, a.mean, a.sd, a.minimum, a.maximum) == (3, 3, 2.0, 1.0, 1.0, 3.0)
    assert (a.low, a.high) == pytest.approx((2 - 2.484138, 2 + 2.484138), abs=1e-5)
    assert a.validation_mean == pytest.approx((7 + 20 + 20) / 3)
    assert a.train_mean == pytest.approx((2 + 5 + 5) / 3)
    assert [(candidate.lr, candidate.finished) for candidate in a.selection.candidates] == [(0.01, 3)]
    # Width gamma * S * C = 2 * 4 * 8.
    assert (a.lr, a.S, a.C, a.depth, a.width, a.connections) == (0.01, 4, 8, 1, 64, 2048)
    # 16*8+8; 4*8+8 + 8*4+4; 8*16+16 + 16*8+8; norms 3 * 16; head 8*10+10.
    assert a.parameters == 136 + 40 + 36 + 144 + 136 + 48 + 90
    assert a.errors == {0: 1.0, 1: 2.0, 2: 3.0}
    assert a.run_ids == tuple(s.run("a", seed).run_id for seed in range(3))
    assert (e.spec_id, e.profile, e.planned, e.finished, e.failed) == ("small", "quick", 6, 6, 0)
    assert e.scope == "Digits only: no evidence about CIFAR."
    assert e.outcomes() == {"supported": 1}
    assert e.notes == ()


def test_summary_of_one_and_of_no_run() -> None:
    s = three()
    s.finish("a", (4.0,))
    a, b = evaluation(s).models
    assert (a.n, a.mean, a.sd, a.low, a.high, a.minimum, a.maximum) == (1, 4.0, None, None, None, 4.0, 4.0)
    assert (b.n, b.mean, b.minimum, b.maximum, b.validation_mean, b.train_mean) == (0, None, None, None, None, None)


def test_summary_of_two_runs() -> None:
    s = three()
    s.finish("a", (4.0, 6.0))
    a = evaluation(s).models[0]
    # sd sqrt 2, half width 12.7062 * sqrt 2 / sqrt 2.
    assert (a.n, a.mean, a.sd) == (2, 5.0, pytest.approx(math.sqrt(2)))
    assert (a.low, a.high) == pytest.approx((5 - 12.7062, 5 + 12.7062), abs=1e-4)


def test_summary_without_validation_images() -> None:
    s = three()
    s.finish("a", A, validation=None)
    assert evaluation(s).models[0].validation_mean is None
    # A mean over some of the seeds would be a mean of something else.
    s.put(finished(s.run("a", 0), 1.0, validation=3.0))
    assert evaluation(s).models[0].validation_mean is None
