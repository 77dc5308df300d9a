"""Extensions are listed without importing them, and what cannot be used is said."""

import sys
from pathlib import Path

import pytest

from pkbench.doctor.extensions import extensions
from tests.extend.packages import install, on_path


def test_what_is_installed_is_listed_and_not_imported(tmp_path: Path) -> None:
    before = {symptom.what for symptom in extensions()}
    with on_path(tmp_path / "site"):
        points = {
            "pkbench.models": {"one": "bad_listed:A", "two": "bad_listed:B"},
            "pkbench.executors": {"x": "bad_listed:C"},
        }
        install(tmp_path / "site", "first", points, {"bad_listed": "raise SystemExit(3)"}, "2.0")
        by_what = {symptom.what: symptom for symptom in extensions()}
        assert "bad_listed" not in sys.modules
        assert by_what["model extensions"].state == by_what["executor extensions"].state == "ok"
        assert "one (first 2.0), two (first 2.0)" in by_what["model extensions"].found
        install(tmp_path / "site", "second", {"pkbench.models": {"two": "bad_listed:B"}}, {})
        by_what = {symptom.what: symptom for symptom in extensions()}
    assert by_what["model extensions"].state == "note"
    assert "two (first 2.0), two (second 1.0)" in by_what["model extensions"].found
    assert "uninstall all but one of the packages with two" in by_what["model extensions"].remedy
    assert before == {symptom.what for symptom in extensions()}


def test_where_there_is_none_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pkbench.doctor.extensions.installed", lambda _: ())
    (only,) = extensions()
    assert (only.what, only.state) == ("extensions", "ok")
    assert "none is installed" in only.found
