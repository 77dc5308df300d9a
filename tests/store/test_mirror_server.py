"""Pushing to a real MLflow server on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from pkbench.store.files import Store
from pkbench.store.mirror import BackgroundMirror, MirrorError, sync
from pkbench.store.mirror.interface import address, free_port, serving
from pkbench.store.mirror.target import Target

from .factory import make_failed, make_record
from .test_mirror_sync import check_all


def test_everything_arrives_once(store: Store, server: str, tmp_path: Path) -> None:
    records = [make_record(0), make_record(1, epochs=150), make_failed(2)]
    for record in records:
        store.write(record)
    assert sync(store, uri=server).pushed == 3
    assert sync(store, uri=server).present == 3
    check_all(server, store, records, tmp_path / "a")
    again = make_record(0, epochs=2)
    store.write(again)
    assert sync(store, uri=server).replaced == 1
    check_all(server, store, [again, *records[1:]], tmp_path / "b")


def test_a_server_that_dies_and_comes_back(
    store: Store, empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Training sees nothing of it, the mirror says how far it is behind, and a sync afterwards completes it."""
    database = tmp_path / "server.db"
    database.write_bytes(empty_database.read_bytes())
    port = free_port("127.0.0.1", 0)
    uri = address("127.0.0.1", port)
    place = Target(f"sqlite:///{database}", tmp_path)
    records = [make_record(seed) for seed in range(3)]
    mirror = BackgroundMirror(store.root, ["toy"], uri)
    with serving(place, "127.0.0.1", port):
        store.write(records[0])
        assert sync(store, uri=uri).pushed == 1
        mirror.start()
    for record in records[1:]:
        store.write(record)
        mirror.nudge()
    outcome = mirror.finish(30)
    assert outcome.state == "behind"
    assert outcome.behind == 2
    assert "connection refused" in outcome.message
    with pytest.raises(MirrorError):
        sync(store, uri=uri)
    with serving(place, "127.0.0.1", port):
        assert sync(store, uri=uri).pushed == 2
        check_all(uri, store, records, tmp_path / "a")
