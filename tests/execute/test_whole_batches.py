"""Batches of a model that normalises over them are not divided, whoever asks for it."""

from pathlib import Path
from typing import Any

import pytest

from pkbench.errors import UsageError
from pkbench.execute import session
from pkbench.execute.events import Note
from pkbench.execute.prepare import Selection
from pkbench.execute.session import Options, Session
from pkbench.spec.load import load_spec
from pkbench.store.files import Store
from tests.small import SMALL_TOML, write_small

MIXER = SMALL_TOML[SMALL_TOML.index('id = "narrow"') : SMALL_TOML.index('\n[[model]]\nid = "random"')]
FULLY_CONNECTED = 'id = "narrow"\nkind = "s-fc"\nalpha = 1\nbias = true\ninit = "torch-linear"\n'


def run(path: Path, results: Path, parts: int | None) -> tuple[str | None, list[str]]:
    """The weights' checksum, and what was said of dividing."""
    events: list[Any] = []
    options = Options(results, "cpu", 1, accumulate=parts)
    Session(load_spec(path), Selection(only=("narrow/0",)), options).run(events.append, lambda: False)
    (record,) = Store(results).scan("small").records.values()
    assert record.accumulated is None
    said = [event.text for event in events if isinstance(event, Note) and "batches" in event.text]
    return record.weights_sha256, said


def test_they_are_computed_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_small(tmp_path, (MIXER, FULLY_CONNECTED))
    whole, said = run(path, tmp_path / "one", 1)
    assert said == []
    assert run(path, tmp_path / "auto", None) == (whole, [])
    with pytest.raises(UsageError, match="--accumulate 4 cannot compute narrow"):
        run(path, tmp_path / "four", 4)
    # Of an extension's model no plan knows what it does with a batch.
    monkeypatch.setattr(session, "check_parts", lambda _parts, _runs: None)
    found, said = run(path, tmp_path / "four", 4)
    assert found == whole
    assert len(said) == 1
    assert said[0].endswith("batches are not divided, the model normalises over a batch")
