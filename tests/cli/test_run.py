"""The commands plan and run as a user types them."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.small import write_small


def test_plan_run_plan(tmp_path: Path, pkbench: Command) -> None:
    write_small(tmp_path)
    before = pkbench("plan", "small")
    assert before.returncode == 0, before.stderr
    assert before.stdout.count("never run") == 6
    assert "6 runs: 6 to compute, 0 skipped; about" in before.stdout
    assert not (tmp_path / "results").exists(), "planning writes nothing"

    run = pkbench("run", "small", "--no-mlflow", "--jobs", "1")
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert lines[0] == "small · quick: 6 runs, 6 to compute"
    assert lines[1].startswith("[1/6] narrow · digits · lr 0.01 · seed 0: test error ")
    assert "next: pkbench report specs/small.toml" in lines[-1]
    assert "\x1b" not in run.stdout

    after = json.loads(pkbench("plan", "small", "--json").stdout)[0]
    assert [row["state"] for row in after["runs"]] == ["done"] * 6
    assert {row["estimated_from"] for row in after["runs"]} == {"measured"}
    row = after["runs"][0]
    assert row["counts"]["S"] == 4
    assert row["counts"]["connections"] == 624
    assert row["config"]["train"]["epochs"] == 2

    again = pkbench("run", "small", "--no-mlflow")
    assert again.returncode == 0
    assert "6 runs, 0 to compute, 6 skipped (6 done)" in again.stdout


def test_of_several_specs_it_is_said_which_one_is_next(tmp_path: Path, pkbench: Command) -> None:
    small = write_small(tmp_path)
    other = small.with_name("other.toml")
    other.write_text(small.read_text().replace('id = "small"', 'id = "other"'))
    run = pkbench("run", "small", "other", "--no-mlflow", "--jobs", "1", "--only", "narrow/0")
    assert run.returncode == 0, run.stderr
    first = [line for line in run.stdout.splitlines() if line.startswith("spec ")]
    assert re.fullmatch(r"spec 1 of 2: small(; about .*)?", first[0])
    again = pkbench("run", "small", "other", "--no-mlflow", "--jobs", "1", "--only", "narrow/0", "--fresh")
    told = [line for line in again.stdout.splitlines() if line.startswith("spec ")]
    assert [line.partition("; about ")[0] for line in told] == ["spec 1 of 2: small", "spec 2 of 2: other"]
    assert all(re.search(r"; about [0-9.]+ m?s for all that is left$", line) for line in told), told


def test_of_several_specs_an_event_tells_which_one_is_next(tmp_path: Path, pkbench: Command) -> None:
    small = write_small(tmp_path)
    other = small.with_name("other.toml")
    other.write_text(small.read_text().replace('id = "small"', 'id = "other"'))
    run = pkbench("run", "small", "other", "--no-mlflow", "--jobs", "1", "--only", "narrow/0", "--json")
    told = [event for event in map(json.loads, run.stdout.splitlines()) if event["event"] == "SpecStarted"]
    assert [(event["spec"], event["number"], event["of"]) for event in told] == [("small", 1, 2), ("other", 2, 2)]
    done = pkbench("run", "small", "other", "--no-mlflow", "--only", "narrow/0", "--json")
    left = [event["left_seconds"] for event in map(json.loads, done.stdout.splitlines()) if "left_seconds" in event]
    assert left == [0.0, 0.0], "nothing is left to compute"


def test_run_may_judge_what_it_has_computed(tmp_path: Path, pkbench: Command) -> None:
    write_small(tmp_path)
    run = pkbench("run", "small", "--no-mlflow", "--jobs", "1", "--claims")
    assert run.returncode == 0, run.stderr
    folder = tmp_path / "results" / "small"
    written = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {"data.json", "metrics/runs.json", "plots/errors.csv"} <= {path.as_posix() for path in written}
    verdicts = run.stdout.partition("next: pkbench report specs/small.toml\n")[2]
    assert verdicts == pkbench("claims", "small").stdout
    assert written == {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    told = [
        json.loads(line) for line in pkbench("run", "small", "--no-mlflow", "--claims", "--json").stdout.splitlines()
    ]
    assert told[-1]["event"] == "Claims"
    data = json.loads(pkbench("claims", "small", "--json").stdout)
    assert {name: value for name, value in told[-1].items() if name not in {"event", "time"}} == data


def test_plans_of_very_many_runs_have_a_row_for_all_seeds_alike(tmp_path: Path, pkbench: Command) -> None:
    write_small(tmp_path)
    plan = ("plan", "small", "--no-estimate", "--seeds", "251")
    lines = pkbench(*plan).stdout.splitlines()
    assert [line.split()[1:-1:2] for line in lines if "never run" in line] == [
        ["251", "narrow", "digits", "0.01", "0–250", "run", "never"],
        ["251", "random", "digits", "0.01", "0–250", "run", "never"],
    ]
    assert lines[-1] == "502 runs: 502 to compute, 0 skipped"
    rows = json.loads(pkbench(*plan, "--json").stdout)[0]["runs"]
    assert len({row["run_id"] for row in rows}) == 502


def test_a_spec_outside_any_project_leaves_results_beside_it(tmp_path: Path, pkbench: Command) -> None:
    spec = write_small(tmp_path / "elsewhere")
    moved = spec.parent.parent / "mine.toml"
    spec.rename(moved)
    elsewhere = tmp_path / "cwd"
    elsewhere.mkdir()
    done = pkbench("run", str(moved), "--no-mlflow", "--only", "narrow/0", "--json", cwd=elsewhere)
    assert done.returncode == 0, done.stderr
    assert len(list((moved.parent / "results" / "small" / "runs").glob("*.json"))) == 1
    events = [json.loads(line) for line in done.stdout.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds == ["Prepared", "RunStarted", "EpochEnded", "EpochEnded", "RunEnded"]
    assert events[-1]["status"] == "finished"


def test_quiet_prints_nothing_when_all_is_well(tmp_path: Path, pkbench: Command) -> None:
    write_small(tmp_path)
    done = pkbench("run", "small", "--no-mlflow", "--only", "narrow/0", "-q")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_failed_runs_decide_the_exit_code(tmp_path: Path, pkbench: Command) -> None:
    sgd = 'kind = "sgd"\nlr = [1e30]\nweight_decay = 0.0\nmomentum = 0.0\nnesterov = false'
    adamw = 'kind = "adamw"\nlr = [0.01]\nweight_decay = 0.01\nbetas = [0.9, 0.999]\neps = 1e-8'
    write_small(tmp_path, (adamw, sgd))
    done = pkbench("run", "small", "--no-mlflow", "--only", "narrow/0")
    assert done.returncode == 1
    assert "failed: the training loss became" in done.stdout
    again = pkbench("run", "small", "--no-mlflow", "--only", "narrow/0")
    assert again.returncode == 1
    assert "1 failed before" in again.stdout
    assert pkbench("run", "small", "--no-mlflow", "--only", "narrow/0", "--allow-failed").returncode == 0


def test_max_time_stops_and_the_same_command_goes_on(tmp_path: Path, pkbench: Command) -> None:
    write_small(tmp_path, ("epochs = 2", "epochs = 100000"))
    done = pkbench("run", "small", "--no-mlflow", "--only", "narrow/0", "--max-time", "15s")
    assert done.returncode == 3, done.stderr
    assert "the same command goes on" in done.stdout
    plan = pkbench("plan", "small", "--only", "narrow/0", "--no-estimate")
    assert "interrupted after epoch" in plan.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "small", "--profile", "papr"], ["no profile papr", "quick"]),
        (["run", "small", "--only", "narow"], ["--only narow matches no run", "did you mean narrow?"]),
        (["run", "small", "--device", "cuda:9"], ["--device cuda:9 is not available"]),
        (["run", "small", "--checkpoint-every", "2steps"], ["--checkpoint-every 2steps", "2epochs"]),
        (["run", "small", "--accumulate", "0"], ["--accumulate 0", "a whole number of parts from 1, or auto"]),
        (
            ["run", "small", "--accumulate", "2", "--engine", "native"],
            ["only engine reference computes a batch in parts"],
        ),
        (["run", "small", "--max-time", "soon"], ["'soon' is no duration", "30m"]),
        (["run", "smal"], ["smal", "small"]),
        (["plan", "nothing.toml"], ["nothing.toml"]),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(
    tmp_path: Path, pkbench: Command, arguments: list[str], words: list[str]
) -> None:
    write_small(tmp_path)
    done = pkbench(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def told_until_an_epoch(folder: Path, environment: dict[str, str], *options: str) -> list[dict[str, Any]]:
    """The events of `pkbench run small`, to which Ctrl-C comes after an epoch."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pkbench", "run", "small", "--no-mlflow", "--json", *options],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if json.loads(line)["event"] == "EpochEnded":
            break
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the whole group
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "stopping after this step" in err
    return [json.loads(line) for line in lines + out.splitlines()]


