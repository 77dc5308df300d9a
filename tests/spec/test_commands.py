"""``validate``, ``schema`` and ``new`` as they are called: exit codes, streams, and never a traceback."""

import json
import stat
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from pkbench.cli.main import main
from tests.spec.broken import VALID, edited, write


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


class Call:
    """``pkbench`` in this process, in ``folder``."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        monkeypatch.chdir(folder)

    def __call__(self, *arguments: str) -> Result:
        self._monkeypatch.setattr(sys, "argv", ["pkbench", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        captured = self._capsys.readouterr()
        assert "Traceback" not in captured.err
        return Result(code, captured.out, captured.err)


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    (tmp_path / "specs").mkdir()
    write(tmp_path / "specs", VALID)
    return Call(tmp_path, monkeypatch, capsys)


def test_a_valid_spec_is_one_line(call: Call) -> None:
    result = call("validate", "specs/table1.toml")
    assert result.code == 0
    assert result.out == "ok specs/table1.toml  3 models, 3 data sets, 5 claims; quick 30 runs, fast 9, paper 54\n"
    assert result.err.startswith("warning: specs/table1.toml:72:45: ")


@pytest.mark.parametrize("arguments", [["table1"], [], ["specs/table1.toml"], ["specs/table1.toml", "table1"]])
def test_by_path_by_id_or_all(call: Call, arguments: list[str]) -> None:
    result = call("validate", *arguments)
    assert result.code == 0
    assert result.out.count("ok specs/table1.toml") == max(1, len(arguments))


def test_faults_of_all_files_and_the_names_that_are_none(call: Call) -> None:
    write(call.folder, edited(("depth = 2", "depth = 0"), ("alpha = 0.05", "alpha = 3")).text, "a.toml")
    write(call.folder, "b = yes\nc = 1\n", "b.toml")
    result = call("validate", "a.toml", "table1", "b.toml", "tabel1", ".")
    assert result.code == 2
    assert result.out.startswith("ok specs/table1.toml")
    lines = result.err.splitlines()
    starts = [".: ", "a.toml:50:9: ", "a.toml:184:9: ", "b.toml: ", "b.toml:1:5: ", "b.toml:2:1: ", "tabel1: "]
    assert all(any(line.startswith(start) for line in lines) for start in starts), result.err
    assert lines[-1] == f"{len(lines) - 2} faults"


def test_faults_for_machines(call: Call) -> None:
    write(call.folder, edited(("depth = 2", "depth = 0")).text, "a.toml")
    result = call("validate", "--json", "a.toml", "table1")
    assert result.code == 2
    data = json.loads(result.out)
    assert data["ok"] is False
    assert data["faults"] == [
        {
            "file": "a.toml",
            "line": 50,
            "column": 9,
            "what": "`model.mixer-ss-8.depth` is 0",
            "constraint": "it needs a whole number from 1 to 1,000",
            "remedy": "",
        }
    ]
    (spec,) = data["specs"]
    assert spec["runs"] == {"quick": 30, "fast": 9, "paper": 54}
    assert (spec["models"], spec["data"], spec["claims"], len(spec["sha256"])) == (3, 3, 5, 64)
    assert spec["warnings"][0]["line"] == 72


def test_the_reference_on_standard_output_and_in_a_file(call: Call) -> None:
    printed = call("schema", "--markdown")
    assert printed.code == 0
    assert printed.out.startswith("## A spec of kind train\n")
    assert call("schema", "--markdown", "--out", "x/keys.md").out == "wrote x/keys.md\n"
    assert (call.folder / "x" / "keys.md").read_text() == printed.out


def test_the_schema_on_standard_output_and_in_a_file(call: Call) -> None:
    printed = call("schema")
    assert printed.code == 0
    assert json.loads(printed.out)["title"] == "pkbench spec"
    assert call("schema", "--out", "x/y.json").out == "wrote x/y.json\n"
    assert (call.folder / "x" / "y.json").read_text(encoding="utf-8") == printed.out


def test_a_new_spec_is_valid_at_once(call: Call) -> None:
    result = call("new", "my-spec")
    assert result.code == 0
    assert result.out.startswith("wrote specs/my-spec.toml; next: pkbench run specs/my-spec.toml\n")
    assert "pkbench schema --out pkbench.schema.json" in result.out
    checked = call("validate", "my-spec")
    assert checked == Result(0, "ok specs/my-spec.toml  2 models, 1 data set, 1 claim; quick 10 runs\n", "")


def test_a_new_spec_names_the_schema_that_is_there(call: Call) -> None:
    call("schema", "--out", "pkbench.schema.json")
    result = call("new", "my-spec", "--dir", "a/b", "--data", "torchvision:MNIST")
    assert result.out == "wrote a/b/my-spec.toml; next: pkbench run a/b/my-spec.toml\n"
    first = (call.folder / "a" / "b" / "my-spec.toml").read_text(encoding="utf-8").splitlines()[0]
    assert first == "#:schema ../../pkbench.schema.json"
    assert call("validate", "a/b/my-spec.toml").code == 0


def test_a_new_spec_replaces_none_unless_told_to(call: Call) -> None:
    path = call.folder / "specs" / "table1.toml"
    refused = call("new", "table1")
    assert refused.code == 2
    assert "specs/table1.toml exists" in refused.err
    assert "--force" in refused.err
    assert path.read_text(encoding="utf-8") == VALID
    assert call("new", "table1", "--force").code == 0
    assert path.read_text(encoding="utf-8") != VALID
    assert [file.name for file in path.parent.iterdir()] == ["table1.toml"]
    assert stat.S_IMODE(path.stat().st_mode) & 0o444


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["new", "My Spec"], "for instance my-spec"),
        (["new", "x", "--data", "parket"], "did you mean parquet?"),
        (["new", "x", "--dir", "specs/table1.toml"], "cannot write"),
        (["schema", "--out", "specs"], "cannot write"),
    ],
)
def test_what_cannot_be_written(call: Call, arguments: list[str], words: str) -> None:
    result = call(*arguments)
    assert result.code == 2
    assert words in result.err


# What follows is called as a user calls it: a process of its own.

BROKEN = {
    "a value": VALID.replace("depth = 2", "depth = 0", 1),
    "a line": VALID.replace("depth = 2", "depth = two", 1),
    "nothing": "",
    "brackets": "[" * 10_000_000,
    "nested arrays": "a = " + "[" * 1_000_000,
    "binary": "\x00\x01\x02",
    "prose": "hello world\n" * 10_000,
}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pkbench", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_spec_ends_soon_with_2_and_no_traceback(name: str, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(BROKEN[name], encoding="utf-8")
    started = time.monotonic()
    result = run(tmp_path, "validate", "x.toml")
    assert time.monotonic() - started < 10
    assert result.returncode == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("x.toml:")


def test_a_valid_spec_takes_little_time(tmp_path: Path) -> None:
    """The processor's time is what the command itself costs; a busy machine only stretches the clock's."""
    write(tmp_path, VALID)
    code = "import os, subprocess, sys; subprocess.run(sys.argv[1:], check=True); print(sum(os.times()[2:4]))"
    command = [sys.executable, "-c", code, sys.executable, "-m", "pkbench", "validate", "table1.toml"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert float(result.stdout.splitlines()[-1]) < 2
