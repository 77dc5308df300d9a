"""What the entry point does whatever the verb."""

import os
import subprocess
import sys
from pathlib import Path

from pkbench.cli.console import printable
from tests.cli.conftest import Command
from tests.small import write_small


def test_version(pkbench: Command) -> None:
    assert pkbench("--version").stdout.startswith("pkbench 0.")


def test_a_terminal_without_unicode_gets_question_marks(tmp_path: Path, environment: dict[str, str]) -> None:
    write_small(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pkbench", "plan", "small", "--no-estimate"],
        cwd=tmp_path,
        env=environment | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "never run" in done.stdout


def test_errors_send_no_commands_to_the_terminal(tmp_path: Path, pkbench: Command) -> None:
    done = pkbench("validate", f"no\x1b[2Jsuch{os.sep}file.toml")
    assert done.returncode == 2
    assert "\x1b" not in done.stderr
    assert printable("a\x1b[2Jb\n") == "a\ufffd[2Jb\ufffd"


def test_unknown_verbs_and_options_are_usage_errors(pkbench: Command) -> None:
    for arguments in (["frobnicate"], ["run"], ["plan", "x", "--jobs", "0"]):
        done = pkbench(*arguments)
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
