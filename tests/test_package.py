"""The wheel has every file of the package, the sources in C included, and nothing else; the archive of sources can be tested."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = {
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "pkbench").rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    return folder


def test_the_wheel_is_the_package(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if not name.split("/")[0].endswith(".dist-info")}
    assert names == PACKAGE
    assert {"pkbench/native/mixer.c", "pkbench/paper/points.csv", "pkbench/py.typed"} <= names
    page = "pkbench/report/page"
    assert {f"{page}/page.css", f"{page}/points.js", f"{page}/templates/page.html.j2"} <= names


def test_the_archive_of_sources_has_what_its_tests_need(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as found:
        names = {name.partition("/")[2] for name in found.getnames()}
    assert names >= PACKAGE
    assert {
        "Makefile",
        "constraints.txt",
        "dvc.yaml",
        "specs/table1.toml",
        "tools/install.py",
        "tests/test_package.py",
    } <= names
    assert not any(name.startswith(("reports/", "results/", ".git/")) for name in names)
