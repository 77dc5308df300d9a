"""A real MLflow server on this machine that works, hangs, works again and dies."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from pkbench.store.files import Store
from pkbench.store.mirror import BackgroundMirror, MirrorError, sync
from pkbench.store.mirror.interface import address, free_port, serving
from pkbench.store.mirror.target import Target

from .factory import make_failed, make_record
from .mlflow_view import look
from .test_mirror_sync import check_all


def test_a_server_through_its_life(
    store: Store, empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Training notices nothing, the mirror says how far it is behind, and a sync afterwards completes it.

    One test rather than several, because starting a server takes as long as all the rest.
    """
    database = tmp_path / "server.db"
    database.write_bytes(empty_database.read_bytes())
    place = Target(f"sqlite:///{database}", tmp_path)
    port = free_port("127.0.0.1", 0)
    uri = address("127.0.0.1", port)
    records = [make_record(0), make_record(1, epochs=150), make_failed(2)]
    mirror = BackgroundMirror(store.root, ["toy"], uri)

    with serving(place, "127.0.0.1", port) as server:
        for record in records:
            store.write(record)
        assert sync(store, uri=uri).pushed == 3
        assert sync(store, uri=uri).present == 3
        check_all(uri, store, records, tmp_path / "a")
        records[0] = make_record(0, epochs=2)
        store.write(records[0])
        assert sync(store, uri=uri).replaced == 1
        check_all(uri, store, records, tmp_path / "b")

        os.killpg(server.pid, signal.SIGSTOP)
        mirror.start()
        for seed in (3, 4):
            records.append(make_record(seed))
            store.write(records[-1])
            mirror.nudge()
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
        with pytest.raises(MirrorError, match="does not answer in time; nothing is lost"):
            sync(store, uri=uri)
        outcome = mirror.finish(1)
        assert (outcome.state, outcome.behind) == ("behind", 2)

        os.killpg(server.pid, signal.SIGCONT)
        monkeypatch.delenv("MLFLOW_HTTP_REQUEST_TIMEOUT")
        assert sync(store, uri=uri).pushed == 2
        check_all(uri, store, records, tmp_path / "c")
        assert len(look(uri, "toy", tmp_path / "c", "invocation")) == 1

    with pytest.raises(MirrorError, match="connection refused; nothing is lost"):
        sync(store, uri=uri)
