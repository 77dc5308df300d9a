"""``pkbench calibrate``, and that the committed page says what the code gives."""

import json
from pathlib import Path

import numpy as np
import pytest
import scipy
from typer.testing import CliRunner, Result

from pkbench.claims.calibration import run
from pkbench.claims.calibration.cases import cases
from pkbench.claims.calibration.page import NAMES, check_marks
from pkbench.claims.calibration.rates import SEEDS, rate
from pkbench.claims.calibration.shapes import SHAPES
from pkbench.cli.main import app
from pkbench.errors import UsageError

PAGE = Path(__file__).parent.parent.parent / "docs" / "statistics.md"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page with marks, and two cases instead of all."""
    chosen = tuple(case for case in cases() if case.claim == "value")[:1]
    monkeypatch.setattr(run, "cases", lambda: chosen)
    path = tmp_path / "page.md"
    path.write_text("\n".join(f"<!-- calibrate:{name} -->\n<!-- /calibrate:{name} -->" for name in NAMES))
    return path


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["calibrate", "--studies", "100", "-j", "1", *arguments])


def test_it_prints_and_writes_and_checks(page: Path) -> None:
    done = invoke("--out", str(page))
    assert done.exit_code == 0, done.output
    for word in ("Wrong verdicts in %", "value", "Monte-Carlo error", "Required seeds"):
        assert word in done.stdout
    text = page.read_text()
    assert "pkbench calibrate --studies 100" in text
    assert f"NumPy {np.__version__}" in text
    assert invoke("--out", str(page), "--check").exit_code == 0
    page.write_text(text.replace("| value |", "| worth |", 1))
    done = invoke("--out", str(page), "--check")
    assert done.exit_code == 1
    assert "'rates' is another one" in done.stderr
    assert "worth" in page.read_text()


def test_plain_values_on_standard_output(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(page.parent)
    done = invoke("--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["studies"] == 100
    assert "Made by" not in page.read_text()


def test_the_page_here_is_written_without_being_named(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = page.parent / "docs" / "statistics.md"
    here.parent.mkdir()
    page.rename(here)
    monkeypatch.chdir(page.parent)
    assert invoke("--json").exit_code == 0
    assert "Made by" in here.read_text()


def test_a_broken_promise_fails(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run.Calibration, "problems", lambda _: ["less: wrong in 90 %"])
    done = invoke("--out", str(page))
    assert done.exit_code == 1
    assert "does not hold: less: wrong in 90 %" in done.stderr


def test_a_page_without_marks_is_refused_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "calibrate", None)  # not to be called
    bare = tmp_path / "bare.md"
    bare.write_text("nothing")
    for path in (bare, tmp_path / "none.md"):
        done = invoke("--out", str(path))
        assert isinstance(done.exception, UsageError)
        assert path.name in str(done.exception) or "marks" in str(done.exception)


def test_the_committed_page_has_all_tables() -> None:
    check_marks(PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("place", [0, 16])
def test_the_committed_rates_are_those_of_the_code(place: int) -> None:
    """Two rows of the page, simulated anew: a change of a rule that moves them needs the page made anew."""
    text = PAGE.read_text(encoding="utf-8")
    if f"NumPy {np.__version__} and SciPy {scipy.__version__};" not in text:
        pytest.skip("the page was made with other versions of NumPy and SciPy, whose random numbers may differ")
    case = cases()[place]
    cells = [" · ".join(f"{100 * rate(case, shape, n, 10_000).share:.1f}" for n in SEEDS) for shape in SHAPES]
    assert f"| {case.claim} | {case.truth} | {case.wrong} | {' | '.join(cells)} |" in text
