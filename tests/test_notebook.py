"""The notebook runs from top to bottom as it stands, and what it shows is true of no machine in particular."""

import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

import pkbench

NOTEBOOK = Path(__file__).parent.parent / "examples" / "notebook.ipynb"


def cells(kind: str) -> list[dict[str, Any]]:
    content = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return [cell for cell in content["cells"] if cell["cell_type"] == kind]


def test_every_cell_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """As plain Python, one cell after another in one namespace: it uses nothing that only a notebook understands."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PKBENCH_RESULTS", raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    names: dict[str, Any] = {"__name__": "notebook"}
    with mpl.rc_context({"backend": "agg"}):
        for number, cell in enumerate(cells("code")):
            exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)
        names["plt"].close(names["figure"])
    printed = capsys.readouterr().out
    assert "9 runs, 0 to compute" in printed
    assert "rests on 9 runs; n = 3 seeds" in printed
    assert len(names["axes"].lines[0].get_xdata()) == 3
    assert len(pkbench.read_results(names["path"])["run"]) == 9


def test_it_is_kept_without_outputs() -> None:
    """They would be those of one machine, and of an older pkbench."""
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells("code"))
