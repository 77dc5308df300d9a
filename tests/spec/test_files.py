"""Whatever a spec's path leads to, there is one fault, soon, and no traceback."""

import os
import resource
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pkbench.errors import Fault, SpecError
from pkbench.spec.files import MAX_BYTES
from pkbench.spec.load import load_spec


def only_fault(path: Path) -> Fault:
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    (fault,) = caught.value.faults
    assert fault.place.file == str(path)
    return fault


CONTENTS: dict[str, tuple[bytes, tuple[int, int], list[str]]] = {
    "nothing": (b"", (0, 0), ["empty", "pkbench new <id>"]),
    "only comments": (b"# later\n\n# perhaps\n", (0, 0), ["empty"]),
    "only a mark": (b"\xef\xbb\xbf", (0, 0), ["empty"]),
    "Latin-1": ("a = 1\nb = 'é'\n".encode("latin-1"), (2, 6), ["0xE9", "save the file as UTF-8"]),
    "Latin-1 after accents": ("é = 'é".encode() + b"\xe9'\n", (1, 7), ["0xE9"]),
    "Latin-1 after a mark": (b"\xef\xbb\xbfa\n\xe9", (2, 1), ["0xE9"]),
    "UTF-16": ("a = 1\n".encode("utf-16"), (1, 1), ["UTF-16", "UTF-8"]),
    "an archive": (b"PK\x03\x04\x14\x00\x00\x00\x08\x00", (1, 6), ["NUL", "not text"]),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00", (1, 1), ["0x89"]),
    "NUL further down": (b"a = 1\nb = '\x00'\n", (2, 6), ["NUL"]),
    "a thousand brackets": (b"[" * 1000, (1, 3), ["the name of a table is expected"]),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_what_is_no_spec_text_is_one_fault(name: str, tmp_path: Path) -> None:
    content, place, words = CONTENTS[name]
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    fault = only_fault(path)
    assert (fault.place.line, fault.place.column) == place
    assert [word for word in words if word not in str(fault)] == [], str(fault)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "no such file" in only_fault(tmp_path / "x.toml").what


def test_a_folder(tmp_path: Path) -> None:
    assert only_fault(tmp_path).what == "this is a folder"


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    os.mkfifo(path)
    started = time.monotonic()
    assert only_fault(path).what == "this is a pipe"
    assert time.monotonic() - started < 5


def test_a_device() -> None:
    assert only_fault(Path("/dev/zero")).what == "this is a device"


def test_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("x.toml")
        assert only_fault(Path("x.toml")).what == "this is a socket"


def test_a_loop_of_links(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.symlink_to(path)
    assert "cannot be read" in only_fault(path).what


def test_a_file_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    assert "cannot be read: Not a directory" in only_fault(tmp_path / "x" / "y.toml").what


@pytest.mark.parametrize("name", ["x" * 5000, "x\0y"], ids=["too long", "NUL"])
def test_a_name_that_can_be_no_file(name: str) -> None:
    assert "cannot be" in only_fault(Path(name)).what


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.toml"
    path.write_text("a = 1")

    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    assert only_fault(path).what == "this file cannot be read: Permission denied"


def test_a_file_over_the_limit_is_not_parsed(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    fault = only_fault(path)
    assert fault.what == f"this file has {MAX_BYTES + 1:,} bytes"
    assert f"at most {MAX_BYTES:,}" in fault.constraint


HUGE = {
    "10 MB of brackets": b"[" * 10_000_000,
    "1 MB of brackets": b"[" * MAX_BYTES,
    "1 MB of nested arrays": b"a = " + b"[" * (MAX_BYTES - 4),
    "1 MB of nested tables": b"a=" + b"{a=" * (MAX_BYTES // 3 - 1),
    "1 MB of a dotted key": b"a." * (MAX_BYTES // 2 - 4) + b"a = 1",
    "1 MB of an open text": b'a = "' + b"\\\\" * (MAX_BYTES // 2 - 4),
}


@pytest.mark.parametrize("name", HUGE)
def test_depth_and_size_cost_neither_time_nor_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(HUGE[name])
    started, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert len(str(only_fault(path))) < 500
    assert time.process_time() - started < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_validating_imports_nothing_heavy() -> None:
    code = """
import sys
from pathlib import Path
from pkbench.cli import main
from pkbench.spec.load import load_spec
try:
    load_spec(Path(sys.argv[1]))
finally:
    heavy = {"torch", "numpy", "scipy", "matplotlib", "sklearn", "pyarrow", "rich", "jsonschema"}
    print(sorted(heavy & set(sys.modules)))
"""
    path = Path(__file__).parent / "table1.toml"
    run = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
