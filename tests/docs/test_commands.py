"""Every command of every page: run in order where that is possible here, and one that exists in any case."""

import contextlib
import re
import shlex
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from pkbench.cli.main import app
from tests.docs.pages import (
    PAGES,
    ROOT,
    Command,
    Saved,
    blocks,
    commands_of,
    inline_commands,
    name_of,
    read,
    script_commands,
    steps,
)
from tests.docs.reader import follow, prepare, save

NOT_RUN = {
    r"source .*": "how one gets into the environment that make demo makes",
    r"make .*": "installs, or runs these very tests; tried with --dry-run",
    r"pkbench ui .*|pkbench status --watch.*": "goes on until it is stopped",
    r"pkbench sync.*": "starts MLflow: tests/store/test_track.py",
    r"pkbench data get table1 .*": "downloads",
    r"pkbench .*--device cuda.*": "needs a GPU",
    r"pkbench run .*--profile (fast|paper).*": "needs CIFAR-10 and a GPU",
    r"pkbench (bench|calibrate|cost)\b.*": "measure for seconds to minutes: tests/cli/test_bench.py, test_calibrate.py, test_cost.py",
    r"pkbench doctor": "its exit code is the machine's: tests/doctor",
}
"""Commands that are not run here, as patterns of the whole line, and why."""
ELSEWHERE = {
    (
        "README.md",
        "pkbench report --check --require theory:vec=supported --require fig-7:rp-catches-up@quick=supported",
    ): 1
}
"""Exit codes that differ here from those of a reader: fig-7 has not been trained."""
SHELL_WORDS = re.compile(r"^\$ |^(pkbench|make|python|git|dvc) ", flags=re.MULTILINE)


def kept_from(command: Command) -> bool:
    return any(re.fullmatch(pattern, command.text) for pattern in NOT_RUN)


def written_out(text: str) -> list[list[str]]:
    """The commands that a mention stands for: ``data list/get/check X`` for three."""
    words = shlex.split(text)
    choices = [word.split("/") if word == "list/get/check" else [word] for word in words]
    found: list[list[str]] = [[]]
    for options in choices:
        found = [[*done, option] for done in found for option in options]
    return found


@cache
def verbs() -> Any:
    return typer.main.get_command(app)


def parse(words: list[str]) -> None:
    """Fail where a verb, an option, a value or an argument is not one. Nothing is run."""
    program, *words = words
    if program == "make":
        done = subprocess.run(["make", "--dry-run", *words], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    if program != "pkbench":
        return
    group = verbs()
    context = group.make_context("pkbench", list(words), resilient_parsing=True)
    rest = list(words)
    while hasattr(group, "resolve_command"):
        name, group, rest = group.resolve_command(context, rest)
        assert group is not None, f"no such verb: {' '.join(words)}"
        context = group.make_context(name, list(rest), parent=context, resilient_parsing=hasattr(group, "commands"))


def parse_mention(words: list[str]) -> None:
    """The same for a command in running text, which may leave out its arguments or have ``N`` for a number."""
    with contextlib.suppress(typer.BadParameter):
        parse(words)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_is_one_that_exists(page: Path) -> None:
    for step in steps(read(page)):
        if isinstance(step, Command):
            parse(shlex.split(step.text))
    for command in script_commands(read(page)):
        parse(shlex.split(command))
    for command in inline_commands(read(page)):
        for words in written_out(command):
            parse_mention(words)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_blocks_say_what_they_are(page: Path) -> None:
    """Commands stand in blocks that are run, and nothing else stands there."""
    for block in blocks(read(page)):
        if block.language == "bash":
            assert block.text.startswith("#!"), f"{name_of(page)}:{block.line}: a script begins with #!"
        elif block.language == "sh":
            assert commands_of(block), f"{name_of(page)}:{block.line}: no command"
        else:
            assert not SHELL_WORDS.search(block.text), (
                f"{name_of(page)}:{block.line}: a block of commands begins with ```sh"
            )


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(block.language == "sh" for block in blocks(read(page)))], ids=name_of
)
def test_a_page_works_from_top_to_end(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0})
    for variable in ("PKBENCH_RESULTS", "PKBENCH_DATA", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(variable, raising=False)
    prepare(tmp_path)
    for step in steps(read(page)):
        if isinstance(step, Saved):
            save(step, tmp_path)
        elif not kept_from(step):
            code, output = follow(step, tmp_path)
            expected = ELSEWHERE.get((name_of(page), step.text), step.exit_code)
            assert code == expected, f"{name_of(page)}:{step.line}: {step.text}\n{output}"


def test_what_is_not_run_is_on_a_page() -> None:
    """A pattern that no command needs any more would hide the next one."""
    every = [step.text for page in PAGES for step in steps(read(page)) if isinstance(step, Command)]
    assert [pattern for pattern in NOT_RUN if not any(re.fullmatch(pattern, text) for text in every)] == []
    assert {text for _, text in ELSEWHERE} <= set(every)


def test_an_option_that_is_none_is_found() -> None:
    with pytest.raises(Exception, match="no-such-option"):
        parse(["pkbench", "data", "list", "--no-such-option"])
    with pytest.raises(Exception, match="no-such-option"):
        parse_mention(["pkbench", "data", "get", "--no-such-option"])
    with pytest.raises(AssertionError, match="no-such-verb"):
        parse_mention(["pkbench", "no-such-verb"])
    with pytest.raises(AssertionError):
        parse(["make", "no-such-goal"])
