"""examples/pkbench-example, built and installed as anybody's package is, does all that it is an example of."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pkbench.store.files import Store

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "pkbench-example"
Done = "subprocess.CompletedProcess[str]"


class Installed:
    """The example in a folder of its own, and its spec in a project."""

    def __init__(self, folder: Path) -> None:
        self.site = folder / "site"
        source = shutil.copytree(EXAMPLE, folder / "source")
        self.folder = folder
        shutil.copytree(EXAMPLE / "specs", folder / "project" / "specs")
        command = ["-m", "uv", "pip", "install", "--offline", "--no-index", "--no-deps", "--no-build-isolation"]
        self.python(*command, "--python", sys.executable, "--target", str(self.site), str(source)).check_returncode()

    def python(self, *arguments: str, cwd: Path | None = None) -> Done:
        """Python with the example, and the package that is tested here, on its path."""
        path = os.pathsep.join([str(self.site), str(ROOT), os.environ.get("PYTHONPATH", "")])
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd or self.folder,
            env=os.environ | {"PYTHONPATH": path, "COLUMNS": "200", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=250,
            check=False,
        )

    def pkbench(self, *arguments: str) -> Done:
        return self.python("-m", "pkbench", *arguments, cwd=self.folder / "project")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("example"))


def test_its_own_tests_hold(example: Installed) -> None:
    done = example.python("-m", "pytest", "-q", "-p", "no:cacheprovider", "source/tests")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 passed" in done.stdout


def test_a_family_over_an_option(example: Installed) -> None:
    done = example.pkbench("run", "conv-width", "--jobs", "1", "--no-mlflow", "--json")
    assert done.returncode == 0, done.stderr
    records = Store(example.folder / "project" / "results").scan("conv-width").records.values()
    assert {(one.labels.model, one.counts.C, one.counts.depth) for one in records} == {
        ("conv-channels2", 2, 1),
        ("conv-channels4", 4, 1),
        ("conv-channels8", 8, 1),
    }
    done = example.pkbench("claims", "conv-width", "--json")
    (verdict,) = json.loads(done.stdout)["verdicts"]
    assert verdict["outcome"] in {"supported", "contradicted", "inconclusive"}
    assert verdict["n"] == 4


def test_from_a_spec_to_verdicts(example: Installed) -> None:
    done = example.pkbench("validate", "conv-mixer")
    assert (done.returncode, done.stderr) == (0, "")
    (planned,) = json.loads(example.pkbench("plan", "conv-mixer", "--no-estimate", "--json").stdout)
    assert len(planned["runs"]) == 8
    arguments = ["--jobs", "1", "--no-mlflow", "--executor", "last-first", "--json"]
    done = example.pkbench("run", "conv-mixer", *arguments)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    ended = [event["run_id"] for event in events if event["event"] == "RunEnded"]
    assert ended == [run["run_id"] for run in reversed(planned["runs"])]
    records = Store(example.folder / "project" / "results").scan("conv-mixer").records
    assert len(records) == 8
    done = example.pkbench("report", "conv-mixer", "--json")
    assert done.returncode == 0, done.stderr
    assert re.search(
        r"conv is better than mixer by more than 0 with \d of 4 seeds\. (Supported|No decision)", done.stdout
    )
    shown = example.pkbench("show", ended[0]).stdout
    assert "extensions: last-first of pkbench-example 0.1.0 (pkbench.executors)" in shown
    for record in records.values():
        found = {(one.group, one.name, one.distribution, one.version) for one in record.code.extensions}
        own = {"pkbench.executors": "last-first", "pkbench.data": "stripes"}
        if record.labels.model == "conv":
            own |= {"pkbench.models": "conv-mixer"}
        assert found == {(group, name, "pkbench-example", "0.1.0") for group, name in own.items()}


def test_where_nobody_has_the_extension_the_spec_is_faulty_in_place(tmp_path: Path) -> None:
    text = (EXAMPLE / "specs" / "conv-mixer.toml").read_text(encoding="utf-8")
    spec = tmp_path / "conv-mixer.toml"
    spec.write_text(text.replace('name = "conv-mixer"', 'name = "nobodys-mixer"'), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pkbench", "validate", str(spec)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "no model extension is called `nobodys-mixer`" in done.stderr
    line = spec.read_text().splitlines().index('name = "nobodys-mixer"') + 1
    assert f"{spec}:{line}:8: " in done.stderr
    assert "Traceback" not in done.stderr
