"""Where results go."""

from pathlib import Path

import pytest

from pkbench.store.places import project_folder, results_folder


def test_results_lie_beside_the_specs_folder(tmp_path: Path) -> None:
    assert project_folder(tmp_path / "specs" / "x.toml") == tmp_path
    assert results_folder(tmp_path / "specs" / "x.toml") == tmp_path / "results"


def test_a_spec_elsewhere_has_its_results_beside_it(tmp_path: Path) -> None:
    assert results_folder(tmp_path / "x.toml") == tmp_path / "results"


def test_a_relative_spec_means_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert results_folder(Path("specs/x.toml")) == tmp_path / "results"
    (tmp_path / "specs").mkdir()
    monkeypatch.chdir(tmp_path / "specs")
    assert results_folder(Path("x.toml")) == tmp_path / "results"


def test_a_link_to_a_spec_means_the_project_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "project" / "specs").mkdir(parents=True)
    (tmp_path / "project" / "specs" / "x.toml").touch()
    (tmp_path / "link.toml").symlink_to(tmp_path / "project" / "specs" / "x.toml")
    assert results_folder(tmp_path / "link.toml") == tmp_path / "project" / "results"


def test_the_option_goes_before_the_environment_before_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tmp_path / "specs" / "x.toml"
    monkeypatch.setenv("PKBENCH_RESULTS", str(tmp_path / "environment"))
    assert results_folder(spec) == tmp_path / "environment"
    assert results_folder(spec, tmp_path / "option") == tmp_path / "option"
    monkeypatch.setenv("PKBENCH_RESULTS", "")
    assert results_folder(spec) == tmp_path / "results"


def test_relative_folders_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert results_folder(Path("x.toml"), Path("out")) == tmp_path / "out"
    monkeypatch.setenv("PKBENCH_RESULTS", "out")
    assert results_folder(Path("x.toml")) == tmp_path / "out"
