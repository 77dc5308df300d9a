"""Records are read by a faster parser than they are written by: what one writes the other must give back."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pkbench.store.envelope import decode, encode
from pkbench.store.record import Record
from tests.claims import factory


def record(message: str) -> Record:
    made = factory.study()
    return factory.failed(made.run("a", 0), message=message)


@given(st.text(alphabet=st.characters(exclude_categories=())))
@example("No such file: \ud83d.npz")
def test_any_message_is_read_back(message: str) -> None:
    """Half a character too, as the name of a file that is no UTF-8 brings it into an error."""
    written = record(message)
    assert decode(encode(written), written.run_id, Record) == written


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_is_read_back_to_the_bit(value: float) -> None:
    made = factory.study()
    finished = factory.finished(made.run("a", 0), 1.0)
    last = finished.history[-1].model_copy(update={"test_loss": value})
    written = finished.model_copy(update={"history": (*finished.history[:-1], last)})
    read = decode(encode(written), written.run_id, Record)
    assert read.final.test_loss is not None
    assert read.final.test_loss.hex() == value.hex()


@pytest.mark.parametrize("raw", [b"", b"{}", b"[", b"NaN", b'{"sha256": "x", "record": NaN}', b"[" * 5000, b"\xff\xfe"])
def test_what_is_no_record_is_said_to_be_none(raw: bytes) -> None:
    with pytest.raises(ValueError, match="it is not a whole JSON record"):
        decode(raw, "0" * 16, Record)


def test_spaces_and_order_make_no_difference() -> None:
    written = record("loss is nan")
    envelope = json.loads(encode(written))
    turned = json.dumps(dict(reversed(envelope.items())), sort_keys=False, separators=(" , ", ": ")).encode()
    assert decode(turned, written.run_id, Record) == written
