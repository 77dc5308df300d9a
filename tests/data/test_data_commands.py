import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torchvision
from typer.testing import CliRunner, Result

from pkbench.cli.main import app
from pkbench.data.identity import checksum
from pkbench.errors import UsageError
from tests.data.factory import data_of, pixels, write_mnist, write_npz

SPEC = """
[experiment]
id = "small"
title = "Small"
paper = "none"
kind = "train"

[[data]]
id = "own"
source = "npz"
path = "arrays.npz"
shape = [6, 4, 3]
classes = 3
validation_count = 2
split_seed = 0
normalize = "train-statistics"

[[data]]
id = "mnist"
source = "torchvision:MNIST"
shape = [28, 28, 1]
classes = 10
validation_count = 2
split_seed = 0
normalize = "none"

[[model]]
id = "narrow"
kind = "mlp-mixer"
mixing = "normal"
depth = 1
patch = 2
S = 4
C = 6
gamma = 2
bias = true
init = "torch-linear"
first_skip = "layer"

[train]
seeds = [0]
epochs = 1
batch_size = 4
drop_last = false
label_smoothing = 0.0
precision = "fp32"
cpu_threads = 1
eval_every = 1
select_lr_by = "validation-error"

[train.optimizer]
kind = "adamw"
lr = [0.01]
weight_decay = 0.0
betas = [0.9, 0.999]
eps = 1e-8

[train.schedule]
kind = "cosine"
warmup_epochs = 0
warmup_lr = 0.0
final_lr = 0.0

[train.augment]
crop_padding = 0
flip = false
policy = "none"

[profile.quick]
scope = "a test"
data = ["own"]

[profile.fast]
scope = "a test"
data = ["own", "mnist"]
"""


@pytest.fixture
def spec(tmp_path: Path) -> str:
    path = tmp_path / "specs" / "small.toml"
    path.parent.mkdir()
    path.write_text(SPEC)
    return str(path)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["data", *arguments])


def beside(spec: str) -> Path:
    return Path(spec).parent


def test_list_says_what_is_here_and_where_the_rest_is_looked_for(spec: str, tmp_path: Path) -> None:
    write_npz(beside(spec) / "arrays.npz")
    rows = json.loads(call("list", spec, "--json").stdout)
    here, absent = rows
    assert (here["spec"], here["id"], here["source"]) == ("small", "own", "npz")
    assert here["places"] == [str(beside(spec) / "arrays.npz")]
    assert here["checksum"] == checksum(data_of("npz"), beside(spec))
    assert here["bytes"] == (beside(spec) / "arrays.npz").stat().st_size
    assert here["problem"] is None
    assert absent["checksum"] is None
    assert absent["places"] == [str(tmp_path / "data")]
    assert "pkbench data get" in absent["problem"]


def test_list_for_people_keeps_paths_in_one_piece(spec: str) -> None:
    result = call("list", spec)
    assert result.exit_code == 0
    for place in json.loads(call("list", spec, "--json").stdout)[0]["places"]:
        assert place in result.stdout
    assert "note: data set mnist" in result.stdout


def test_list_without_names_takes_every_spec_here(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(beside(spec).parent)
    assert call("list", "--json").stdout == call("list", "small", "--json").stdout


def test_check_describes_the_profiles_data(spec: str, tmp_path: Path) -> None:
    write_npz(beside(spec) / "arrays.npz", y_train=np.arange(12) % 3)
    result = call("check", spec, "--out", str(tmp_path / "out" / "data.json"))
    assert result.exit_code == 0
    for said in ("own (npz): 6 x 4 x 3, 3 classes", "train 10 (3 to 4 a class), validation 2, test 6", "sha256 "):
        assert said in result.stdout
    manifest = json.loads((tmp_path / "out" / "data.json").read_text())
    assert manifest == json.loads(call("check", spec, "--json").stdout)
    assert (manifest["spec"], manifest["profile"]) == ("small", "quick")
    (entry,) = manifest["data"]
    assert (entry["train"], entry["validation"], entry["test"]) == (10, 2, 6)
    assert entry["checksum"] == checksum(data_of("npz"), beside(spec))
    assert str(tmp_path) not in result.stdout + (tmp_path / "out" / "data.json").read_text()


GENERATED = """source = "generated:questions"
shape = [12, 1, 8]
classes = 6
embedding_seed = 0
generator_seed = 0
count = 30
test_count = 6
"""


def test_generated_data_is_always_here(spec: str) -> None:
    path = Path(spec)
    stated = 'source = "npz"\npath = "arrays.npz"\nshape = [6, 4, 3]\nclasses = 3\n'
    text = path.read_text().replace(stated, GENERATED).replace("patch = 2\nS = 4", "patch = 1\nS = 12")
    # The other data set has images of another size than the model takes.
    path.write_text(text.partition("[profile.fast]")[0])
    row = json.loads(call("list", spec, "--json").stdout)[0]
    assert (row["source"], row["places"], row["bytes"], row["problem"]) == ("generated:questions", [], 0, None)
    assert "generated:questions" in call("list", spec).stdout
    assert call("get", spec, "own").stdout == "own: already here\n"
    shown = call("check", spec)
    assert shown.exit_code == 0
    assert "own (generated:questions): 12 x 1 x 8, 6 classes" in shown.stdout
    assert re.search(r"of 8 colours: mean 0\.\d{4} to 0\.\d{4}, deviation 0\.\d{4} to 0\.\d{4}", shown.stdout)
    assert row["checksum"] in shown.stdout


def test_check_notes_test_images_that_are_in_the_training_part(spec: str) -> None:
    write_npz(beside(spec) / "arrays.npz", x_test=pixels(12)[:6])
    assert "note: 6 test images are also in the training part" in call("check", spec).stdout


def test_check_names_every_fault_and_writes_nothing(spec: str, tmp_path: Path) -> None:
    write_npz(beside(spec) / "arrays.npz", y_train=np.full(12, 7))
    result = call("check", spec, "--profile", "fast", "--out", str(tmp_path / "data.json"))
    assert result.exit_code == 2
    assert "label 7" in result.stderr
    assert "data set mnist" in result.stderr
    assert not (tmp_path / "data.json").exists()
    assert result.stdout == ""


def test_check_goes_on_after_a_fault(spec: str) -> None:
    write_npz(beside(spec) / "arrays.npz")
    result = call("check", spec, "--profile", "fast")
    assert result.exit_code == 2
    assert "own (npz)" in result.stdout
    assert "data set mnist" in result.stderr


def test_get_downloads_what_can_be_and_names_what_cannot(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def deliver(url: str, download_root: str, **_: Any) -> None:
        write_mnist(Path(download_root).parents[1])

    monkeypatch.setattr(torchvision.datasets.mnist, "download_and_extract_archive", deliver)
    result = call("get", spec)
    assert result.exit_code == 2
    assert result.stdout == "mnist: downloaded\n"
    assert "arrays.npz is not there" in result.stderr
    again = call("get", spec, "mnist")
    assert (again.exit_code, again.stdout) == (0, "mnist: already here\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["get", "SPEC", "mnits"], "no data set mnits; choose from: own, mnist"),
        (["check", "SPEC", "--profile", "paper"], "no profile paper"),
        (["list", "nowhere"], "there is no spec nowhere"),
    ],
)
def test_names_that_do_not_exist(arguments: list[str], said: str, spec: str) -> None:
    result = call(*(spec if argument == "SPEC" else argument for argument in arguments))
    assert isinstance(result.exception, UsageError)
    assert said in result.exception.message
