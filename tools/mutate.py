"""Mutation testing of pkbench/claims: changes that no test notices, against the list of those that change nothing.

    python tools/mutate.py [--children N] [NAME ...]        for instance: curve_tests statistics; all files without names

mutmut makes the changes and runs the claims tests on each (its settings stand in pyproject.toml), in a copy under
``build/mutation`` that keeps its results until the code changes. Survivors are printed as ``file:line: - old + new``.
Exit code 1 where one is not in ``tools/mutants.toml``, or where one listed there does not survive.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / "build" / "mutation"
LIST = ROOT / "tools" / "mutants.toml"
COPIED = ("pkbench", "tests", "tools", "specs", "pyproject.toml", "README.md", "CHANGELOG.md")
_UNNOTICED = ("survived", "no tests", "suspicious")
_RESULT = re.compile(r"\s*(\S+\.x\S*__mutmut_\d+): (.+)")


@dataclass(frozen=True)
class Change:
    """One change of a function: the lines of the file that it replaces by others."""

    file: str
    function: str
    old: str
    new: str


def main(names: list[str], children: int) -> int:
    """Run on ``children`` cores, print, and say by the exit code whether every survivor is accounted for."""
    files = names or sorted(path.stem for path in (ROOT / "pkbench" / "claims").glob("[!_]*.py"))
    _copy()
    _mutmut("run", "--max-children", str(children), *(f"pkbench.claims.{name}.*" for name in files))
    accepted = _accepted(files)
    survived = {_change(name) for name in _survivors(files)}
    for change in sorted(survived - accepted, key=_place):
        print("{}:{} in {}\n  - {}\n  + {}".format(*_place(change), change.function, change.old, change.new))
    for change in sorted(accepted - survived, key=_place):
        print(f"{LIST.name} lists a change of {change.function} in {change.file} that a test notices: {change.new}")
    print(f"{len(survived)} changes survived, {len(survived - accepted)} of them are not in {LIST.name}")
    return int(survived != accepted)


def _copy() -> None:
    """The files that the tests need; mutmut's own folder beside them stays.

    Each gets a new time: mutmut would take one that was edited while it made its changes for one that it knows.
    """
    for name in COPIED:
        source, target = ROOT / name, COPY / name
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"), copy_function=shutil.copy)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


def _mutmut(*arguments: str) -> str:
    """Output of a command of mutmut's; a run shows its own progress."""
    shown = arguments[0] == "run"
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", *arguments],
        cwd=COPY,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=None if shown else subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout or ""


def _survivors(files: list[str]) -> list[str]:
    found = [match for line in _mutmut("results").splitlines() if (match := _RESULT.fullmatch(line))]
    return [
        name
        for name, status in (match.groups() for match in found)
        if status in _UNNOTICED and name.split(".")[2] in files
    ]


def _change(name: str) -> Change:
    """What the mutant called ``name`` is, from the diff that mutmut shows of it."""
    file = "/".join(name.split(".")[:3]) + ".py"
    # mutmut's names are x_FUNCTION__mutmut_N and xǁCLASSǁMETHOD__mutmut_N.
    function = re.sub(r"__mutmut_\d+$", "", name.rpartition(".x")[2])[1:].replace("ǁ", ".")
    lines = [line for line in _mutmut("show", name).splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    old, new = (" ".join(line[1:].strip() for line in lines if line[0] == sign) for sign in "-+")
    return Change(file, function, old, new)


def _place(change: Change) -> tuple[str, int]:
    """File and line of the function's first line that is changed."""
    lines = (ROOT / change.file).read_text(encoding="utf-8").splitlines()
    name = change.function.rpartition(".")[2]
    start = next((i for i, line in enumerate(lines) if re.match(rf"\s*def {re.escape(name)}\(", line)), 0)
    place = next(
        (i for i, line in enumerate(lines[start:], start) if line.strip() and change.old.startswith(line.strip())),
        start,
    )
    return change.file, place + 1


def _accepted(files: list[str]) -> set[Change]:
    """Changes that were looked at and change nothing, each with its reason in the list."""
    listed = tomllib.loads(LIST.read_text(encoding="utf-8")).get("equivalent", [])
    if any(not item["reason"] for item in listed):
        raise SystemExit(f"{LIST.name}: every change has its reason")
    changes = (Change(item["file"], item["function"], item["old"], item["new"]) for item in listed)
    return {change for change in changes if Path(change.file).stem in files}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Mutation testing of pkbench/claims.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a file of pkbench/claims; all without any")
    parser.add_argument("--children", type=int, default=os.cpu_count() or 1, help="tests run at once (all cores)")
    given = parser.parse_args()
    sys.exit(main(given.names, given.children))
