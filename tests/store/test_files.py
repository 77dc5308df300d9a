"""Records on disk: what is written comes back, and nothing else is taken for a record."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkbench.errors import StoreError
from pkbench.plan.run import canonical_json
from pkbench.store.envelope import decode, encode
from pkbench.store.files import Store
from pkbench.store.record import Record

from .factory import make_config, make_failed, make_record
from .strategies import records


@given(records())
@settings(max_examples=200, deadline=None)
def test_a_record_comes_back_as_it_was(record: Record) -> None:
    raw = encode(record)
    assert decode(raw, record.run_id, Record) == record
    assert encode(decode(raw, record.run_id, Record)) == raw


@given(st.integers(0, len(encode(make_record())) - 2))
def test_no_truncated_record_is_taken(length: int) -> None:
    record = make_record()
    with pytest.raises(ValueError, match="not a whole JSON record"):
        decode(encode(record)[:length], record.run_id, Record)


@given(st.integers(0, len(encode(make_record())) - 2), st.integers(1, 255))
@settings(max_examples=300, deadline=None)
def test_no_changed_byte_changes_a_record(position: int, change: int) -> None:
    """A damaged byte is found, unless it is white space or another spelling of the same JSON."""
    record = make_record()
    raw = bytearray(encode(record))
    raw[position] ^= change
    try:
        found = decode(bytes(raw), record.run_id, Record)
    except ValueError:
        return
    assert found == record


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_no_garbage_is_taken(raw: bytes) -> None:
    with pytest.raises(ValueError, match="not a whole JSON record"):
        decode(raw, "0" * 16, Record)


@pytest.mark.parametrize(
    "raw", [b"", b"null", b"[]", b"3", b'{"record": {}}', b'{"sha256": "x"}', b"[" * 100_000, b"1" * 10_000, b"NaN"]
)
def test_no_other_json_is_taken(raw: bytes) -> None:
    with pytest.raises(ValueError, match="not a whole JSON record"):
        decode(raw, "0" * 16, Record)


def sealed(content: dict[str, Any]) -> bytes:
    """``content`` with the checksum it should have."""
    digest = hashlib.sha256(canonical_json(content).encode()).hexdigest()
    return json.dumps({"sha256": digest, "record": content}).encode()


def test_an_edited_number_is_found() -> None:
    record = make_record()
    edited = encode(record).replace(b'"test_error": 51.0', b'"test_error": 11.0')
    assert edited != encode(record)
    with pytest.raises(ValueError, match="checksum does not match"):
        decode(edited, record.run_id, Record)


@pytest.mark.parametrize(
    "change", [{"format": 2}, {"new_field": 1}, {"status": "done"}, {"seconds": "3"}, {"history": None}]
)
def test_another_format_is_refused(change: dict[str, Any]) -> None:
    record = make_record()
    with pytest.raises(ValueError, match="another format"):
        decode(sealed(record.model_dump(mode="json") | change), record.run_id, Record)


def test_the_record_of_another_run_is_refused() -> None:
    one, other = make_record(1), make_record(2)
    with pytest.raises(ValueError, match="another run"):
        decode(encode(one), other.run_id, Record)


def test_a_configuration_that_is_not_the_runs_is_refused() -> None:
    content = make_record(1).model_dump(mode="json") | {"config": make_config(2)}
    with pytest.raises(ValueError, match="another run"):
        decode(sealed(content), make_record(1).run_id, Record)


def test_records_are_found_by_spec_and_run(store: Store) -> None:
    assert store.spec_ids() == []
    finished, failed = make_record(0), make_failed(1)
    path = store.write(finished)
    store.write(failed)
    assert path == store.root / "toy" / "runs" / f"{finished.run_id}.json"
    assert store.read("toy", finished.run_id) == finished
    assert store.read("toy", "0" * 16) is None
    assert store.read("other", finished.run_id) is None
    assert store.spec_ids() == ["toy"]
    scan = store.scan("toy")
    assert scan.records == {finished.run_id: finished, failed.run_id: failed}
    assert scan.problems == ()
    assert store.scan("other").records == {}


def test_writing_again_replaces(store: Store) -> None:
    store.write(make_record(0, epochs=3))
    store.write(make_record(0, epochs=2))
    (record,) = store.scan("toy").records.values()
    assert len(record.history) == 2


def test_a_damaged_record_counts_as_not_done_and_is_set_aside(store: Store) -> None:
    sound, damaged = make_record(0), make_record(1)
    store.write(sound)
    path = store.write(damaged)
    path.write_bytes(path.read_bytes()[:-100])
    assert store.read("toy", damaged.run_id) is None
    scan = store.scan("toy")
    assert set(scan.records) == {sound.run_id}
    (problem,) = scan.problems
    assert str(path) in problem
    assert "the run counts as not done" in problem
    assert path.exists(), "a scan changes nothing"

    assert store.damaged("toy") == (damaged.run_id,)
    message = store.set_aside("toy", damaged.run_id)
    assert message is not None
    assert f"{path.name}.damaged" in message
    assert not path.exists()
    assert path.with_name(f"{path.name}.damaged").exists()
    assert store.damaged("toy") == ()
    assert store.scan("toy").problems == ()
    store.write(damaged)
    assert set(store.scan("toy").records) == {sound.run_id, damaged.run_id}


def test_a_sound_record_is_not_set_aside(store: Store) -> None:
    path = store.write(make_record())
    assert store.set_aside("toy", path.stem) is None
    assert store.set_aside("toy", "0" * 16) is None
    assert path.exists()


def test_other_files_are_neither_records_nor_problems(store: Store) -> None:
    folder = store.write(make_record()).parent
    for name in ("notes.json", "README.md", f".{'0' * 16}.json.x.tmp", f"{'0' * 16}.json.damaged", "0123.json"):
        (folder / name).write_text("{}")
    scan = store.scan("toy")
    assert len(scan.records) == 1
    assert scan.problems == ()
    assert store.damaged("toy") == ()


def test_a_record_that_cannot_be_read_is_a_problem(store: Store) -> None:
    store.write(make_record())
    (store.runs_folder("toy") / f"{'0' * 16}.json").mkdir()
    scan = store.scan("toy")
    assert len(scan.records) == 1
    (problem,) = scan.problems
    assert "cannot be read" in problem


@pytest.mark.parametrize("run_id", ["", "../../../etc/passwd", "0" * 15, "0" * 17, "G" * 16, "0" * 16 + "\n"])
def test_only_run_ids_name_files(store: Store, run_id: str) -> None:
    with pytest.raises(StoreError, match="is not a run id"):
        store.read("toy", run_id)


def test_a_results_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    with pytest.raises(StoreError, match="cannot write"):
        Store(tmp_path / "results").write(make_record())
    assert Store(tmp_path / "results").spec_ids() == []
