"""Runs handed out by an extension's executor are the same runs: their records, holds and ids are pkbench's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pkbench.errors import ExtensionError
from pkbench.execute.events import Event, RunEnded
from pkbench.execute.holds import Holds
from pkbench.execute.prepare import Selection
from pkbench.execute.session import Options, Session
from pkbench.spec.load import load_spec
from tests.essence import essences_in, records_in
from tests.extend.packages import MODEL, install, on_path
from tests.small import write_small

TEXT = """
import pickle
import threading
from pkbench.extend.executor import ExecutorExtension


class Backwards(ExecutorExtension):
    api = 1

    def perform(self, groups, work, emit, should_stop):
        performer = pickle.loads(pickle.dumps(work)).performer(emit, should_stop)
        for group in reversed(groups):
            performer.perform(group)


class Threads(ExecutorExtension):
    api = 1

    def perform(self, groups, work, emit, should_stop):
        threads = [threading.Thread(target=lambda group=group: work.performer(emit, should_stop).perform(group))
                   for group in groups]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


class Lazy(ExecutorExtension):
    api = 1

    def perform(self, groups, work, emit, should_stop):
        work.performer(emit, should_stop).perform(groups[0])


class Broken(Lazy):
    def perform(self, groups, work, emit, should_stop):
        super().perform(groups, work, emit, should_stop)
        raise KeyError("lost")
"""
NAMES = ("Backwards", "Threads", "Lazy", "Broken")
ONE = Selection(only=("narrow",))


@pytest.fixture(scope="module", autouse=True)
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("site")
    with on_path(folder):
        points = {name.lower(): f"executor_module:{name}" for name in NAMES}
        install(folder, "pack", {"pkbench.executors": points}, {"executor_module": TEXT})
        yield


def run(folder: Path, executor: str | None, *, stopped: bool = False) -> list[Event]:
    spec = write_small(folder, ("epochs = 2", "epochs = 1"))
    events: list[Event] = []
    options = Options(folder / "results", "cpu", 1, executor=executor)
    Session(load_spec(spec), ONE, options).run(events.append, lambda: stopped and len(events) > 2)
    return events


def ended(events: list[Event]) -> list[str]:
    return [event.run_id for event in events if isinstance(event, RunEnded) and event.status == "finished"]


def test_another_order_and_threads_give_the_same_results(tmp_path: Path) -> None:
    usual = ended(run(tmp_path / "usual", None))
    assert ended(run(tmp_path / "backwards", "backwards")) == usual[::-1]
    assert sorted(ended(run(tmp_path / "threads", "threads"))) == sorted(usual)
    expected = essences_in(tmp_path / "usual" / "results")
    for name in ("backwards", "threads"):
        found = essences_in(tmp_path / name / "results")
        assert found == expected
        for record in records_in(tmp_path / name / "results").values():
            (own,) = record.code.extensions
            assert (own.group, own.name, own.distribution) == ("pkbench.executors", name, "pack")


def test_runs_that_are_left_are_told_and_what_is_done_stays(tmp_path: Path) -> None:
    with pytest.raises(ExtensionError, match=r"lazy of pack 1\.0 .* has left 2 of 3 runs that it was given"):
        run(tmp_path, "lazy")
    assert len(records_in(tmp_path / "results")) == 1
    assert len(ended(run(tmp_path, None))) == 2


def test_one_that_fails_loses_nothing(tmp_path: Path) -> None:
    with pytest.raises(ExtensionError, match="failed in perform: KeyError: 'lost'"):
        run(tmp_path, "broken")
    assert len(records_in(tmp_path / "results")) == 1


def test_one_that_is_not_installed_is_said_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(ExtensionError, match="no executor extension is called `cluster`"):
        run(tmp_path, "cluster")
    assert not (tmp_path / "results").exists()


def test_a_run_that_is_held_elsewhere_is_left_alone(tmp_path: Path) -> None:
    first, *_ = ended(run(tmp_path / "usual", None))
    with Holds(tmp_path / "results" / "small").held([first]):
        # It would wait for the holder: until it is asked to stop.
        events = run(tmp_path, "backwards", stopped=True)
    assert first not in ended(events)


def test_a_model_that_cannot_be_built_costs_its_own_run_alone(tmp_path: Path) -> None:
    text = MODEL.replace("        from torch import nn\n", "        raise KeyError('lost')\n")
    table = 'kind = "extension"\nname = "linear"\noptions = { bias = true }\n'
    with on_path(tmp_path / "site"):
        install(tmp_path / "site", "models-pack", {"pkbench.models": {"linear": "unbuilt:Linear"}}, {"unbuilt": text})
        spec = write_small(tmp_path, ("epochs = 2", "epochs = 1"))
        first, _, rest = spec.read_text().partition('kind = "s-mixer"')
        spec.write_text(first + table + rest[rest.index("\n[[model]]") :])
        events: list[Event] = []
        options = Options(tmp_path / "results", "cpu", 1)
        Session(load_spec(spec), Selection(seeds=1), options).run(events.append, lambda: False)
    failed, finished = (event for event in events if isinstance(event, RunEnded))
    assert (failed.status, finished.status) == ("failed", "finished")
    assert "linear of models-pack 1.0" in failed.message
    assert "failed in build: KeyError: 'lost'" in failed.message
    (record,) = (one for one in records_in(tmp_path / "results").values() if one.status == "failed")
    assert [one.name for one in record.code.extensions] == ["linear"]
