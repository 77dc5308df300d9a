"""Whoever is refused is told what to do next: every error that a user can cause says so where it is raised."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pkbench
from pkbench import errors

PACKAGE = Path(str(pkbench.__file__)).parent
ROOMS = ("cli", "data", "execute", "plan", "report", "results", "store")
"""What a command calls; faults of specs have their own way to say it, and failures of training are kept as results."""
KINDS = {error.__name__ for error in (errors.UsageError, errors.DataError, errors.StoreError, errors.PkbenchError)}


def without_remedy(source: str) -> Iterator[str]:
    """The errors that ``source`` makes without saying what to do, each after its line."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS:
            remedies = [keyword.value for keyword in node.keywords if keyword.arg == "remedy"]
            if not remedies or (isinstance(remedies[0], ast.Constant) and not remedies[0].value):
                yield f"{node.lineno}: {ast.unparse(node)}"


def test_every_error_says_what_to_do() -> None:
    files = [path for room in ROOMS for path in (PACKAGE / room).rglob("*.py")] + [PACKAGE / "api.py"]
    assert len(files) > 100
    found = [f"{path}:{line}" for path in files for line in without_remedy(path.read_text(encoding="utf-8"))]
    assert found == []


def test_one_that_does_not_is_found() -> None:
    source = (
        "raise UsageError('x', constraint='y')\nraise StoreError('x', remedy='')\nraise UsageError('x', remedy=why)"
    )
    assert [line.partition(":")[0] for line in without_remedy(source)] == ["1", "2"]
