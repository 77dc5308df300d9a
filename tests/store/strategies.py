"""Hypothesis strategies for records: anything the format allows."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from pkbench.spec.base import IDENTIFIER
from pkbench.store.record import Epoch, Failure, FailureKind, Invocation, Labels, Record, SpecIdentity

from .factory import make_config, make_epoch, make_record

times = st.floats(0, 2e11)
names = st.from_regex(IDENTIFIER, fullmatch=True)
finite = st.floats(allow_nan=False, allow_infinity=False)
maybe = st.none() | finite
json_leaves = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | finite | st.text(max_size=20)
json_values = st.recursive(
    json_leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
configs = st.builds(
    lambda seed, lr, extra: make_config(seed, lr) | {"extra": extra}, st.integers(0, 2**63 - 1), finite, json_values
)
epochs = st.builds(
    Epoch,
    epoch=st.integers(1, 10**6),
    lr=finite,
    train_loss=finite,
    train_error=finite,
    validation_loss=maybe,
    validation_error=maybe,
    test_loss=maybe,
    test_error=maybe,
    seconds=finite,
    ended=times,
)
failures = st.builds(
    Failure,
    kind=st.sampled_from(get_args(FailureKind)),
    message=st.text(),
    epoch=st.integers(0, 10**6),
)


@st.composite
def records(draw: st.DrawFn) -> Record:
    failure = draw(st.none() | failures)
    history = draw(st.lists(epochs, max_size=4))
    if failure is None:
        history.append(make_epoch(len(history) + 1))
    return make_record(
        config=draw(configs),
        history=tuple(history),
        status="finished" if failure is None else "failed",
        failure=failure,
        labels=Labels(model=draw(names), data=draw(names), seed=draw(st.integers(0, 10**30)), lr=draw(finite)),
        spec=SpecIdentity(id="toy", title=draw(st.text()), sha256="cd" * 32),
        resumed_after=tuple(draw(st.lists(st.integers(0, 10**30), max_size=3))),
        invocation=Invocation(id="a" * 16, started=draw(times)),
        started=draw(times),
        ended=draw(times),
    )
