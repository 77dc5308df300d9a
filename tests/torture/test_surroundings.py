"""Surroundings that nobody tests by hand: no home, no locale, odd paths and names, a clock that runs backwards."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.execute.test_session import Watched
from tests.small import write_small

from .commands import bytes_in, environment, essences_in, pkbench, records_in
from .conftest import Torture

RUN = ("run", "small", "--no-mlflow", "--only", "narrow/0", "--jobs", "1")


def check_all_is_well(folder: Path, **options: object) -> None:
    """Plan, run, run again, and report in ``folder``: exit code 0 and not a word on standard error."""
    for words in (
        ("plan", "small", "--only", "narrow/0"),
        RUN,
        (*RUN, "--json"),
        ("report", "small"),
        ("claims", "small"),
    ):
        done = pkbench(*words, cwd=folder, **options)
        assert (done.returncode, done.stderr) == (0, ""), f"{words}: {done.stdout}{done.stderr}"
    assert len(records_in(folder / "results")) == 1


def readable_by_all(path: Path) -> bool:
    return all(place.stat().st_mode & stat.S_IXOTH for place in path.resolve().parents)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may write in."""
    folder = Path(tempfile.mkdtemp(prefix="pkbench-torture-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("home", [None, "/proc/nowhere"], ids=["unset", "unwritable"])
def test_no_home_and_no_cache(tmp_path: Path, torture: Torture, home: str | None) -> None:
    if home is None:
        torture.only_full()
    write_small(tmp_path)
    places = dict.fromkeys(("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "MPLCONFIGDIR"))
    if home is None and not torture.full:
        pytest.skip("the user's own cache would be used: `make torture` does it")
    check_all_is_well(tmp_path, env=environment(HOME=home, **places))
    assert not (tmp_path / "~").exists()
    torture.tell("HOME unset, or a folder that cannot be written", 1, "nothing")


def test_a_user_the_system_does_not_know(open_folder: Path, torture: Torture) -> None:
    """As in a container that was started with a number for a user: '~' means nothing."""
    if os.geteuid() or not readable_by_all(Path(sys.executable)):
        pytest.skip("needs root, and an interpreter that others may run")
    write_small(open_folder)
    for place in (open_folder, open_folder / "specs"):
        place.chmod(0o777)
    check_all_is_well(open_folder, env=environment(HOME=None), user=54321, group=54321, extra_groups=[])
    assert not (open_folder / "~").exists()
    torture.tell("a user without name and home", 1, "nothing")


ODD = "mit Leerzeichen, ä ö ü, 日本語 (1) 100% #x [y] 'z'"


@pytest.mark.parametrize("locale", ["C", "POSIX", "xx_YY.UTF-8"])
def test_odd_locales(tmp_path: Path, torture: Torture, locale: str) -> None:
    """On a path that ASCII cannot spell, without Python's own rescue (UTF-8 mode, coercion of the locale)."""
    if locale == "xx_YY.UTF-8":
        torture.only_full()
    if locale == "POSIX" and not torture.full:
        pytest.skip("another name of C: `make torture` does it")
    folder = tmp_path / ODD
    write_small(folder)
    plain = {"LC_ALL": locale, "LANG": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": None}
    check_all_is_well(folder, env=environment(**plain))
    torture.tell(f"locale {locale}, on a path with spaces and letters that ASCII lacks", 1, "nothing")


def test_the_mirror_on_an_odd_path(tmp_path: Path, torture: Torture) -> None:
    torture.only_full()
    folder = tmp_path / ODD
    spec = write_small(folder)
    Watched().run(spec)
    done = pkbench("sync", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("6 pushed, 0 replaced, 0 already there")
    again = pkbench("sync", cwd=folder)
    assert again.stdout.startswith("0 pushed, 0 replaced, 6 already there")
    torture.tell("MLflow's database on such a path", 1, "nothing")


def test_names_as_long_as_the_system_has_them(tmp_path: Path, torture: Torture) -> None:
    """255 bytes for the folder, the spec's file and the files that are written."""
    folder = tmp_path / ("ü" * 127 + "x")
    spec = write_small(folder)
    named = spec.with_name("長" * 83 + "x.toml")
    spec.rename(named)
    assert [len(os.fsencode(path.name)) for path in (folder, named)] == [255, 255]
    done = pkbench("run", named, *RUN[2:], cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    out = "é" * 125 + ".json"
    assert len(os.fsencode(out)) == 255
    done = pkbench("data", "check", named, "--out", out, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / out).stat().st_size > 0
    done = pkbench("report", named, "--out", "n" * 255, cwd=folder)
    assert done.returncode == 0, done.stderr
    too_long = pkbench("data", "check", named, "--out", "n" * 256, cwd=folder)
    assert too_long.returncode == 1
    assert "File name too long" in too_long.stderr
    assert "Traceback" not in too_long.stderr
    torture.tell("names of 255 bytes for folder, spec and output", 3, "nothing")


def test_a_strict_umask(tmp_path: Path, torture: Torture) -> None:
    """What is written is this user's alone, and all of it can be read again."""
    write_small(tmp_path)
    check_all_is_well(tmp_path, umask=0o077)
    written = [path for folder in ("results", "reports") for path in (tmp_path / folder).rglob("*")]
    assert written
    assert not [path for path in written if path.stat().st_mode & 0o077]
    torture.tell("umask 077", 1, "nothing")


BACKWARDS = """
import time
_real, _real_ns, _calls = time.time, time.time_ns, [0]
def _back():
    _calls[0] += 1
    return 3600 * _calls[0]
time.time = lambda: _real() - _back()
time.time_ns = lambda: _real_ns() - 10**9 * _back()
"""
"""Python runs a module of this name when it starts: workers and the mirror's process do so, too."""


def test_a_clock_that_steps_back(tmp_path: Path, torture: Torture) -> None:
    """An hour at every look at it; the system's own clock is everybody's and stays as it is."""
    (tmp_path / "clock").mkdir()
    (tmp_path / "clock" / "sitecustomize.py").write_text(BACKWARDS)
    given = environment()
    given["PYTHONPATH"] = os.pathsep.join([str(tmp_path / "clock"), given["PYTHONPATH"]])
    spec, whole = write_small(tmp_path / "a"), write_small(tmp_path / "whole")
    folder = spec.parent.parent
    for words in (("run", "small", "--jobs", "2"), ("plan", "small"), ("report", "small")):
        done = pkbench(*words, cwd=folder, env=given)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
    found = records_in(folder / "results").values()
    assert any(record.ended < record.started for record in found), "else the clock did not step back"
    assert all(epoch.seconds >= 0 for record in found for epoch in record.history)
    again = pkbench("run", "small", cwd=folder, env=given)
    assert "6 skipped (6 done)" in again.stdout
    done = pkbench("sync", cwd=folder, env=given)
    assert done.returncode == 0, done.stderr
    Watched().run(whole)
    assert essences_in(folder / "results") == essences_in(tmp_path / "whole" / "results")
    torture.tell("a clock that steps back an hour at every look", 1, "nothing")


def test_nothing_is_written_beside_the_project(tmp_path: Path) -> None:
    """What the tests above rely on: results, reports, and no more."""
    write_small(tmp_path)
    pkbench(*RUN, cwd=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"specs", "results"}
    assert len(bytes_in(tmp_path / "results")) == 1
