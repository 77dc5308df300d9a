"""tools/audit.py: what it makes of pip-audit's report, and what it says where there is none."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

REPORT = {
    "dependencies": [
        {"name": "sound", "version": "1.0", "vulns": []},
        {"name": "weak", "version": "2.0", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["2.1"]}]},
        {"name": "unknown", "skip_reason": "Dependency not found and could not be audited"},
    ]
}


@pytest.fixture
def audit() -> ModuleType:
    path = Path(__file__).parents[1] / "tools" / "audit.py"
    spec = importlib.util.spec_from_file_location("audit_tool", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("report", ["", "no JSON", "[]", '{"dependencies": [{"name": "x", "skip_reason": "?"}]}'])
def test_what_was_not_looked_up_does_not_count(audit: ModuleType, report: str) -> None:
    assert audit.known(report) == []


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([], 2, "cannot be reached"),
        (REPORT["dependencies"][:1], 0, "1 of the pinned packages looked up, 0 known weaknesses"),
        (REPORT["dependencies"][:2], 1, "weak 2.0: PYSEC-2026-1 (fixed in 2.1)"),
    ],
)
def test_what_it_says(
    audit: ModuleType,
    packages: list[Any],
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(audit, "audited", lambda _: packages)
    monkeypatch.setattr(audit, "code_is_sound", lambda: True)
    assert audit.main() == code
    assert said in capsys.readouterr().out


def test_a_report_is_read(audit: ModuleType) -> None:
    assert [package["name"] for package in audit.known(json.dumps(REPORT))] == ["sound", "weak"]
