"""Files that carry their own checksum: no byte of one can change unseen."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkbench.store.seal import is_as_sealed, seal, unseal

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_content_comes_back(content: object) -> None:
    raw = seal("record", content)
    assert unseal(raw, "record")[0] == content
    assert is_as_sealed(raw)


@given(VALUES, st.data())
def test_every_changed_byte_is_seen(content: object, data: st.DataObject) -> None:
    raw = bytearray(seal("record", content))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        unseal(bytes(raw), "record")
    except ValueError:
        return
    assert not is_as_sealed(bytes(raw))


def test_another_spelling_has_the_checksum_and_is_told_apart() -> None:
    raw = seal("record", {"lr": 1e-08})
    other = raw.replace(b"1e-08", b"1E-08")
    assert other != raw
    assert unseal(other, "record") == unseal(raw, "record")
    assert not is_as_sealed(other)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"sha256": 1, "record": 2}', b"\xff", b"[" * 10_000])
def test_what_is_no_such_file_is_said_to_be_none(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a whole JSON record|does not match"):
        unseal(raw, "record")


def test_the_name_counts() -> None:
    with pytest.raises(ValueError, match="it is not a whole JSON manifest"):
        unseal(seal("record", {}), "manifest")
    assert json.loads(seal("record", {})).keys() == {"sha256", "record"}
