"""Figures drawn in several processes are those drawn in one."""

from dataclasses import replace
from pathlib import Path

import pytest

from pkbench.report import drawing
from pkbench.report.drawing import draw
from tests.report.made import filled, study_of


def test_processes_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = study_of(filled())
    other = replace(one, evaluation=replace(one.evaluation, spec_id="other", models=one.evaluation.models[:1]))
    studies = [one, other]
    alone = draw(studies, tmp_path / "alone", 1)
    assert set(alone) == {study.name for study in studies}
    monkeypatch.setattr(drawing, "_WORTH_A_PROCESS", 1)
    together = draw(studies, tmp_path / "together", 2)
    for name, paths in alone.items():
        assert list(paths) == list(together[name])
        for kind, path in paths.items():
            for suffix in (".png", ".svg"):
                one, other = (found.with_suffix(suffix).read_bytes() for found in (path, together[name][kind]))
                assert one == other, (name, kind, suffix)
