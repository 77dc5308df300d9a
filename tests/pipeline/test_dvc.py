"""``dvc repro`` on a small spec in a repository of its own: with the project's own dvc.yaml and real commands."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.store.processes import children, wait_until

ROOT = Path(__file__).parents[2]
COPIED = (
    "dvc.yaml",
    "params.yaml",
    ".dvcignore",
    ".gitignore",
    ".dvc/.gitignore",
    ".dvc/config",
    ".dvc/plots",
    "pkbench",
)


@dataclass(frozen=True)
class Project:
    """A clone with one spec, and what an interrupted ``dvc repro`` left of its runs."""

    folder: Path
    environment: dict[str, str]
    interrupted: list[dict[str, bytes]]

    def start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *command: str) -> str:
        """Output of ``command``, which must succeed."""
        process = self.start(*command)
        out, _ = process.communicate(timeout=200)
        assert process.returncode == 0, out
        return out

    def records(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.glob("results/tiny/runs/*.json")}

    def changed_stages(self) -> set[str]:
        return set(json.loads(self.run("dvc", "status", "--json")))


def pipeline() -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load(ROOT / "dvc.yaml")
    return content


def make_clone(folder: Path) -> None:
    """The files of this repository that the pipeline needs, with ``tiny`` for its only spec."""
    for name in COPIED:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, target)
    text = (folder / "dvc.yaml").read_text()
    text, replaced = re.subn(r"(?m)^  - specs:.*\n(?: {6}.*\n)+", "  - specs: [tiny]\n", text)
    assert replaced == 1
    text, replaced = re.subn(r"(?m)^    checks: \[.*?\]", "    checks: [sums]", text)
    assert replaced == 1
    (folder / "dvc.yaml").write_text(text)
    (folder / "specs").mkdir()
    for name in ("tiny.toml", "sums.toml"):
        shutil.copy(Path(__file__).with_name(name), folder / "specs")


def clean_environment(home: Path) -> dict[str, str]:
    """Nothing of the user's, and this interpreter's commands first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DVC", "MLFLOW", "PKBENCH"))}
    places = ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "DVC_SITE_CACHE_DIR")
    return kept | {
        **dict.fromkeys((*places, "DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR"), str(home)),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "DVC_NO_ANALYTICS": "1",
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "user.name",
        "GIT_CONFIG_VALUE_0": "A Test",
        "GIT_CONFIG_KEY_1": "user.email",
        "GIT_CONFIG_VALUE_1": "test@example.org",
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A clone in which ``dvc repro`` was interrupted by Ctrl-C and then run to its end."""
    before = children()
    found = Project(tmp_path_factory.mktemp("clone"), clean_environment(tmp_path_factory.mktemp("home")), [])
    make_clone(found.folder)
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "A clone"]):
        found.run("git", *command)
    repro = found.start("dvc", "repro")
    wait_until(lambda: bool(found.records()) or repro.poll() is not None, 150)
    os.killpg(repro.pid, signal.SIGINT)
    out, _ = repro.communicate(timeout=60)
    assert repro.returncode != 0, out
    assert "failed to reproduce 'study@tiny'" in out
    found.interrupted.append(found.records())
    found.run("dvc", "repro")
    assert not children() - before
    return found


def test_it_goes_on_after_ctrl_c(project: Project) -> None:
    (interrupted,) = project.interrupted
    records = project.records()
    assert 0 < len(interrupted) < len(records) == 6
    assert {name: records[name] for name in interrupted} == interrupted


def test_again_it_does_nothing(project: Project) -> None:
    def stamps() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in project.folder.rglob("re*/**/*") if path.is_file()}

    before = stamps()
    assert project.folder / "reports" / "index.md" in before
    out = project.run("dvc", "repro")
    assert out.count("didn't change, skipping") == 4
    assert "Running stage" not in out
    assert stamps() == before


def test_it_changes_nothing_that_git_tracks(project: Project) -> None:
    status = project.run("git", "status", "--porcelain").splitlines()
    assert set(status) <= {"?? dvc.lock", "?? dvc_plots/"}


def test_looking_and_compiling_changes_nothing(project: Project) -> None:
    project.run(sys.executable, "-m", "compileall", "-q", "pkbench/models")
    (project.folder / "results" / "_mlflow" / "looked-at").touch()
    assert project.changed_stages() == set()


def test_a_changed_spec_calls_its_stages_and_a_comment_computes_nothing(project: Project) -> None:
    spec = project.folder / "specs" / "tiny.toml"
    text, records = spec.read_text(), project.records()
    try:
        spec.write_text(text.replace("[train]", "# a comment\n[train] # another"))
        assert project.changed_stages() == {"study@tiny"}
        assert "6 runs, 0 to compute, 6 skipped (6 done)" in project.run("dvc", "repro", "--single-item", "study@tiny")
        assert project.records() == records
    finally:
        spec.write_text(text)
        project.run("dvc", "repro")


def test_another_profile_is_another_pipeline(project: Project) -> None:
    knob = project.folder / "params.yaml"
    text = knob.read_text()
    try:
        knob.write_text(text.replace("profile: quick", "profile: fast"))
        assert project.changed_stages() == {"study@tiny"}
    finally:
        knob.write_text(text)


def test_code_that_determines_results_is_a_dependency(project: Project) -> None:
    source = project.folder / "pkbench" / "models" / "pk.py"
    text = source.read_text()
    try:
        source.write_text(text + "\n# changed\n")
        assert project.changed_stages() == {"study@tiny", "check@sums"}
    finally:
        source.write_text(text)


def test_metrics_show_the_verdict(project: Project) -> None:
    shown = project.run("dvc", "metrics", "show")
    assert "wide-beats-narrow" in shown
    assert any(verdict in shown for verdict in ("supported", "contradicted", "inconclusive"))
    assert "narrow" in shown


def test_plots_are_rendered_with_our_templates(project: Project) -> None:
    project.run("dvc", "plots", "show", "--out", "dvc_plots")
    page = (project.folder / "dvc_plots" / "index.html").read_text()
    assert "tiny at quick: seeds, their mean and standard deviation" in page
    assert "tiny at quick: mean and range over seeds" in page
    assert '"extent": "stdev"' in page
    assert '"field": "low"' in page
    assert "DVC_METRIC" not in page, "a template's anchor was not filled"
    assert page.count('"model": "wide"') == 3 + 3  # a point a seed, a point an evaluated epoch


def test_every_stage_depends_on_files_that_exist() -> None:
    stages = pipeline()["stages"].values()
    named = [dep for stage in stages for dep in stage.get("do", stage)["deps"]]
    sources = [name for name in named if name.partition("/")[0] == "pkbench"]
    assert sources.count("pkbench") == 2, "what computes depends on all of the code"
    assert [name for name in sources if not (ROOT / name).exists()] == []


def test_every_spec_of_the_project_is_in_the_pipeline_and_has_its_profile() -> None:
    (variables,) = pipeline()["vars"]
    known = [*variables["specs"], *variables["checks"]]
    assert sorted(known) == sorted(path.stem for path in (ROOT / "specs").glob("*.toml"))
    for spec_id in variables["checks"]:
        content = tomllib.loads((ROOT / "specs" / f"{spec_id}.toml").read_text())
        assert content["experiment"]["kind"] in {"theory", "audit"}
    profile = YAML(typ="safe").load(ROOT / "params.yaml")["profile"]
    for spec_id in variables["specs"]:
        content = tomllib.loads((ROOT / "specs" / f"{spec_id}.toml").read_text())
        assert content["experiment"]["id"] == spec_id
        assert profile in content["profile"]


def test_experiments_carry_their_metrics(project: Project) -> None:
    """``dvc exp show`` and ``dvc metrics diff`` read those of another commit: from DVC's cache, results are in no commit."""
    for command in (["add", "dvc.lock"], ["commit", "--quiet", "--message", "Results"]):
        project.run("git", *command)
    found = json.loads(project.run("dvc", "metrics", "diff", "--all", "--json"))
    old = {path: {key: value["old"] for key, value in row.items()} for path, row in found.items()}
    here = {path: json.loads((project.folder / path).read_text()) for path in old}
    assert "results/tiny/metrics/claim.wide-beats-narrow.digits.json" in old
    assert "results/sums/metrics/claim.vec.json" in old
    assert old == here
