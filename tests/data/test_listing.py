import os
from pathlib import Path

import pytest

from pkbench.data.listing import image_files
from pkbench.errors import DataError
from tests.data.factory import pixels, write_folder


def test_images_are_listed_by_class_at_any_depth_and_in_order(tmp_path: Path) -> None:
    write_folder(tmp_path, pixels(4))
    (tmp_path / "bee" / "more").mkdir()
    (tmp_path / "bee" / "more" / "Z.JPEG").touch()
    listing = image_files(tmp_path)
    assert listing.classes == ("ant", "bee", "cow")
    assert listing.names == ("ant/000.png", "ant/003.png", "bee/001.png", "bee/more/Z.JPEG", "cow/002.png")
    assert all(listing.path(name).is_file() for name in listing.names)


def test_what_is_hidden_or_no_image_is_left_alone(tmp_path: Path) -> None:
    write_folder(tmp_path, pixels(3))
    before = image_files(tmp_path)
    (tmp_path / "README.txt").touch()
    (tmp_path / "ant" / "boxes.txt").touch()
    (tmp_path / "ant" / "._000.png").touch()
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / "ant" / ".thumbs").mkdir()
    (tmp_path / "ant" / ".thumbs" / "a.png").touch()
    assert image_files(tmp_path) == before


def test_a_link_to_the_folder_itself_is_followed(tmp_path: Path) -> None:
    write_folder(tmp_path / "real", pixels(3))
    (tmp_path / "link").symlink_to("real")
    assert image_files(tmp_path / "link") == image_files(tmp_path / "real")


def test_a_link_to_a_file_within_the_folder_is_followed(tmp_path: Path) -> None:
    write_folder(tmp_path, pixels(3))
    (tmp_path / "ant" / "same.png").symlink_to("../bee/001.png")
    assert "ant/same.png" in image_files(tmp_path).names


@pytest.mark.parametrize("link", ["dog", "ant/inner", "ant/x.png"])
def test_a_link_out_of_the_folder_is_refused(link: str, tmp_path: Path) -> None:
    root = write_folder(tmp_path / "root", pixels(3))
    outside = write_folder(tmp_path / "outside", pixels(3))
    target = outside / "ant" / "000.png" if link.endswith(".png") else outside / "ant"
    (root / link).symlink_to(target)
    with pytest.raises(DataError, match="is a link to") as caught:
        image_files(root)
    assert str(target) in caught.value.message


def test_a_link_in_a_circle_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, pixels(3))
    (tmp_path / "ant" / "again").symlink_to(tmp_path)
    with pytest.raises(DataError, match="is a link to"):
        image_files(tmp_path)


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, pixels(3))
    os.mkfifo(tmp_path / "ant" / "pipe.png")
    with pytest.raises(DataError, match=r"pipe\.png is not a file"):
        image_files(tmp_path)


def test_faulty_folders(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        image_files(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no sub-folders"):
        image_files(tmp_path)
    write_folder(tmp_path, pixels(2))
    with pytest.raises(DataError, match="cow holds no image"):
        image_files(tmp_path)
