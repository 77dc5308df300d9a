import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pkbench.data import pixels as module
from pkbench.data.pixels import BadImageError, decode, decode_all, resized
from tests.data.factory import SHAPE, encoded, pixels

LARGE = (60, 40, 3)


def of_mode(mode: str, size: tuple[int, int] = (40, 60), form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, form)
    return buffer.getvalue()


def png_of_size(width: int, height: int) -> bytes:
    """A PNG that says it is this large, and is not."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("form", ["PNG", "BMP", "PPM", "TIFF", "WEBP"])
def test_lossless_images_come_back_exactly(form: str, tmp_path: Path) -> None:
    (image,) = pixels(1)
    content = encoded(image, form) if form != "WEBP" else None
    if content is None:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "WEBP", lossless=True)
        content = buffer.getvalue()
    assert np.array_equal(decode(content, SHAPE, resize=False), image)
    (tmp_path / "image").write_bytes(content)
    assert np.array_equal(decode(tmp_path / "image", SHAPE, resize=False), image)


def test_grey_and_colour_are_converted_as_the_spec_says() -> None:
    (image,) = pixels(1)
    grey = np.asarray(Image.fromarray(image).convert("L"))
    assert np.array_equal(decode(encoded(image), (6, 4, 1), resize=False)[:, :, 0], grey)
    in_colour = decode(encoded(grey), SHAPE, resize=False)
    assert np.array_equal(in_colour, np.repeat(grey[:, :, None], 3, axis=2))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_every_8_bit_mode_is_read(mode: str) -> None:
    assert decode(of_mode(mode), LARGE, resize=False).shape == LARGE


def test_resizing_is_pillows_bilinear() -> None:
    (image,) = pixels(1, (9, 7, 3))
    expected = np.asarray(Image.fromarray(image).resize((4, 6), Image.Resampling.BILINEAR))
    assert np.array_equal(decode(encoded(image), SHAPE, resize=True), expected)
    assert np.array_equal(resized(image[None], SHAPE, Path("a"))[0], expected)


def test_arrays_of_the_right_size_are_not_touched() -> None:
    images = pixels(3)
    assert resized(images, SHAPE, Path("a")) is images


WHOLE = encoded(pixels(1, LARGE)[0])
FAULTS = {
    "absent": (None, "no image"),
    "empty": (b"", "not an image"),
    "text": (b"label,image\n", "not an image"),
    "cut in the header": (WHOLE[:20], "not an image|damaged image"),
    "cut in the pixels": (WHOLE[: len(WHOLE) // 2], "damaged image"),
    "broken pixels": (WHOLE[:60] + b"XXXX" + WHOLE[64:], "damaged image"),
    "16 bits": (of_mode("I;16"), "more than 8 bits a colour"),
    "floats": (of_mode("F", form="TIFF"), "more than 8 bits a colour"),
    "other size": (of_mode("RGB", (60, 40)), "40 x 60 pixels"),
    "postscript": (of_mode("RGB", form="EPS"), "not an image"),
    "bomb": (png_of_size(50_000, 50_000), "more than 89478485 pixels"),
    "large": (png_of_size(10_000, 9_000), "10000 x 9000 is more than|more than 89478485 pixels"),
    "absurd": (png_of_size(2**31 - 1, 2**31 - 1), "more than|damaged"),
}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("name", FAULTS)
def test_faulty_images_say_why(name: str, tmp_path: Path) -> None:
    content, message = FAULTS[name]
    with pytest.raises(BadImageError, match=message):
        decode(content, LARGE, resize=False)
    if content is not None:
        (tmp_path / "image").write_bytes(content)
        with pytest.raises(BadImageError, match=message):
            decode(tmp_path / "image", LARGE, resize=False)


def test_a_file_that_cannot_be_opened_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(BadImageError, match=r"cannot be read: .*No such file"):
        decode(tmp_path / "nowhere.png", SHAPE, resize=False)


@pytest.mark.parametrize("large", [False, True], ids=["one thread", "threads"])
def test_all_images_end_in_their_rows_and_faults_are_in_order(large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SMALL", 1 if large else 10**9)
    monkeypatch.setattr(module, "_BLOCK", 8)
    images = pixels(50)
    contents: list[bytes | None] = [encoded(image) for image in images]
    contents[3], contents[41] = None, b"no"
    out = np.zeros_like(images)
    faults = decode_all(contents, out, resize=False)
    assert [row for row, _ in faults] == [3, 41]
    good = [row for row in range(50) if row not in (3, 41)]
    assert np.array_equal(out[good], images[good])
