"""From encoded image files to arrays of one shape, with Pillow; and resizing of arrays."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from pkbench.data.raw import Images, Shape, empty_images

Encoded = bytes | Path | None
"""One encoded image: its bytes, the file that holds them, or nothing where there should be some."""

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "PPM", "WEBP", "TIFF")
"""What is decoded. Pillow's other decoders include some that start programs."""

MAX_PIXELS = 89_478_485
"""Largest image that is decoded: where Pillow warns of a decompression bomb (a quarter gigapixel of RGB bytes)."""

_BLOCK = 128
"""Images a thread takes at a time."""

_SMALL = 4096
"""Mean size in bytes of encoded images below which threads do not pay."""


class BadImageError(Exception):
    """An image that cannot be used; the message says why."""


def decode_all(encoded: Sequence[Encoded], out: Images, resize: bool) -> list[tuple[int, str]]:
    """Decode each of ``encoded`` into ``out`` (N, H, W, colours).

    Files and large images are decoded with one thread a core; small ones are faster without, because
    decoding one takes less time than handing Python's lock over.

    Returns:
        Position and reason of every image that cannot be used, in order; its part of ``out`` is undefined.
    """

    def block(start: int) -> list[tuple[int, str]]:
        faults = []
        for row in range(start, min(start + _BLOCK, len(encoded))):
            try:
                out[row] = decode(encoded[row], (out.shape[1], out.shape[2], out.shape[3]), resize)
            except BadImageError as error:
                faults.append((row, str(error)))
        return faults

    starts = range(0, len(encoded), _BLOCK)
    if sum(_SMALL if isinstance(image, Path) else len(image or b"") for image in encoded) < _SMALL * len(encoded):
        return [fault for start in starts for fault in block(start)]
    with ThreadPoolExecutor(max_workers=min(16, os.cpu_count() or 1)) as pool:
        return [fault for faults in pool.map(block, starts) for fault in faults]


def decode(encoded: Encoded, shape: Shape, resize: bool) -> Images:
    """One image as (H, W, colours) uint8.

    Grey images become RGB and colour images grey (ITU-R 601) where ``shape`` has 3 or 1 colours; transparency
    and EXIF orientation are ignored, and the first frame of several is taken, as torchvision does.

    Args:
        encoded: the image.
        shape: height, width and colours wanted.
        resize: resize to ``shape`` (bilinear, with antialiasing); otherwise the image must have it.

    Raises:
        BadImageError: it is absent, not an image, damaged, too large, of more than 8 bits, or of another shape.
    """
    if encoded is None:
        raise BadImageError("no image")
    height, width, colours = shape
    try:
        source = io.BytesIO(encoded) if isinstance(encoded, bytes) else encoded
        with Image.open(source, formats=FORMATS) as image:
            _check(image, shape, resize)
            mode = "RGB" if colours == 3 else "L"
            result: Image.Image = image if image.mode == mode else image.convert(mode)
            if resize:
                result = result.resize((width, height), Image.Resampling.BILINEAR)
            return np.asarray(result).reshape(shape)
    except BadImageError:
        raise
    except UnidentifiedImageError:
        raise BadImageError(f"not an image ({', '.join(FORMATS)})") from None
    except Image.DecompressionBombError:
        raise BadImageError(f"more than {MAX_PIXELS} pixels") from None
    except Exception as error:  # Pillow's decoders raise anything at all on damaged bytes
        unreadable = isinstance(error, OSError) and error.errno is not None
        raise BadImageError(f"{'cannot be read' if unreadable else 'damaged image'}: {error}") from error


def _check(image: Image.Image, shape: Shape, resize: bool) -> None:
    """Refuse, before it is decoded, an image that cannot become one of ``shape``."""
    if image.width * image.height > MAX_PIXELS:
        raise BadImageError(f"{image.width} x {image.height} is more than {MAX_PIXELS} pixels")
    if image.mode == "F" or image.mode.startswith("I"):
        raise BadImageError(f"more than 8 bits a colour (mode {image.mode})")
    if not resize and (image.height, image.width) != shape[:2]:
        raise BadImageError(f"{image.height} x {image.width} pixels")


def resized(images: Images, shape: Shape, file: Path) -> Images:
    """``images`` (N, h, w, colours) at ``shape``'s height and width, by Pillow's antialiased bilinear filter.

    Every colour is resized by itself, which is what Pillow does inside an RGB image.
    """
    height, width, colours = shape
    if images.shape[1:] == shape:
        return images
    out = empty_images(len(images), shape, file)
    for row, image in enumerate(images):
        for colour in range(colours):
            plane = Image.fromarray(np.ascontiguousarray(image[:, :, colour]))
            out[row, :, :, colour] = np.asarray(plane.resize((width, height), Image.Resampling.BILINEAR))
    return out
