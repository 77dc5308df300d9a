"""``pkbench clean``: what nobody asks for goes, and nothing else; nothing without ``--yes``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from pkbench.plan.run import config_id
from pkbench.results.clean import find, remove
from pkbench.results.subject import subjects
from tests.claims.factory import failed
from tests.results.conftest import call
from tests.results.made import Made, every_file
from tests.store.processes import wait_until


def listed(*arguments: str) -> dict[str, list[str]]:
    """Names of what can go, by reason."""
    rows: dict[str, list[str]] = {}
    for one in json.loads(call("clean", "--json", *arguments).stdout)["files"]:
        rows.setdefault(one["why"], []).append(Path(one["path"]).name)
    return rows


def checkpoint(made: Made, run_id: str) -> Path:
    folder = made.store.folder("small") / "checkpoints" / run_id
    folder.mkdir(parents=True)
    (folder / "step-000000000001.pt").write_bytes(b"tensors")
    return folder


def stranger(made: Made, **config: Any) -> Path:
    """A record of a run like the first one but for its configuration."""
    record = made.record(made.runs[0], 5.0)
    other = {**record.config, **config}
    return made.store.write(record.model_copy(update={"config": other, "run_id": config_id(other)}))


def test_a_sound_project_has_nothing_that_can_go(made: Made) -> None:
    call("report", "--csv", "tables")
    before = every_file(made.folder)
    assert call("clean").stdout == "nothing can go\n"
    assert call("clean", "--yes").exit_code == 0
    assert every_file(made.folder) == before


def test_each_kind_is_listed_with_its_size_and_goes_with_yes(made: Made) -> None:
    call("report")
    ended = checkpoint(made, str(made.runs[0].run_id))
    (made.store.runs_folder("small") / "0123456789abcdef.json.damaged").write_text("x")
    leftover = made.store.runs_folder("small") / ".half.json.abc.tmp"
    leftover.write_text("half")
    os.utime(leftover, (time.time() - 7200,) * 2)
    unwanted = stranger(made, result_version=1)
    (made.store.folder("small") / "weights" / "0123456789abcdef.pt").write_bytes(b"w" * 1500)
    made.store.write(made.record(made.runs[0], 99.0))
    cache = made.folder.parent / "cache" / "pkbench" / "calibration-1.json"
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_text("{}")
    os.utime(cache, (time.time() - 40 * 24 * 3600,) * 2)
    found = listed()
    assert {why: names for why, names in found.items() if not why.startswith("reports")} == {
        "checkpoints of ended runs": [ended.name],
        "damaged files set aside": ["0123456789abcdef.json.damaged"],
        "left half-written": [leftover.name],
        "records that no spec asks for": [unwanted.name],
        "weights that no comparison needs": ["0123456789abcdef.pt"],
        "caches": ["calibration-1.json"],
    }
    stale = found["reports on what is no longer so"]
    assert {"index.md", "small.md", "report.json", "small-quick-errors.png"} <= set(stale)
    assert "numbers.md" not in stale
    before = every_file(made.folder)
    shown = call("clean").stdout
    assert "weights that no comparison needs: 1, 1.5 kB" in shown
    assert "nothing was deleted: `pkbench clean --yes` does it" in shown
    assert every_file(made.folder) == before
    assert call("clean", "--yes").exit_code == 0
    assert listed() == {}
    gone = {Path(name).name for name in before.keys() - every_file(made.folder).keys()}
    assert gone == {"step-000000000001.pt", *(name for names in found.values() for name in names)} - {
        ended.name,
        "calibration-1.json",
    }
    assert not cache.exists()
    assert call("verify-results").exit_code == 0, "what is left is whole, and the manifest speaks of nothing else"


def test_tables_of_a_paper_stay_though_they_are_stale(made: Made) -> None:
    call("report", "--latex", "paper")
    made.store.write(made.record(made.runs[0], 99.0))
    assert not any(name.endswith(".tex") for names in listed().values() for name in names)
    assert call("clean", "--yes").exit_code == 0
    assert list((made.folder / "paper").glob("*.tex"))


def test_further_seeds_and_what_can_go_on_stay(made: Made) -> None:
    stranger(made, seed=7)
    died = made.runs[1]
    record = failed(died)
    assert record.failure is not None
    made.store.write(record.model_copy(update={"failure": record.failure.model_copy(update={"kind": "worker-died"})}))
    checkpoint(made, str(died.run_id))
    checkpoint(made, "0123456789abcdef")
    assert listed() == {}


def test_records_of_a_spec_that_is_not_valid_stay(made: Made) -> None:
    stranger(made, result_version=1)
    made.spec.write_text("not a spec")
    result = call("clean", "small")
    assert "nothing can go" in result.stdout
    assert "nobody can say which records are asked for" in result.stdout


def test_a_damaged_record_is_not_taken_for_one_that_nobody_asks_for(made: Made) -> None:
    made.store.record_path("small", str(made.runs[0].run_id)).write_text("damaged")
    assert listed() == {}


HOLD = """
import sys, time
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(600)
"""


def test_what_a_process_works_on_is_left_alone(made: Made) -> None:
    run_id = str(made.runs[0].run_id)
    checkpoint(made, run_id)
    found = find(subjects(["small"], None), caches=False)
    assert [one.why for one in found.candidates] == ["checkpoints of ended runs"]
    lock = made.store.folder("small") / "locks" / f"{run_id}.lock"
    lock.parent.mkdir(exist_ok=True)
    with subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            process.stdout.readline()
            assert remove(found) == [], "it has begun between the look and the deletion"
            result = call("clean", "small", "--yes")
            assert f"process {process.pid} is at work in it; it is left alone" in result.stdout
            assert "nothing can go" in result.stdout
        finally:
            process.kill()
    wait_until(lambda: bool(listed("small")))
    assert call("clean", "small", "--yes").exit_code == 0
    assert listed("small") == {}


def test_no_torch_is_needed(made: Made) -> None:
    code = (
        "import sys; from pkbench.cli.main import main\n"
        "sys.argv = ['pkbench', 'clean']\n"
        "try: main()\nexcept SystemExit as error: print(error.code or 0)\n"
        "print([name for name in ('torch', 'mlflow', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100)
    assert done.stdout.splitlines()[-1] == "[]"