def test_ctrl_c_saves_and_the_same_command_goes_on(tmp_path: Path, environment: dict[str, str]) -> None:
    write_small(tmp_path, ("epochs = 2", "epochs = 100000"))
    events = told_until_an_epoch(tmp_path, environment, "--jobs", "2", "--only", "*/0")
    statuses = [event["status"] for event in events if event["event"] == "RunEnded"]
    assert statuses == ["interrupted"] * len(statuses) != []
    assert len(list((tmp_path / "results" / "small" / "checkpoints").glob("*/step-*.json"))) == len(statuses)

    prepared, *events = told_until_an_epoch(tmp_path, environment, "--jobs", "1")
    counts = {name: prepared[name] for name in ("to_run", "resumed", "skipped", "blocked", "jobs")}
    assert counts == {"to_run": 6, "resumed": len(statuses), "skipped": 0, "blocked": 0, "jobs": 1}
    left = [event["left_seconds"] for event in events if event["event"] == "EpochEnded"]
    assert min(left) > 60, "of 600,000 epochs"


def test_bars_in_a_terminal(tmp_path: Path, environment: dict[str, str]) -> None:
    write_small(tmp_path)
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pkbench", "run", "small", "--no-mlflow", "--only", "*/0", "--jobs", "1"],
        cwd=tmp_path,
        env=environment | {"TERM": "xterm"},
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    chunks: list[bytes] = []
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            chunk = os.read(master, 4096)
        except OSError:
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(master)
    assert process.wait(timeout=30) == 0
    screen = b"".join(chunks).decode()
    assert "all runs" in screen
    assert "4/4" in screen
    assert "2/2" in screen
    assert "test error" in screen


