"""The three kinds of records a spec's folder holds, where it does not matter which one it is."""

from __future__ import annotations

from typing import Final

from pkbench.store.check_record import CheckRecord
from pkbench.store.comparison_record import ComparisonRecord
from pkbench.store.envelope import decode_proven
from pkbench.store.record import Record

AnyRecord = Record | CheckRecord | ComparisonRecord

KINDS: Final = ("runs", "checks", "comparisons")
"""Names of the folders."""


def decode_any(raw: bytes, kind: str, run_id: str) -> tuple[AnyRecord, str]:
    """The record of ``run_id`` in ``raw``, a file of the folder ``kind``, and the SHA-256 of its content.

    Raises:
        ValueError: the bytes are damaged, of another format, or another run's; the message says which.
    """
    match kind:
        case "runs":
            return decode_proven(raw, run_id, Record)
        case "checks":
            return decode_proven(raw, run_id, CheckRecord)
        case _:
            return decode_proven(raw, run_id, ComparisonRecord)
