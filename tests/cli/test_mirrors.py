"""The mirrors of one command: a process for a results folder, told of each record, waited for at the end."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pkbench.cli.mirrors import Mirrors
from pkbench.cli.stopping import Stopper
from pkbench.spec.load import load_any
from pkbench.store.mirror import MirrorOutcome
from tests.cli.conftest import Command
from tests.small import write_small

HERE, THERE = Path("here"), Path("there")


class Fake:
    """What a :class:`BackgroundMirror` is asked for."""

    made: list[Fake]

    def __init__(self, results: Path, spec_ids: Sequence[str]) -> None:
        self.asked: list[Any] = [results, *spec_ids]
        self.made.append(self)

    def start(self) -> None:
        self.asked.append("start")

    def nudge(self) -> None:
        self.asked.append("nudge")

    def finish(self, timeout_s: float, should_stop: Callable[[], bool]) -> MirrorOutcome:
        self.asked.append((timeout_s, should_stop()))
        return MirrorOutcome("caught up")


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> list[Fake]:
    monkeypatch.setattr("pkbench.store.mirror.BackgroundMirror", Fake)
    Fake.made = []
    return Fake.made


def specs(*places: tuple[str, Path]) -> Any:
    return [(SimpleNamespace(spec=SimpleNamespace(experiment=SimpleNamespace(id=name))), at) for name, at in places]


def test_specs_of_a_folder_share_a_process(made: list[Fake], capsys: pytest.CaptureFixture[str]) -> None:
    mirrors = Mirrors(specs(("a", HERE), ("b", THERE), ("c", HERE), ("d", Path("no run"))))
    with mirrors.finished(Stopper(None), quiet=False, json_events=False):
        for folder in (HERE, THERE, HERE):
            mirrors.start(folder)
            mirrors.nudge(folder)
        mirrors.start(Path("no run"))
        assert not capsys.readouterr().out
    assert [mirror.asked for mirror in made] == [
        [HERE, "a", "c", "start", "nudge", "start", "nudge", (20.0, False)],
        [THERE, "b", "start", "nudge", (20.0, False)],
        [Path("no run"), "d", "start"],
    ]
    assert capsys.readouterr().out == "note: mirrored in MLflow: `pkbench ui` shows it\n" * 2


def test_what_was_computed_is_mirrored_whatever_ends_the_command(made: list[Fake]) -> None:
    mirrors = Mirrors(specs(("a", HERE)))

    def fail() -> None:
        with mirrors.finished(Stopper(None), quiet=True, json_events=False):
            mirrors.nudge(HERE)
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert made[0].asked[-1] == (20.0, False)


def test_checks_and_commands_without_a_mirror_have_none(made: list[Fake]) -> None:
    checks = load_any(Path(__file__).parents[2] / "specs" / "theory.toml")
    mirrors = Mirrors([(checks, HERE)])
    with mirrors.finished(Stopper(None), quiet=False, json_events=False):
        mirrors.start(HERE)
        mirrors.nudge(HERE)
    assert not made


@pytest.mark.skipif(importlib.util.find_spec("mlflow") is None, reason="needs MLflow")
def test_runs_of_two_specs_are_mirrored_by_one_command(tmp_path: Path, pkbench: Command) -> None:
    small = write_small(tmp_path)
    small.with_name("other.toml").write_text(small.read_text().replace('id = "small"', 'id = "other"'))
    run = pkbench("run", "small", "other", "--jobs", "1", "--only", "narrow/0")
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == "note: mirrored in MLflow: `pkbench ui` shows it"
    assert run.stdout.count("note:") == 1
    assert pkbench("sync").stdout.startswith("0 pushed, 0 replaced, 2 already there")
