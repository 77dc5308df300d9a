from pathlib import Path

import pytest

from pkbench.data.places import candidates, data_folder, exists, resolve, resolve_file, resolve_folder
from pkbench.errors import DataError


def test_the_data_folder_is_the_one_configured(tmp_path: Path) -> None:
    assert data_folder() == tmp_path / "data"


def test_without_configuration_the_data_folder_is_in_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PKBENCH_DATA")
    assert data_folder().parts[-2:] == ("pkbench", "data")


def test_a_file_beside_the_spec_comes_before_one_in_the_data_folder(tmp_path: Path) -> None:
    base = tmp_path / "specs"
    for folder in (data_folder(), base):
        folder.mkdir()
        (folder / "a.npz").touch()
    assert resolve("a.npz", base) == base / "a.npz"
    (base / "a.npz").unlink()
    assert resolve("a.npz", base) == data_folder() / "a.npz"


def test_an_absolute_path_is_looked_up_nowhere_else(tmp_path: Path) -> None:
    data_folder().mkdir()
    (data_folder() / "a.npz").touch()
    with pytest.raises(DataError, match="is not there"):
        resolve(str(tmp_path / "a.npz"), data_folder())


def test_a_tilde_is_the_users_home(tmp_path: Path) -> None:
    assert candidates("~/sets/a.npz", tmp_path) == (tmp_path / "home" / "sets" / "a.npz",)


def test_the_error_names_every_place_and_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        resolve("sub/a.npz", tmp_path)
    message = caught.value.message
    assert str(tmp_path / "sub/a.npz") in message
    assert str(data_folder() / "sub/a.npz") in message
    assert "PKBENCH_DATA" in message
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000, "file/below"])
def test_a_path_that_cannot_be_looked_up_is_not_there(path: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not exists(tmp_path / path)
    with pytest.raises(DataError):
        resolve(path, tmp_path)


def test_files_and_folders_are_not_taken_for_each_other(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    assert resolve_file("file", tmp_path) == tmp_path / "file"
    assert resolve_folder("folder", tmp_path) == tmp_path / "folder"
    with pytest.raises(DataError, match="is not a file"):
        resolve_file("folder", tmp_path)
    with pytest.raises(DataError, match="is not a folder"):
        resolve_folder("file", tmp_path)
