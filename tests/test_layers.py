"""One direction of data: a room may import the rooms named here and nothing else of the package."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pkbench

PACKAGE = Path(pkbench.__file__).parent
LEAVES = {
    "cache",
    "errors",
    "extend",
    "finding",
    "paper",
    "widths",
    "structures",
    "sizes",
    "seeding",
    "atomic",
    "reading",
    "table",
    "tensors",
    "visible",
}
ALLOWED: dict[str, set[str]] = {
    "cache": set(),
    "errors": set(),
    "extend": {"errors", "sizes", "visible"},
    "finding": set(),
    "paper": set(),
    "seeding": set(),
    "reading": set(),
    "table": {"visible"},
    "tensors": set(),
    "visible": set(),
    "widths": set(),
    "structures": {"errors", "widths"},
    "sizes": {"errors", "widths", "structures"},
    "atomic": {"errors"},
    "spec": LEAVES,
    "plan": LEAVES | {"spec"},
    "audit": LEAVES | {"spec"},
    "data": LEAVES | {"spec", "native"},
    "native": {"cache"},
    "models": LEAVES | {"spec", "native"},
    "train": LEAVES | {"spec", "plan", "data", "models", "native"},
    "probes": LEAVES | {"spec", "plan", "data", "models", "train"},
    "store": LEAVES | {"spec", "plan"},
    "execute": LEAVES | {"spec", "plan", "audit", "data", "native", "models", "train", "probes", "store"},
    "claims": LEAVES | {"spec", "plan", "store"},
    "report": LEAVES | {"spec", "plan", "store", "claims"},
    "results": LEAVES | {"spec", "plan", "data", "store", "execute", "claims", "report"},
    "doctor": LEAVES | {"spec", "data", "native", "store", "execute"},
    "bench": LEAVES | {"spec", "plan", "data", "models", "train", "execute", "report"},
    "api": LEAVES | {"spec", "plan", "store", "execute", "claims", "report", "results"},
    "cli": LEAVES
    | {
        "spec",
        "plan",
        "audit",
        "data",
        "models",
        "train",
        "probes",
        "store",
        "execute",
        "claims",
        "report",
        "results",
        "doctor",
        "bench",
    },
}
TOP_FILES = {"__init__", "__main__"}
"""``__main__`` calls the command line."""
NO_TORCH = LEAVES | {"spec", "plan", "audit", "claims", "report", "results", "api"}


def room_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    """Every module imported anywhere in ``path``, functions included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
    return found


FILES = sorted(path for path in PACKAGE.rglob("*.py") if room_of(path) not in TOP_FILES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_follow_the_layers(path: Path) -> None:
    room = room_of(path)
    own = {module.split(".")[1] for module in imports_of(path) if module.startswith("pkbench.")}
    assert own - {room} <= ALLOWED[room]
    if room in NO_TORCH:
        assert not {module.split(".")[0] for module in imports_of(path)} & {"torch", "torchvision", "mlflow", "dvc"}


def test_every_room_is_ordered() -> None:
    assert {room_of(path) for path in FILES} == set(ALLOWED)


@pytest.mark.parametrize("arguments", [["--help"], ["validate", "specs/table1.toml"]])
def test_light_verbs_import_nothing_heavy(arguments: list[str]) -> None:
    heavy = ["torch", "mlflow", "dvc", "scipy", "matplotlib", "sklearn", "pandas", "pyarrow", "numpy"]
    code = (
        "import sys; from pkbench.cli.main import main\n"
        f"sys.argv = ['pkbench', *{arguments!r}]\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_files_keep_to_one_purpose() -> None:
    """300 lines is where a file has taken on a second purpose."""
    long = {str(path): n for path in FILES if (n := len(path.read_text(encoding="utf-8").splitlines())) > 300}
    assert not long
