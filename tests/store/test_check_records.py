"""Records of checks on disk: what is written comes back, and what is damaged, foreign or altered does not."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkbench.plan.run import canonical_json, config_id
from pkbench.store.check_record import CheckRecord, FoundValue
from pkbench.store.envelope import decode, encode
from pkbench.store.files import Store
from pkbench.store.record import CodeIdentity, Environment, Invocation, SpecIdentity

from .factory import make_record


def make_check(seed: int = 0, **changes: Any) -> CheckRecord:
    """A record of a check that found something."""
    config = {"result_version": 2, "claim": {"kind": "identity", "seed": seed}, "configurations": {}}
    fields: dict[str, Any] = {
        "format": 1,
        "run_id": config_id(config),
        "spec": SpecIdentity(id="toy", title="A toy", sha256="5" * 64),
        "claim": "vec",
        "config": config,
        "residual": 1e-15,
        "values": (FoundValue(name="cases", value=4.0),),
        "sentence": "Equal in all of 4 cases.",
        "failure": None,
        "seconds": 0.5,
        "ended": 1e9,
        "environment": Environment(
            python="3.11.9",
            torch="2.11.0",
            numpy="2.4.6",
            platform="Linux",
            processor="A processor",
            cores=2,
            device="cpu",
            threads=1,
        ),
        "code": CodeIdentity(version="0.1.0", commit=None, dirty=None),
        "invocation": Invocation(id="one", started=1e9),
    }
    return CheckRecord(**(fields | changes))


def sealed(content: dict[str, Any]) -> bytes:
    """``content`` with the checksum it should have."""
    digest = hashlib.sha256(canonical_json(content).encode()).hexdigest()
    return json.dumps({"sha256": digest, "record": content}).encode()


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(
    residual=st.none() | FINITE,
    values=st.lists(st.builds(FoundValue, name=st.text(max_size=20), value=FINITE), max_size=3).map(tuple),
    sentence=st.text(max_size=50),
    failure=st.none() | st.text(max_size=50),
)
def test_a_record_comes_back_as_it_was(**fields: Any) -> None:
    record = make_check(**fields)
    raw = encode(record)
    assert decode(raw, record.run_id, CheckRecord) == record
    assert encode(decode(raw, record.run_id, CheckRecord)) == raw


@given(st.integers(0, len(encode(make_check())) - 2))
def test_no_truncated_record_is_taken(length: int) -> None:
    record = make_check()
    with pytest.raises(ValueError, match="not a whole JSON record"):
        decode(encode(record)[:length], record.run_id, CheckRecord)


@given(st.integers(0, len(encode(make_check())) - 2), st.integers(1, 255))
def test_no_changed_byte_changes_a_record(position: int, change: int) -> None:
    """A damaged byte is found, unless it is white space or another spelling of the same JSON."""
    record = make_check()
    raw = bytearray(encode(record))
    raw[position] ^= change
    try:
        found = decode(bytes(raw), record.run_id, CheckRecord)
    except ValueError:
        return
    assert found == record


def test_an_edited_residual_is_found() -> None:
    record = make_check(residual=0.25)
    edited = encode(record).replace(b'"residual": 0.25', b'"residual": 0.05')
    assert edited != encode(record)
    with pytest.raises(ValueError, match="checksum does not match"):
        decode(edited, record.run_id, CheckRecord)


@pytest.mark.parametrize(
    "change", [{"format": 2}, {"new_field": 1}, {"residual": "0"}, {"values": [{"name": "x"}]}, {"claim": None}]
)
def test_another_format_is_refused(change: dict[str, Any]) -> None:
    record = make_check()
    with pytest.raises(ValueError, match="another format"):
        decode(sealed(record.model_dump(mode="json") | change), record.run_id, CheckRecord)


def test_the_record_of_another_check_is_refused() -> None:
    one, other = make_check(1), make_check(2)
    with pytest.raises(ValueError, match="another run"):
        decode(encode(one), other.run_id, CheckRecord)
    with pytest.raises(ValueError, match="another run"):
        decode(sealed(one.model_dump(mode="json") | {"config": other.config}), one.run_id, CheckRecord)


def test_the_record_of_a_training_is_none_of_a_check() -> None:
    record = make_record()
    with pytest.raises(ValueError, match="another format"):
        decode(encode(record), record.run_id, CheckRecord)


def test_numbers_that_are_not_finite_are_not_written(store: Store) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        store.write(make_check(residual=float("nan")))
    assert store.scan_checks("toy").records == {}


def test_checks_and_runs_of_a_spec_lie_apart(store: Store) -> None:
    check, run = make_check(), make_record()
    path = store.write(check)
    store.write(run)
    assert path == store.root / "toy" / "checks" / f"{check.run_id}.json"
    assert store.scan_checks("toy").records == {check.run_id: check}
    assert store.scan("toy").records == {run.run_id: run}


def test_each_unsound_file_is_told_and_left_as_it_is(store: Store) -> None:
    sound = make_check(0)
    folder = store.write(sound).parent
    cut = store.write(make_check(1))
    cut.write_bytes(cut.read_bytes()[:-9])
    foreign = folder / f"{'0' * 16}.json"
    foreign.write_bytes(encode(sound))
    unreadable = folder / f"{'1' * 16}.json"
    unreadable.mkdir()
    (folder / "notes.json").write_text("{}")
    before = {path.name for path in folder.iterdir()}
    scan = store.scan_checks("toy")
    assert set(scan.records) == {sound.run_id}
    assert {Path(problem.split(": ")[0]) for problem in scan.problems} == {cut, foreign, unreadable}
    assert all("counts as not done" in problem for problem in scan.problems)
    assert {path.name for path in folder.iterdir()} == before
