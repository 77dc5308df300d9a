"""``dvc repro`` killed at any moment, with all it started: the next one goes on, and finished runs stay."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.pipeline.test_dvc import Project, clean_environment, make_clone
from tests.store.processes import wait_until
from tools.repro import mend

from .commands import ROOT
from .conftest import Torture

REPRO = (sys.executable, str(ROOT / "tools" / "repro.py"))
PATIENCE = 900
"""Seconds for a whole pipeline on a machine that is busy."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A clone in which nothing has been computed."""
    found = Project(tmp_path_factory.mktemp("clone"), clean_environment(tmp_path_factory.mktemp("home")), [])
    make_clone(found.folder)
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "A clone"]):
        found.run("git", *command)
    return found


def finished(project: Project) -> str:
    """Output of a ``dvc repro`` that must succeed."""
    process = project.start(*REPRO)
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, out
    return out


@pytest.mark.timeout(3600)
def test_killed_at_random_moments(project: Project, torture: Torture) -> None:
    chance = random.Random(4)
    kills = torture.times(short=2, full=15)
    kept: dict[str, bytes] = {}
    for number in range(kills):
        process = project.start(*REPRO)
        had = len(project.records())
        # One kill is to come after runs have ended, the others anywhere.
        if number == 0:
            wait_until(lambda had=had, process=process: len(project.records()) > had or process.poll() is not None, 300)
        else:
            time.sleep(chance.uniform(0.5, 20.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        records = project.records()
        assert records.items() >= kept.items(), "what was finished before a kill is there after it"
        kept = records
        shutil.rmtree(project.folder / "reports", ignore_errors=True)
    assert kept
    finished(project)
    assert len(project.records()) == 6
    assert project.records().items() >= kept.items()
    assert (project.folder / "reports" / "index.md").exists()
    assert finished(project).count("didn't change, skipping") == 4
    torture.tell("`dvc repro` killed (SIGKILL) with all it had started", kills, "nothing: the next one goes on")


def test_every_half_of_a_lock_file_is_seen(tmp_path: Path, project: Project, torture: Torture) -> None:
    """Cut where a kill may cut it: what DVC would refuse goes, what it can read stays."""
    sound = (project.folder / "dvc.lock").read_bytes()
    (tmp_path / ".dvc" / "tmp").mkdir(parents=True)
    lock = tmp_path / "dvc.lock"
    gone = 0
    cuts = torture.times(short=25, full=400)
    kept = []
    for cut in random.Random(5).sample(range(len(sound)), min(cuts, len(sound))):
        lock.write_bytes(sound[:cut])
        said = mend(tmp_path)
        assert lock.exists() == (not said)
        gone += len(said)
        kept += [] if said else [cut]
        assert mend(tmp_path) == []
    assert gone > 0
    for cut in kept[: torture.times(short=1, full=10)]:
        (project.folder / "dvc.lock").write_bytes(sound[:cut])
        assert project.changed_stages(), "DVC reads it, and finds something to do"
    (project.folder / "dvc.lock").write_bytes(sound)
    lock.write_bytes(sound)
    assert mend(tmp_path) == []
    assert lock.read_bytes() == sound
    torture.tell("dvc.lock cut in the middle", cuts, "nothing: stages are called again and find all done")


def holder(pid: int) -> str:
    return json.dumps({"write": {"/x/results": {"pid": pid, "cmd": "dvc repro"}}, "read": {}})


def test_locks_of_the_dead_and_of_the_living(tmp_path: Path, torture: Torture) -> None:
    rwlock = tmp_path / ".dvc" / "tmp" / "rwlock"
    rwlock.parent.mkdir(parents=True)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for content in ("", "{", holder(os.getpid())[:-20], holder(dead.pid), holder(1)):
        rwlock.write_text(content)
        assert mend(tmp_path) == [".dvc/tmp/rwlock was left by a DVC that is gone: deleted"], content
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "dvc"]) as living:
        rwlock.write_text(holder(living.pid))
        assert mend(tmp_path) == []
        living.kill()
    assert rwlock.exists()
    torture.tell("DVC's rwlock cut, empty, of a dead process or of one that is no DVC", 5, "nothing")


@pytest.mark.timeout(3600)
def test_a_pipeline_with_halves_of_both_files_goes_on(project: Project, torture: Torture) -> None:
    """Plain ``dvc repro`` refuses them; the records are as they were."""
    before = project.records()
    lock, rwlock = project.folder / "dvc.lock", project.folder / ".dvc" / "tmp" / "rwlock"
    content = lock.read_text()
    lock.write_text(content[: content.index("md5") + 1])
    rwlock.write_text('{"wri')
    refused = project.start("dvc", "repro")
    out, _ = refused.communicate(timeout=PATIENCE)
    assert refused.returncode != 0, out
    said = finished(project)
    assert "dvc.lock was left half-written" in said
    assert ".dvc/tmp/rwlock was left by a DVC that is gone" in said
    assert "6 runs, 0 to compute, 6 skipped (6 done)" in said
    assert project.records() == before
    torture.tell("dvc.lock and rwlock both half-written, then `make repro`", 1, "nothing")
