"""The installer says what is missing, and does nothing when all is there. (That it installs is what CI begins with.)"""

import importlib.util
from collections import namedtuple
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parent.parent / "tools" / "install.py"


@pytest.fixture
def install() -> ModuleType:
    spec = importlib.util.spec_from_file_location("install", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_old_python_is_named_with_the_way_out(install: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "version_of", lambda _: (3, 9))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 to 3\.13 .* is Python 3\.9(?s:.*)make demo PYTHON="):
        install.find_python()


def test_a_newer_one_on_the_path_is_found(install: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"python3.12": (3, 12)}
    monkeypatch.setattr(install, "version_of", lambda python: versions.get(python, (3, 9)))
    assert install.find_python() == "python3.12"


def test_a_broken_interpreter_is_none(install: ModuleType) -> None:
    assert install.version_of("/no/such/python") is None
    assert install.version_of("false") is None


def test_a_full_disk_is_said_before_anything_is_fetched(install: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(install.shutil, "disk_usage", lambda _: usage(10**11, 0, 3 * 10**9))
    with pytest.raises(SystemExit, match=r"needs about 9 GB of free disk .* has 3\.0 GB"):
        install.check_disk()


def test_nothing_is_done_twice(install: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def never(*arguments: object) -> None:
        raise AssertionError(arguments)

    monkeypatch.setattr(install, "STAMP", tmp_path / "stamp")
    for name in ("pip", "make_environment"):
        monkeypatch.setattr(install, name, never)
    monkeypatch.setattr(install.sys, "argv", ["install.py", "dvc", "mlflow"])
    (tmp_path / "stamp").write_text(install.wanted_stamp(["mlflow", "dvc"]) + "\n")
    install.main()
    (tmp_path / "stamp").write_text(install.wanted_stamp(["dev"]) + "\n")
    with pytest.raises(AssertionError):
        install.main()


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("Downloading torch-2.15.0-cp311-none-manylinux_2_28_x86_64.whl (529.7 MB)", "torch 2.15.0 (529.7 MB)"),
        ("Using cached numpy-2.4.6-cp311-x.whl (16 MB)", "numpy 2.4.6 (16 MB)"),
        ("Downloading rich-15.0.0-py3-none-any.whl.metadata (18 kB)", None),
        ("Installing collected packages: a, b, c", "unpacking 3 packages"),
        ("ERROR: No matching distribution", "ERROR: No matching distribution"),
        ("Collecting rich", None),
    ],
)
def test_progress_is_a_line_a_package(install: ModuleType, line: str, text: str | None) -> None:
    assert install.short(line) == text
