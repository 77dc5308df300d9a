"""The package as Python code uses it: the verbs as functions, results as tables, errors and Ctrl-C."""

import ast
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pytest
import torch

import pkbench
from pkbench.errors import PkbenchError, SpecError, UsageError
from pkbench.execute.checks import CheckEnded
from pkbench.execute.events import EpochEnded, RunEnded, RunStarted
from pkbench.execute.listener import Listener
from pkbench.results.tables import CHECK_COLUMNS, EPOCH_COLUMNS, RUN_COLUMNS
from pkbench.store.files import Store
from tests.results.conftest import call
from tests.small import write_small
from tests.spec.test_check_specs import AUDIT, write_checks

PAGE = Path(__file__).parent.parent / "docs" / "python.md"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spec, run by the API."""
    path = write_small(tmp_path_factory.mktemp("project"))
    events: list[object] = []
    done = pkbench.run_spec(path, device="cpu", on_event=events.append)
    assert (done.planned, done.to_run, done.finished, done.left, done.complete) == (6, 6, 6, 0, True)
    kinds = [type(event) for event in events]
    assert (kinds.count(RunStarted), kinds.count(EpochEnded), kinds.count(RunEnded)) == (6, 12, 6)
    return path


def test_what_is_planned_is_run_once(finished: Path) -> None:
    spec = pkbench.load_spec(finished)
    plan = pkbench.plan_spec(spec, device="cpu", seeds=4, estimate=False)
    assert (plan.runs.height, plan.to_run) == (8, 2)
    assert plan.runs["action"] == ["skip"] * 6 + ["run"] * 2
    assert plan.runs["seed"][-2:] == [3, 3]
    assert plan.runs["connections"][0] == plan.runs["connections"][6]
    again = pkbench.run_spec(spec, device="cpu")
    assert (again.to_run, again.finished, again.complete) == (0, 0, True)
    afresh = pkbench.plan_spec(spec, only=["narrow/0"], fresh=True, estimate=False)
    assert afresh.runs["action"] == ["run"]


def test_the_command_line_sees_the_same(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(finished.parent.parent)
    result = call("run", "small", "--device", "cpu", "--no-mlflow")
    assert result.exit_code == 0
    assert "6 runs, 0 to compute, 6 skipped (6 done)" in result.output


def test_results_a_run_a_row(finished: Path) -> None:
    table = pkbench.read_results(finished)
    assert list(table) == list(RUN_COLUMNS)
    assert table["model"] == ["narrow", "random"] * 3
    assert table["epochs"] == [2] * 6
    records = Store(finished.parent.parent / "results").scan("small").records
    for row in table.rows():
        record = records[str(row["run"])]
        assert row["test_error_percent"] == record.final.test_error
        assert (row["seconds"], row["width"]) == (record.seconds, record.counts.width)
    frame = pd.DataFrame(table)
    means = frame.groupby("model")["test_error_percent"].mean()
    assert means["narrow"] == pytest.approx(
        sum(record.final.test_error or 0 for record in records.values() if record.labels.model == "narrow") / 3
    )
    assert (frame["S"].dtype.kind, frame["lr"].dtype.kind, frame["seed"].dtype.kind) == ("i", "f", "i")


def test_every_column_has_one_type(finished: Path) -> None:
    """Polars refuses others."""
    for table in (pkbench.read_results(finished, epochs=True), pkbench.plan_spec(finished, estimate=False).runs):
        for name, cells in table.items():
            assert len({type(cell) for cell in cells if cell is not None}) <= 1, name


def test_results_an_epoch_a_row(finished: Path) -> None:
    table = pkbench.read_results(finished, epochs=True)
    assert list(table) == list(EPOCH_COLUMNS)
    assert table["epoch"] == [1, 2] * 6
    last = [row for row in table.rows() if row["epoch"] == 2]
    assert [row["test_error_percent"] for row in last] == pkbench.read_results(finished)["test_error_percent"]


def test_results_of_folders(finished: Path) -> None:
    of_spec = pkbench.read_results(finished)
    results = finished.parent.parent / "results"
    for folder in (results, str(results), results / "small"):
        assert sorted(map(str, pkbench.read_results(folder)["run"])) == sorted(map(str, of_spec["run"]))
    assert pkbench.read_results(results, profile="paper").height == 0
    with pytest.raises(UsageError, match="there are no results in"):
        pkbench.read_results(finished.parent)


def test_a_damaged_record_is_told(finished: Path, tmp_path: Path) -> None:
    path = write_small(tmp_path)
    pkbench.run_spec(path, device="cpu", only=["narrow/0"])
    (record,) = (tmp_path / "results" / "small" / "runs").iterdir()
    record.write_text("damaged")
    table = pkbench.read_results(path)
    assert table.height == 0
    assert "counts as not done" in table.problems[0]


def test_findings_rest_on_their_runs(finished: Path) -> None:
    found = pkbench.evaluate_spec(finished)
    (one,) = found
    assert one is found.of("rp-parity") is found.of("rp-parity", "digits")
    assert one.outcome in {"supported", "contradicted", "inconclusive"}
    table = pkbench.read_results(finished)
    assert sorted(one.runs) == sorted(map(str, table["run"]))
    errors = {
        model: [row["test_error_percent"] for row in table.rows() if row["model"] == model]
        for model in ("random", "narrow")
    }
    effects = [a - b for a, b in zip(errors["random"], errors["narrow"], strict=True)]  # type: ignore[operator]
    assert one.effect == pytest.approx(sum(effects) / 3)
    assert one.low is not None
    assert one.high is not None
    assert one.low < one.effect < one.high
    assert (one.n, one.n_planned, one.unit) == (3, 3, "points")
    assert found.table()["sentence"] == [one.sentence]
    with pytest.raises(UsageError, match='did you mean "rp-parity"'):
        found.of("rp-parit")
    assert pkbench.evaluate_spec(finished, seeds=5).notes


def test_ctrl_c_saves_and_is_raised(tmp_path: Path) -> None:
    path = write_small(tmp_path, ("epochs = 2", "epochs = 40"))
    seen: list[str] = []

    def interrupt(event: object) -> None:
        seen.append(type(event).__name__)
        if isinstance(event, EpochEnded):
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT), torch.get_num_threads()
    with pytest.raises(KeyboardInterrupt):
        pkbench.run_spec(path, device="cpu", on_event=interrupt)
    assert (signal.getsignal(signal.SIGINT), torch.get_num_threads()) == before
    assert seen == ["RunStarted", "EpochEnded", "RunEnded"]
    assert pkbench.plan_spec(path, estimate=False).runs["state"][0] == "interrupted"
    resumed: list[int] = []

    def stop(event: object) -> None:
        if isinstance(event, RunStarted):
            resumed.append(event.resumed_after)
            raise TypeError("enough")

    with pytest.raises(TypeError, match="enough"):
        pkbench.run_spec(path, device="cpu", on_event=stop)
    assert resumed == [1]


def test_a_listener_that_fails_costs_no_run(tmp_path: Path) -> None:
    path = write_small(tmp_path)

    def fail(event: object) -> None:
        if isinstance(event, RunEnded):
            raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        pkbench.run_spec(path, device="cpu", on_event=fail)
    assert pkbench.read_results(path)["status"] == ["finished"]


def test_a_second_ctrl_c_does_not_wait() -> None:
    listener = Listener(lambda _event: None)
    reached: list[bool] = []

    def press_twice() -> None:
        with listener.listening():
            os.kill(os.getpid(), signal.SIGINT)
            reached.append(listener.should_stop())
            os.kill(os.getpid(), signal.SIGINT)
            reached.append(False)

    with pytest.raises(KeyboardInterrupt):
        press_twice()
    assert reached == [True]


def test_another_thread_can_run(tmp_path: Path) -> None:
    path = write_small(tmp_path)
    done: list[int] = []
    thread = threading.Thread(
        target=lambda: done.append(pkbench.run_spec(path, device="cpu", only=["narrow/0"]).finished)
    )
    thread.start()
    thread.join()
    assert done == [1]


def test_checks_are_runs_of_their_kind(tmp_path: Path) -> None:
    path = write_checks(tmp_path, AUDIT)
    plan = pkbench.plan_spec(path)
    assert plan.to_run == plan.runs.height > 0
    events: list[object] = []
    done = pkbench.run_spec(path, on_event=events.append)
    assert (done.finished, done.left, done.complete) == (plan.to_run, 0, True)
    assert all(isinstance(event, CheckEnded) for event in events)
    again = pkbench.run_spec(path)
    assert (again.to_run, again.complete) == (0, True)
    table = pkbench.read_results(path)
    assert list(table) == list(CHECK_COLUMNS)
    findings = pkbench.evaluate_spec(path)
    assert [one.outcome for one in findings] == table["outcome"]
    assert [one.runs for one in findings] == [(run,) for run in table["run"]]
    with pytest.raises(UsageError, match="has no epochs"):
        pkbench.read_results(path, epochs=True)


def test_errors_are_those_of_the_command_line(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no profile papr; choose one it has"):
        pkbench.plan_spec(finished, profile="papr")
    with pytest.raises(UsageError, match="there is no spec"):
        pkbench.load_spec("nowhere")
    with pytest.raises(PkbenchError, match="nothing-installed"):
        pkbench.run_spec(finished, executor="nothing-installed")
    for odd in (2.0, "3", True, [1, 2]):
        with pytest.raises(UsageError, match=r"seeds = .*; a whole number from 1"):
            pkbench.plan_spec(finished, seeds=odd)  # type: ignore[arg-type]
    assert pkbench.plan_spec(finished, only="*/0", estimate=False).runs["seed"] == [0, 0]
    with pytest.raises(UsageError, match="there is no folder"):
        pkbench.read_results(finished, results=finished.parent / "nowhere")
    with pytest.raises(UsageError, match=r"seeds = 0; a whole number from 1"):
        pkbench.run_spec(finished, seeds=0)
    broken = write_small(tmp_path, ("epochs = 2", 'epochs = "2"'))
    with pytest.raises(SpecError) as raised:
        pkbench.load_spec(broken)
    assert [fault.place.line for fault in raised.value.faults] == [
        broken.read_text().splitlines().index('epochs = "2"') + 1
    ]


def test_importing_the_package_imports_nothing_else() -> None:
    code = (
        "import sys, pkbench\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('torch', 'pydantic', 'numpy', 'typer')])\n"
        "print(sorted(set(dir(pkbench)) & set(pkbench.__all__)) == sorted(pkbench.__all__))\n"
        "pkbench.read_results\n"
        "print('torch' in sys.modules, 'pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split("\n")[:3] == ["[]", "True", "False True"]


def test_what_is_not_there_is_an_attribute_error() -> None:
    assert not hasattr(pkbench, "nothing")


def test_type_checkers_see_what_is_exported() -> None:
    tree = ast.parse(Path(str(pkbench.__file__)).read_text(encoding="utf-8"))
    seen = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "pkbench.api"
        for alias in node.names
    }
    assert seen == set(pkbench.__all__)


def test_the_page_says_what_there_is(
    finished: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its example runs as it stands, and its tables name every function and column."""
    monkeypatch.chdir(finished.parent.parent)
    text = PAGE.read_text(encoding="utf-8")
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(code.replace('"table1"', '"small"'), {})
    assert "rp-parity" in capsys.readouterr().out
    for name in (*pkbench.__all__, *RUN_COLUMNS, *EPOCH_COLUMNS, *CHECK_COLUMNS):
        assert f"`{name}`" in text, name


def test_a_table_shows_itself_harmlessly(finished: Path) -> None:
    html = pkbench.read_results(finished)._repr_html_()
    assert html.count("<tr>") == 7
