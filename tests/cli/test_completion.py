"""What Tab offers: names as they are in the files, quickly, and silence where there is nothing to read."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from pkbench.claims.verdict import Outcome
from pkbench.cli import completion
from pkbench.cli.main import main
from pkbench.plan.engine import AUTO, ENGINES
from pkbench.spec.document import ProfileName
from pkbench.spec.starter import KINDS
from pkbench.spec.starter_parts import CLAIMS, MODELS
from tests.small import write_small

Complete = Callable[..., list[str]]
OTHER = '[experiment]\nid = "other"\n[[model]]\nid = "rp"\nsweep = { C = [1, 2] }\n[profile.fast]\n'
RUN = "0123456789abcdef"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two specs, one of them faulty, a third file that is no TOML, and a record's file."""
    write_small(tmp_path)
    (tmp_path / "specs" / "other.toml").write_text(OTHER)
    (tmp_path / "specs" / "torn.toml").write_text("[[model]\nid = ")
    (tmp_path / "results" / "small" / "runs").mkdir(parents=True)
    for name in (RUN, "no-run"):
        (tmp_path / "results" / "small" / "runs" / f"{name}.json").write_text("")
    monkeypatch.delenv("PKBENCH_RESULTS", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ask(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    """Call the command as a shell's script does."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["pkbench"])
    try:
        main()
    except SystemExit as end:
        if end.code:
            pytest.fail(f"exit code {end.code}")


@pytest.fixture
def complete(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Complete:
    """What Bash is offered for the last of its words."""

    def offered(*words: str) -> list[str]:
        typed = ["pkbench", *words]
        variables = {"COMP_WORDS": "\n".join(typed), "COMP_CWORD": str(len(typed) - 1)}
        ask(monkeypatch, **{completion.VARIABLE: "complete_bash"}, **variables)
        captured = capsys.readouterr()
        assert captured.err == ""
        return captured.out.split()

    return offered


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("verif",), ["verify-results"]),
        (("run", ""), ["other", "small", "torn"]),
        (("run", "small", "s"), []),
        (("status", "s"), ["small"]),
        (("run", "small", "--only", ""), ["narrow", "random"]),
        (("run", "small", "--only", "narrow/"), ["narrow/digits"]),
        (("run", "specs/other.toml", "--only", ""), ["rp-*"]),
        (("run", "torn", "--only", ""), []),
        (("run", "--only", ""), []),
        (("data", "get", "small", "d"), ["digits"]),
        (("run", "small", "--profile", ""), ["quick"]),
        (("run", "small", "other", "-p", ""), ["quick", "fast"]),
        (("run", "--profile", "=", "qu"), ["quick"]),
        (("run", "--profile", "="), ["quick", "fast", "paper"]),
        (("plan", "small", "--engine", "n"), ["native"]),
        (("plan", "small", "--device", "m"), ["mps"]),
        (("show", "012"), [RUN]),
        (("show", "--results", "elsewhere", "012"), []),
        (("compare", "0"), [RUN]),
        (("compare", RUN, "small", ":"), ["quick"]),
        (("report", "--require", ""), ["other:", "small:", "torn:"]),
        (("report", "--require", "sm"), [f"small:rp-parity={outcome}" for outcome in completion.OUTCOMES]),
        (("report", "--require", "small", ":", "rp-parity", "=", "in"), ["inconclusive"]),
        (("report", "--require", "torn", ":"), []),
        (("new", "mine", "--model", ""), list(MODELS)),
        (("new", "mine", "--model", "normal", "--model", "n"), []),
        (("new", "mine", "--claim", "e"), ["equivalent"]),
        (("new", "mine", "--data", "torchvision", ":", "F"), ["FashionMNIST"]),
        (("report", "--nothing-of-the-kind", "x", "--", ""), ["other", "small", "torn"]),
    ],
)
def test_what_bash_is_offered(complete: Complete, words: tuple[str, ...], offered: list[str]) -> None:
    assert complete(*words) == offered


def test_without_specs_there_is_nothing(complete: Complete, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    for file in (tmp_path / "specs").iterdir():
        file.unlink()
    monkeypatch.chdir(tmp_path / "empty")
    assert complete("run", "") == []


def test_a_failure_is_silent(complete: Complete, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> list[str]:
        raise RuntimeError("broken")

    assert complete("run", "s") == ["small"]
    monkeypatch.setattr(completion, "_spec_ids", fail)
    assert complete("run", "s") == []


@pytest.mark.parametrize(("shell", "offered"), [("zsh", '"small"'), ("fish", "small")])
def test_other_shells(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shell: str, offered: str
) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    ask(monkeypatch, **{completion.VARIABLE: f"complete_{shell}", "_TYPER_COMPLETE_ARGS": "pkbench run sm"})
    assert offered in capsys.readouterr().out


def test_names_are_those_of_the_code() -> None:
    """They stand in completion.py as well because importing these takes longer than a person waits."""
    assert get_args(ProfileName) == completion.PROFILES
    assert (AUTO, *ENGINES) == completion.ENGINES
    assert (tuple(MODELS), CLAIMS, KINDS) == (completion.NEW_MODELS, completion.NEW_CLAIMS, completion.NEW_DATA)
    assert tuple(outcome.replace(" ", "-") for outcome in get_args(Outcome)) == completion.OUTCOMES


BASH = """
eval "$(pkbench --show-completion)"
COMP_WORDS=(pkbench report --require small : rp)
COMP_CWORD=5
"$(complete -p pkbench | sed 's/.*-F \\([^ ]*\\) .*/\\1/')" pkbench
printf '%s\\n' "${COMPREPLY[@]}"
"""
COMMAND = """#!{python}
import sys
from pkbench.cli.main import main
try:
    main()
finally:
    with open("heavy", "a") as file:
        print([name for name in ("torch", "numpy", "mlflow", "pkbench.spec.load") if name in sys.modules], file=file)
"""


def test_bash_itself(project: Path) -> None:
    command = project / "bin" / "pkbench"
    command.parent.mkdir()
    command.write_text(COMMAND.format(python=sys.executable))
    command.chmod(0o755)
    variables = os.environ | {"PATH": f"{command.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "--norc", "-c", BASH],
        cwd=project,
        env=variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout.split() == [f"rp-parity={outcome}" for outcome in completion.OUTCOMES]
    assert (project / "heavy").read_text() == "[]\n[]\n"


@pytest.mark.parametrize(
    ("shell", "file"), [("bash", ".bashrc"), ("zsh", ".zshrc"), ("fish", ".config/fish/completions/pkbench.fish")]
)
def test_it_can_be_installed(tmp_path: Path, shell: str, file: str) -> None:
    code = "import sys; from pkbench.cli.main import main; sys.argv[0] = 'pkbench'; main()"
    variables = os.environ | {"HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    subprocess.run(
        [sys.executable, "-c", code, "--install-completion", shell],
        env=variables,
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert (tmp_path / file).is_file()
    written = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert any(completion.VARIABLE in text for text in written)
