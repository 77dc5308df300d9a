import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import torchvision
from filelock import FileLock

from pkbench.data.fetch import fetch
from pkbench.data.layout import layout_of
from pkbench.data.places import data_folder
from pkbench.data.sources.table import read
from pkbench.errors import DataError
from pkbench.spec.data import TORCHVISION_SHAPES
from tests.data.factory import data_of, write_mnist, write_npz, write_torchvision


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise URLError("Name or service not known")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)


@pytest.mark.parametrize("source", TORCHVISION_SHAPES)
def test_a_failed_download_is_one_line_with_a_remedy(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DataError) as caught:
        fetch(data_of(source), tmp_path)
    message = caught.value.message
    assert message.startswith(f"data set made ({source}) could not be downloaded: ")
    assert "Name or service not known" in message
    assert "HTTPS_PROXY" in message
    assert str(data_folder()) in message
    assert "\n" not in message
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("source", TORCHVISION_SHAPES)
def test_what_is_here_and_whole_is_not_downloaded(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_torchvision(source, data_folder(), monkeypatch)
    assert fetch(data_of(source), tmp_path) is False


@pytest.fixture
def mnist_server(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A server whose MNIST is the small one; returns the names asked for."""
    asked: list[str] = []

    def deliver(url: str, download_root: str, filename: str, md5: str) -> None:
        asked.append(filename)
        write_mnist(Path(download_root).parents[1])

    monkeypatch.setattr(torchvision.datasets.mnist, "download_and_extract_archive", deliver)
    return asked


def test_a_download_ends_in_data_that_can_be_read(tmp_path: Path, mnist_server: list[str]) -> None:
    data = data_of("torchvision:MNIST", path="sets")
    assert fetch(data, tmp_path) is True
    assert mnist_server
    assert len(read(data, tmp_path).train_images) == 20
    assert (tmp_path / "sets" / "MNIST" / "raw").is_dir()
    assert fetch(data, tmp_path) is False


@pytest.mark.parametrize("name", layout_of(data_of("torchvision:MNIST")).content)  # type: ignore[arg-type]
def test_files_extracted_by_half_are_fetched_again(name: str, tmp_path: Path, mnist_server: list[str]) -> None:
    write_mnist(data_folder())
    path = data_folder() / name
    path.write_bytes(path.read_bytes()[:9])
    data = data_of("torchvision:MNIST")
    with pytest.raises(DataError, match="damaged"):
        read(data, tmp_path)
    assert fetch(data, tmp_path) is True
    assert len(read(data, tmp_path).train_images) == 20


def test_a_download_that_delivers_damaged_files_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deliver(url: str, download_root: str, **kwargs: Any) -> None:
        write_mnist(Path(download_root).parents[1])
        (Path(download_root) / "train-images-idx3-ubyte").write_bytes(b"<html>")

    monkeypatch.setattr(torchvision.datasets.mnist, "download_and_extract_archive", deliver)
    with pytest.raises(DataError, match=r"damaged|could not be downloaded"):
        fetch(data_of("torchvision:MNIST"), tmp_path)


def test_two_at_once_are_told_apart(tmp_path: Path) -> None:
    data_folder().mkdir()
    with FileLock(data_folder() / ".pkbench-get.lock"), pytest.raises(DataError, match="another process is fetching"):
        fetch(data_of("torchvision:MNIST"), tmp_path)


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PKBENCH_DATA", str(tmp_path / "file" / "below"))
    with pytest.raises(DataError, match=r"cannot write to .*PKBENCH_DATA"):
        fetch(data_of("torchvision:MNIST"), tmp_path)


def test_what_cannot_be_downloaded_has_to_be_here(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"arrays\.npz is not there.*put it there"):
        fetch(data_of("npz"), tmp_path)
    write_npz(tmp_path / "arrays.npz")
    assert fetch(data_of("npz"), tmp_path) is False
    assert fetch(data_of("digits"), tmp_path) is False
