"""Specs are found by path or id, from any folder below them, and what is not found says where it was looked for."""

from pathlib import Path

import pytest

from pkbench.errors import UsageError
from pkbench.spec.find import find_spec, find_specs, nearest_folder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "specs").mkdir()
    for name in ("table1", "fig5", "v1.5"):
        (tmp_path / "specs" / f"{name}.toml").write_text("")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["table1", "table1.toml", "specs/table1.toml", "./specs/table1.toml"])
def test_a_path_or_an_id(project: Path, name: str) -> None:
    assert find_spec(name).resolve() == project / "specs" / "table1.toml"


def test_an_id_with_a_point(project: Path) -> None:
    assert find_spec("v1.5").name == "v1.5.toml"


def test_an_id_from_a_folder_below(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "deep" / "er")
    assert find_spec("fig5") == project / "specs" / "fig5.toml"
    assert nearest_folder() == project / "specs"


def test_the_nearest_folder_comes_first(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "deep" / "specs").mkdir()
    (project / "deep" / "specs" / "table1.toml").write_text("")
    monkeypatch.chdir(project / "deep" / "er")
    assert find_spec("table1") == project / "deep" / "specs" / "table1.toml"
    assert find_spec("fig5") == project / "specs" / "fig5.toml"


def test_an_id_is_found_beside_a_folder_of_its_name(project: Path) -> None:
    (project / "table1").mkdir()
    assert find_spec("table1") == Path("specs/table1.toml")


def test_a_name_that_is_nearly_one(project: Path) -> None:
    with pytest.raises(UsageError) as caught:
        find_spec("tabel1")
    assert "there is no spec tabel1" in caught.value.message
    assert "specs/tabel1.toml" in caught.value.message
    assert 'did you mean "table1"?' in caught.value.message
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("name", ["", "deep", "specs", "x" * 5000, "a\0b", "../../../nothing", "Table1?"])
def test_what_is_no_spec(project: Path, name: str) -> None:
    with pytest.raises(UsageError):
        find_spec(name)


def test_several_each_once_in_their_order(project: Path) -> None:
    found = find_specs(["table1", "specs/fig5.toml", "specs/table1.toml"])
    assert [path.stem for path in found] == ["table1", "fig5"]


def test_none_named_are_all(project: Path) -> None:
    assert [path.name for path in find_specs([])] == ["fig5.toml", "table1.toml", "v1.5.toml"]


def test_none_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="pkbench new"):
        find_specs([])