def test_a_pipe_that_closes_early_is_no_error(tmp_path: Path, environment: dict[str, str]) -> None:
    write_small(tmp_path, ("seeds = [0, 1, 2]", f"seeds = {list(range(1000))}"))
    done = subprocess.run(
        f"{sys.executable} -m pkbench plan small --no-estimate | head -n 1; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.startswith("Small")
    assert "Traceback" not in done.stderr
    assert done.stderr == ""


def test_plan_and_run_say_and_make_stacks(tmp_path: Path, pkbench: Command) -> None:
    write_small(tmp_path)
    asked = ("--engine", "batch-last", "--stack", "4", "--jobs", "1")
    plan = pkbench("plan", "small", "--no-estimate", *asked)
    assert "6 of them train together, in 2 stacks of 3, as was asked for" in plan.stdout, plan.stderr
    (data,) = json.loads(pkbench("plan", "small", "--no-estimate", "--json", *asked).stdout)
    assert [len(stack) for stack in data["stacks"]] == [3, 3]
    assert {run for stack in data["stacks"] for run in stack} == {row["run_id"] for row in data["runs"]}
    run = pkbench("run", "small", "--no-mlflow", "--json", *asked)
    assert run.returncode == 0, run.stderr
    events = [json.loads(line) for line in run.stdout.splitlines()]
    assert [event["event"] for event in events[1:4]] == ["RunStarted"] * 3
    assert sum(event["event"] == "RunEnded" for event in events) == 6
    left = pkbench("plan", "small", "--no-estimate", *asked)
    assert "train together" not in left.stdout
    refused = pkbench("run", "small", "--engine", "reference", "--stack", "4")
    assert refused.returncode == 2
    assert "only engines fused and batch-last train several runs at once" in refused.stderr


def test_a_precision_that_is_not_here_is_told_by_plan_and_refused_by_run(tmp_path: Path, pkbench: Command) -> None:
    write_small(tmp_path, ('precision = "fp32"', 'precision = "tf32"'))
    plan = pkbench("plan", "small", "--device", "cpu")
    assert plan.returncode == 0, plan.stderr
    assert (
        "6 runs: 6 to compute, 0 skipped\non cpu they would be refused: precision tf32 is for CUDA GPUs" in plan.stdout
    )
    run = pkbench("run", "small", "--no-mlflow", "--device", "cpu")
    assert run.returncode == 2
    assert "cannot be computed on cpu: precision tf32 is for CUDA GPUs; run it on such a GPU" in run.stderr
    assert not list((tmp_path / "results").rglob("*.json"))
