"""Secrets of the environment, of a tracking URI and of a git remote: in nothing that pkbench writes or says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from pkbench.store.record import Environment
from tests.small import write_small
from tests.torture.conftest import Torture

SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "planted-aws-4711",
    "HF_TOKEN": "planted-hub-4711",
    "GITHUB_TOKEN": "planted-git-4711",
    "MLFLOW_TRACKING_TOKEN": "planted-bearer-4711",
    "MLFLOW_TRACKING_PASSWORD": "planted-password-4711",
    "DATABASE_URL": "postgres://me:planted-database-4711@db.example/x",
    "HTTPS_PROXY": "http://me:planted-proxy-4711@127.0.0.1:9",
    "SSH_AUTH_SOCK": "/tmp/planted-agent-4711",
    "MLFLOW_TRACKING_URI": "http://me:planted-uri-4711@127.0.0.1:9/?token=planted-query-4711",
}
PLANTED = b"planted-"
VERBS = (
    "run",
    "sync",
    "plan",
    "plan --json",
    "report",
    "report --json",
    "claims --json",
    "data list --json",
    "cost --steps 1",
    "ui --no-browser",
)


def test_no_secret_is_said_or_written(tmp_path: Path, torture: Torture) -> None:
    """pkbench runs from a checkout of its own whose remote has a password."""
    package = Path(__file__).parents[2] / "pkbench"
    checkout = tmp_path / "checkout"
    shutil.copytree(package, checkout / "pkbench", ignore=shutil.ignore_patterns("__pycache__"))
    git = ["git", "-C", str(checkout), "-c", "user.name=me", "-c", "user.email=planted-address-4711@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "remote", "add", "origin", "https://me:planted-remote-4711@git.example/x"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "planted-message-4711"], check=True)
    spec = write_small(tmp_path / "project", ("seeds = [0, 1, 2]", "seeds = [0]"))
    environment = {**os.environ, **SECRETS, "PYTHONPATH": str(checkout), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    verbs = VERBS[: torture.times(short=6, full=len(VERBS))]
    for verb in verbs:
        name, *options = verb.split()
        group = [name, options.pop(0)] if name == "data" else [name]
        about = [] if name == "ui" else [str(spec)]
        command = [sys.executable, "-m", "pkbench", *group, *about, *options]
        done = subprocess.run(
            command, capture_output=True, env=environment, cwd=spec.parent.parent, timeout=250, check=False
        )
        assert PLANTED not in done.stdout + done.stderr, f"{verb}: {done.stderr!r}"
        assert b"Traceback" not in done.stderr, f"{verb}: {done.stderr!r}"
    written = [path for path in (tmp_path / "project").rglob("*") if path.is_file()]
    written += [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert any(path.parent.name == "runs" for path in written)
    assert [path for path in written if PLANTED in path.read_bytes()] == []
    torture.tell("passwords and tokens in the environment, a tracking URI and a git remote", len(verbs), "nothing told")


def test_what_is_recorded_of_the_machine_is_a_list() -> None:
    allowed = {"python", "torch", "numpy", "platform", "processor", "cores", "device", "threads"}
    assert set(Environment.model_fields) == allowed
