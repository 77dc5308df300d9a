"""A reader who types what a page says, in a folder with a few of the specs, made small: what is tested is the page."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from pkbench.cli.main import app
from pkbench.errors import PkbenchError
from tests.docs.pages import ROOT, Command, Saved

SPECS = ("table1", "theory", "audit", "fig-7")
"""The specs of the project that commands on the pages are about."""
CHECKS_KEPT = 2
"""Claims that are left in a spec of checks."""
TIMEOUT = 60
"""Seconds of a command that is not pkbench's."""


def prepare(folder: Path) -> None:
    """What a checkout has, as far as the pages speak of it."""
    (folder / "specs").mkdir()
    for name in SPECS:
        (folder / "specs" / f"{name}.toml").write_text((ROOT / "specs" / f"{name}.toml").read_text(encoding="utf-8"))
    shorten(folder)


def shorten(folder: Path) -> None:
    """Make the specs in ``folder`` small: an epoch or two, one rate and three seeds of the project's, two claims of checks."""
    for path in sorted((folder / "specs").glob("*.toml")):
        text = path.read_text(encoding="utf-8")
        if 'kind = "theory"' in text or 'kind = "audit"' in text:
            head, *claims = text.split("\n[[claim]]\n")
            short = "\n[[claim]]\n".join([head, *claims[:CHECKS_KEPT]])
        else:
            # Not one epoch for all: a starter has one of warm-up.
            epochs = 1 if path.stem in SPECS else 2
            short = re.sub(r"^epochs = (10|20)$", f"epochs = {epochs}", text, flags=re.MULTILINE)
            short = short.replace("lr = [0.003, 0.01, 0.03]", "lr = [0.01]")
            if path.stem in SPECS:
                short = short.replace("seeds = [0, 1, 2, 3, 4]", "seeds = [0, 1, 2]")
        if short != text:
            path.write_text(short, encoding="utf-8")


def save(step: Saved, folder: Path) -> None:
    path = folder / step.path
    before = path.read_text(encoding="utf-8") if step.appended else ""
    path.write_text(before + step.text, encoding="utf-8")
    shorten(folder)


def follow(command: Command, folder: Path) -> tuple[int, str]:
    """Do what ``command`` says, in the current folder ``folder``; its exit code and what it printed."""
    program, *words = shlex.split(command.text)
    if program != "pkbench":
        program = sys.executable if program == "python" else program
        done = subprocess.run(
            [program, *words], cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
        return done.returncode, done.stdout + done.stderr
    if words[0] == "run":
        # In this process, which has imported what workers and MLflow would import again.
        words += ["--jobs", "1", "--no-mlflow"]
    called = CliRunner().invoke(app, words)
    if isinstance(called.exception, PkbenchError):
        return called.exception.exit_code, str(called.exception)
    if called.exception is not None and not isinstance(called.exception, SystemExit):
        raise called.exception
    if words[0] == "new":
        shorten(folder)
    return called.exit_code, called.output
