"""The commands of the README: all are real, and the ones a newcomer pastes first are run."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import typer

from pkbench.cli.main import app
from tests.cli.conftest import environment, pkbench  # noqa: F401 - fixtures

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCES = re.findall(r"```\n(.*?)```", README, flags=re.DOTALL)
COMMANDS = sorted(
    {line for block in FENCES for line in block.splitlines() if line.startswith(("pkbench ", "make "))}
    | {
        text
        for text in re.findall(r"`((?:pkbench|make) [^`|]*?)`", README)
        if "VERB" not in text and "NAME" not in text
    }
)


def expanded(command: str) -> list[list[str]]:
    """``data list/get/check X`` stands for three commands."""
    words = command.replace("specs/*.toml", "specs/table1.toml").split()
    choices = [word.split("/") if word == "list/get/check" else [word] for word in words]
    commands: list[list[str]] = [[]]
    for options in choices:
        commands = [[*done, option] for done in commands for option in options]
    return commands


def test_the_readme_has_its_commands() -> None:
    assert {"make demo", "make test", "pkbench report", "pkbench plan table1 --profile paper"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_one_that_exists(command: str) -> None:
    for program, *words in expanded(command):
        if program == "make":
            done = subprocess.run(["make", "--dry-run", *words], cwd=ROOT, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            continue
        group = typer.main.get_command(app)
        context = group.make_context("pkbench", list(words), resilient_parsing=True)
        rest = list(words)
        while hasattr(group, "resolve_command"):
            name, group, rest = group.resolve_command(context, rest)
            context = group.make_context(name, list(rest), parent=context, resilient_parsing=hasattr(group, "commands"))


def test_makefile_names_what_the_readme_promises() -> None:
    text = (ROOT / "Makefile").read_text()
    assert "pkbench run specs/table1.toml" in text
    assert "pkbench report specs/table1.toml" in text
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_own_question_as_pasted(tmp_path: Path, pkbench) -> None:  # type: ignore[no-untyped-def] # noqa: F811
    (tmp_path / "specs").mkdir()
    block = next(block for block in FENCES if block.startswith("pkbench new rp-against-normal"))
    for line in block.splitlines():
        done = pkbench(*line.split()[1:])
        assert done.returncode == 0, f"{line}: {done.stderr}"
    assert (tmp_path / "reports" / "rp-against-normal.md").exists()


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
