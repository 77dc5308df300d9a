from pathlib import Path

import pytest

from pkbench.data.layout import absent_files, digits_file, layout_of, torchvision_files, torchvision_root
from pkbench.data.places import data_folder
from pkbench.errors import DataError
from pkbench.spec.data import TORCHVISION_SHAPES, TorchvisionData
from tests.data.factory import data_of, write_mnist


def torchvision_data(source: str = "torchvision:MNIST", **fields: object) -> TorchvisionData:
    data = data_of(source, **fields)
    assert isinstance(data, TorchvisionData)
    return data


@pytest.mark.parametrize("source", TORCHVISION_SHAPES)
def test_every_torchvision_source_has_a_layout_without_unlabelled_or_extra_images(source: str) -> None:
    content = layout_of(torchvision_data(source)).content
    assert len(set(content)) == len(content) >= 2
    assert not any("unlabeled" in name or "extra" in name for name in content)


def test_without_a_path_the_root_is_the_data_folder(tmp_path: Path) -> None:
    assert torchvision_root(torchvision_data(), tmp_path) == data_folder()


def test_a_relative_path_is_the_complete_folder_else_the_existing_else_beside_the_spec(tmp_path: Path) -> None:
    data = torchvision_data(path="sets")
    base = tmp_path / "specs"
    assert torchvision_root(data, base) == base / "sets"
    (data_folder() / "sets").mkdir(parents=True)
    assert torchvision_root(data, base) == data_folder() / "sets"
    (base / "sets").mkdir(parents=True)
    assert torchvision_root(data, base) == base / "sets"
    write_mnist(data_folder() / "sets")
    assert torchvision_root(data, base) == data_folder() / "sets"


def test_missing_files_are_named_with_the_command_that_gets_them(tmp_path: Path) -> None:
    write_mnist(data_folder())
    (data_folder() / "MNIST/raw/t10k-labels-idx1-ubyte").unlink()
    data = torchvision_data()
    assert absent_files(data, data_folder()) == ("MNIST/raw/t10k-labels-idx1-ubyte",)
    with pytest.raises(DataError, match=r"no MNIST/raw/t10k-labels.*pkbench data get SPEC made"):
        torchvision_files(data, tmp_path)


def test_a_file_torchvision_only_checks_is_required_but_no_content(tmp_path: Path) -> None:
    data = torchvision_data("torchvision:STL10")
    for name in layout_of(data).content:
        (data_folder() / name).parent.mkdir(parents=True, exist_ok=True)
        (data_folder() / name).touch()
    with pytest.raises(DataError, match="unlabeled_X"):
        torchvision_files(data, tmp_path)
    (data_folder() / "stl10_binary/unlabeled_X.bin").touch()
    assert [name for name, _ in torchvision_files(data, tmp_path)] == list(layout_of(data).content)


def test_the_digits_are_found_and_their_absence_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert digits_file().name == "digits.csv.gz"
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(DataError, match="scikit-learn"):
        digits_file()
