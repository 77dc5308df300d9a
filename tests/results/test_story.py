"""``pkbench show``: one run found by its id or its names, and told whole."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from pkbench.errors import UsageError
from pkbench.plan.run import config_id
from pkbench.results.story import sparkline
from tests.claims.factory import failed
from tests.results.conftest import call
from tests.results.made import Made
from tests.store.factory import make_epoch


def test_a_run_is_found_by_the_beginning_of_its_id_or_by_its_names(made: Made) -> None:
    run = made.runs[0]
    run_id = str(run.run_id)
    for name in (run_id, run_id[:6], run.label, "a/0", "a/digits/0", "small:a/0", f"small:{run_id[:5]}"):
        assert json.loads(call("show", name, "--json").stdout)["id"] == run_id


def test_its_whole_story(made: Made) -> None:
    run = made.runs[0]
    shown = call("show", "a/0").stdout
    path = made.store.record_path("small", str(run.run_id))
    for words in (
        f"{run.run_id}  a · digits · lr 0.01 · seed 0",
        "finished: test error 1 %, validation error 20 %, training error 5 %",
        "test error  █▁  2 to 1, least 1",
        "2 epochs in 2.0 s, never interrupted",
        "engine not recorded",
        f"data digits: 1257 training, 180 validation, 10000 test images; sha256 {run.config['data']['checksum']}",
        "machine: A processor, 2 cores, 1 threads, device cpu; Linux; Python 3.11.9, torch 2.11.0, NumPy 2.4.6",
        "code: pkbench 0.1.0, no commit known",
        '  train.optimizer.kind = "adamw"',
        "  less at quick on digits: supported (one of 3 of a)",
        f"checksum {json.loads(path.read_bytes())['sha256']}",
        f"file {path}",
        f"file {made.store.weights_path('small', str(run.run_id))}",
        "again: pkbench run small --profile quick --only a/digits/0 --fresh",
    ):
        assert words in shown


def test_failures_and_interruptions_are_told(made: Made) -> None:
    record = failed(made.runs[0], message="loss is nan")
    made.store.write(record.model_copy(update={"resumed_after": (1, 4)}))
    shown = call("show", "a/0").stdout
    assert "failed after epoch 1: diverged: loss is nan" in shown
    assert "resumed after epoch 1, 4" in shown
    assert "no claim uses it" in shown


def test_a_further_seed_is_repeated_by_asking_for_as_many(made: Made) -> None:
    record = made.record(made.runs[0], 3.0)
    config = {**record.config, "seed": 4}
    labels = record.labels.model_copy(update={"seed": 4})
    made.store.write(record.model_copy(update={"config": config, "run_id": config_id(config), "labels": labels}))
    again = json.loads(call("show", "a/4", "--json").stdout)["again"]
    # The spec has seeds 0 to 2; the second further one is 4.
    assert again == "pkbench run small --profile quick --seeds 5 --only a/digits/4 --fresh"


def test_checks_and_comparisons_have_stories_too(made: Made) -> None:
    check = next(made.store.checks_folder("numbers").iterdir()).stem
    shown = call("show", check).stdout
    assert "residual 0: Equal in all of 4 cases." in shown
    assert "supported (its finding)" in shown
    assert "again: pkbench run numbers --fresh" in shown
    compared = next(made.store.comparisons_folder("small").iterdir()).stem
    shown = call("show", compared[:9]).stdout
    assert "mean CKA of blocks of one depth 0.375, on 320 images a pass" in shown


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a/digits", ["a/digits names 3 results", "small at quick: a · digits · lr 0.01 · seed 0"]),
        ("zzz", ["zzz names no result", "MODEL/DATA/SEED", "pkbench status --json"]),
        ("a/9", ["a/9 names no result"]),
        ("a/digit/0", ["a/digit/0 names no result", 'did you mean "a/digits/0"?', "pkbench status --json"]),
        ("small:a/digis", ['did you mean "a/digits']),
    ],
)
def test_names_of_none_or_several_are_one_line(made: Made, name: str, words: list[str]) -> None:
    error = call("show", name).exception
    assert isinstance(error, UsageError)
    assert all(word in error.message for word in words)
    assert "\n" not in error.message


def test_a_run_whose_spec_is_gone_has_a_story(made: Made) -> None:
    made.spec.unlink()
    assert "its spec is not here: which claims use it is not known" in call("show", "a/0").stdout


def test_sparklines() -> None:
    assert sparkline([make_epoch(n, test_error=float(n)) for n in range(1, 9)], "test_error") == "▁▂▃▄▅▆▇█"
    assert sparkline([make_epoch(n, test_error=3.0) for n in range(1, 4)], "test_error") == "▁▁▁"
    assert sparkline([make_epoch(1, evaluated=False)], "test_error") == ""
    assert len(sparkline([make_epoch(n, test_error=float(n)) for n in range(1, 500)], "test_error")) == 60


def test_no_torch_is_needed(made: Made) -> None:
    code = (
        "import sys; from pkbench.cli.main import main\n"
        "sys.argv = ['pkbench', 'show', 'a/0']\n"
        "try: main()\nexcept SystemExit as error: print(error.code or 0)\n"
        "print([name for name in ('torch', 'mlflow', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100)
    assert done.stdout.splitlines()[-1] == "[]"
