"""What the README promises of `make demo` and `make test`; its commands are run by tests/docs."""

import shutil
from pathlib import Path

from tests.cli.conftest import environment, pkbench  # noqa: F401 - fixtures

ROOT = Path(__file__).parent.parent


def test_makefile_names_what_the_readme_promises() -> None:
    text = (ROOT / "Makefile").read_text()
    assert "pkbench run specs/table1.toml" in text
    assert "pkbench report specs/table1.toml" in text
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_the_demo_itself(tmp_path: Path, pkbench) -> None:  # type: ignore[no-untyped-def] # noqa: F811
    """What `make demo` runs after installing, in a project of its own: Table 1 at the quick profile."""
    (tmp_path / "specs").mkdir()
    shutil.copy(ROOT / "specs" / "table1.toml", tmp_path / "specs")
    run = pkbench("run", "specs/table1.toml", "--profile", "quick", timeout=400)
    assert run.returncode == 0, run.stderr
    report = pkbench("report", "specs/table1.toml", "--profile", "quick")
    assert report.returncode == 0, report.stderr
    assert "wider-is-better" in report.stdout
    assert "no evidence about CIFAR" in report.stdout
    again = pkbench("run", "specs/table1.toml", "--profile", "quick")
    assert "0 to compute, 45 skipped (45 done)" in again.stdout
