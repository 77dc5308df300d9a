"""A record as the bytes of its file, with its checksum, and back: only what is whole, and what it says it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from pkbench.plan.run import config_id
from pkbench.reading import read_regular
from pkbench.store.check_record import CheckRecord
from pkbench.store.comparison_record import ComparisonRecord
from pkbench.store.record import Record
from pkbench.store.seal import seal, unseal

AnyRecord = TypeVar("AnyRecord", Record, CheckRecord, ComparisonRecord)

_LARGEST = 2**28
"""Bytes of a record that is read: half a million epochs."""
_DEEPEST = 32
"""Levels of a configuration."""


def encode(record: Record | CheckRecord | ComparisonRecord) -> bytes:
    """``record`` as the bytes of its file: the record and the SHA-256 of its canonical JSON."""
    return seal("record", record.model_dump(mode="json"))


def decode(raw: bytes, run_id: str, kind: type[AnyRecord]) -> AnyRecord:
    """The record of ``kind`` in ``raw``, if it is whole and is that of ``run_id``.

    Raises:
        ValueError: the bytes are damaged, of another format, or another run's; the message says which.
    """
    return decode_proven(raw, run_id, kind)[0]


def decode_proven(raw: bytes, run_id: str, kind: type[AnyRecord]) -> tuple[AnyRecord, str]:
    """:func:`decode`, and the SHA-256 of the record's content that was found to be right."""
    content, checksum = unseal(raw, "record")
    try:
        record = kind.model_validate(content)
    except ValidationError as error:
        raise ValueError(f"it has another format ({error.error_count()} unexpected fields)") from error
    if record.run_id != run_id or config_id(record.config) != run_id:
        raise ValueError("it belongs to another run")
    if _depth(record.config) > _DEEPEST:
        raise ValueError(f"its configuration is nested more than {_DEEPEST} levels deep")
    return record, checksum


def read_record(path: Path) -> bytes:
    """The bytes of the record in ``path``; ``OSError`` where they cannot be read, or it is no file or far too large."""
    return read_regular(path, _LARGEST)


def _depth(value: Any) -> int:
    """Levels of ``value``, one more than are allowed where there are more: nothing recurses that deep."""
    level = [value]
    for depth in range(_DEEPEST + 1):
        inner = (item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list))
        level = [found for items in inner for found in items]
        if not level:
            return depth
    return _DEEPEST + 1
