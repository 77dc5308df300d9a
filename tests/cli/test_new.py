"""``pkbench new``: by options, by questions, and what it writes runs at once, from anywhere."""

import shlex
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from pkbench.cli import new
from pkbench.cli.main import app
from pkbench.errors import UsageError
from pkbench.spec.load import load_spec
from pkbench.spec.train import Train
from pkbench.store.files import Store


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PKBENCH_RESULTS", raising=False)
    return tmp_path


def call(*arguments: str, answers: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=answers)


def recipe(path: str) -> Train:
    return load_spec(Path(path)).spec.train


def test_options_say_all(folder: Path) -> None:
    wanted = ("--model", "monarch", "--model", "sw-mlp", "--claim", "equivalent", "--seeds", "3", "--epochs", "1")
    assert call("new", "mine", *wanted).exit_code == 0
    spec = load_spec(Path("specs/mine.toml")).spec
    assert [model.id for model in spec.model] == ["monarch", "sw-mlp"]
    assert [claim.kind for claim in spec.claim] == ["equivalent"]
    assert (len(spec.train.seeds), spec.train.epochs) == (3, 1)
    result = call("run", "mine", "--only", "*/0", "--device", "cpu", "--no-mlflow", "--jobs", "1")
    assert result.exit_code == 0, result.output
    records = Store(folder / "results").scan("mine").records.values()
    assert sorted(record.labels.model for record in records) == ["monarch", "sw-mlp"]


def test_without_a_terminal_nothing_is_asked() -> None:
    result = call("new", "mine", "--seeds", "4", answers="text\n")
    assert result.exit_code == 0
    assert "[digits]" not in result.output
    assert (len(recipe("specs/mine.toml").seeds), recipe("specs/mine.toml").epochs) == (4, 20)


def test_a_terminal_is_asked_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new, "_is_terminal", lambda: True)
    answers = ["generated:tones", "toeplits", "toeplitz", "less", "", "none", "7"]
    result = call("new", "mine", "--seeds", "3", answers="\n".join(answers) + "\n")
    assert result.exit_code == 0, result.output
    assert "did you mean toeplitz?" in result.stderr
    assert "a claim of kind less is about two models" in result.stderr
    assert "none is no number of them" in result.stderr
    assert "seeds [" not in result.output
    spec = load_spec(Path("specs/mine.toml")).spec
    assert [data.source for data in spec.data] == ["generated:tones", "digits"]
    assert [model.id for model in spec.model] == ["toeplitz"]
    assert [claim.kind for claim in spec.claim] == ["trend"]
    assert (len(spec.train.seeds), spec.train.epochs) == (3, 7)


def test_yes_answers_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new, "_is_terminal", lambda: True)
    assert call("new", "mine", "--yes").exit_code == 0
    assert call("new", "yours", answers="\n" * 5).exit_code == 0
    texts = [Path(f"specs/{name}.toml").read_text() for name in ("mine", "yours")]
    assert texts[0].replace("mine", "yours") == texts[1]


def test_what_is_there_is_refused_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new, "_is_terminal", lambda: True)
    assert call("new", "mine", "--yes").exit_code == 0
    for name, words in (("mine", "exists; .*--force"), ("My Spec", "for instance my-spec")):
        result = call("new", name)
        assert isinstance(result.exception, UsageError)
        assert "[digits]" not in result.output
        with pytest.raises(UsageError, match=words):
            raise result.exception


def test_an_answer_that_never_comes_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new, "_is_terminal", lambda: True)
    assert call("new", "mine", answers="digits\n").exit_code != 0
    assert not Path("specs").exists()


def test_a_spec_elsewhere_with_its_own_data_runs_from_any_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spaces in names, a relative path, data that lie beside the spec: results lie beside it, too."""
    home = folder / "some body's work"
    assert call("new", "mine", "--dir", str(home), "--data", "npz", "--seeds", "1", "--epochs", "1").exit_code == 0
    images = np.random.default_rng(0).integers(0, 256, (64, 32, 32, 3), dtype=np.uint8)
    labels = np.arange(64) % 10
    (home / "data").mkdir()
    parts = {"x_train": images, "y_train": labels, "x_test": images[:32], "y_test": labels[:32]}
    np.savez(home / "data" / "images.npz", **parts)
    text = (home / "mine.toml").read_text()
    (home / "mine.toml").write_text(text.replace("batch_size = 128", "batch_size = 32"))
    (folder / "far away").mkdir()
    monkeypatch.chdir(folder / "far away")
    spec = "../some body's work/mine.toml"
    result = call("run", spec, "--profile", "fast", "--device", "cpu", "--no-mlflow", "--only", "normal", "--jobs", "1")
    assert result.exit_code == 0, result.output
    assert len(Store(home / "results").scan("mine").records) == 1
    assert f"next: pkbench report {shlex.quote(spec)} --profile fast" in result.output
    assert list((folder / "far away").iterdir()) == []
    again = call("run", spec, "--profile", "fast", "--device", "cpu", "--no-mlflow", "--only", "normal")
    assert "1 skipped (1 done)" in again.output
