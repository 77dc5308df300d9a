"""Data from somebody else: bombs, traps and lies are one line each, in little time and memory."""

from __future__ import annotations

import io
import os
import pickle
import struct
import tarfile
import time
import urllib.request
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pkbench.data.fetch import fetch
from pkbench.data.places import data_folder
from pkbench.data.size import image_counts
from pkbench.data.sources.table import read
from pkbench.errors import DataError
from tests.data.factory import (
    data_of,
    encoded,
    labels_of,
    pixels,
    write_audio,
    write_folder,
    write_npz,
    write_text,
    write_torchvision,
)
from tests.torture.conftest import Torture
from tests.torture.test_stores import Bomb
from tests.torture.watched import peak_bytes

BYTES = 500_000_000
"""Memory that refusing a file may take."""
SECONDS = 60
"""Far more than refusing takes, on a busy machine."""


def npy(shape: str, descr: str = "|u1", body: bytes = b"") -> bytes:
    """A member of an archive with a header that says anything."""
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + body


def with_member(path: Path, key: str, content: bytes) -> None:
    """The archive of arrays at ``path`` with another ``key``, compressed."""
    with np.load(write_npz(path)) as arrays:
        kept = {name: arrays[name] for name in arrays.files if name != key}
    np.savez_compressed(path, **kept)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{key}.npy", content)


def png(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG that says it is of this size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def write_images(folder: Path, *contents: bytes) -> None:
    """``contents`` as the train folder's and the parquet file's first images."""
    write_folder(folder / "train", pixels(12))
    images = [*contents, *(encoded(image) for image in pixels(12 - len(contents)))]
    for number, content in enumerate(contents):
        (folder / "train" / ("ant", "bee", "cow")[number % 3] / f"{number:03}.png").write_bytes(content)
    pq.write_table(pa.table({"image": images, "label": labels_of(12)}), folder / "train.parquet")


def repeated(folder: Path) -> None:
    """A Parquet file of a kilobyte that says: the same 30 MB image, two thousand times."""
    images = pa.DictionaryArray.from_arrays(pa.array([0] * 2000), pa.array([bytes(30_000_000)], pa.binary()))
    table = pa.table({"image": images, "label": labels_of(2000)})
    pq.write_table(
        table, folder / "train.parquet", compression="zstd", dictionary_pagesize_limit=2**27, store_schema=False
    )


def long_line(folder: Path) -> None:
    (folder / "train.txt").write_bytes(b"A:x " + b"w" * 50_000_000)


ARCHIVES: dict[str, tuple[str, Callable[[Path], object]]] = {
    "an array of a petabyte": (
        "npz",
        lambda f: with_member(f / "arrays.npz", "x_train", npy("(10**15,)".replace("10**15", "1" + "0" * 15))),
    ),
    "an array of less than nothing": ("npz", lambda f: with_member(f / "arrays.npz", "x_train", npy("(-1, 6, 4, 3)"))),
    "an array of objects": (
        "npz",
        lambda f: with_member(f / "arrays.npz", "x_train", npy("(1,)", "|O", pickle.dumps([Bomb(f / "started")]))),
    ),
    "a pickle in place of an archive": (
        "npz",
        lambda f: (f / "arrays.npz").write_bytes(pickle.dumps(Bomb(f / "started"))),
    ),
    "a header that is code": (
        "npz",
        lambda f: with_member(f / "arrays.npz", "x_train", npy(f"__import__('os').mkdir('{f / 'started'}')")),
    ),
    "a bomb of zeros": (
        "npz",
        lambda f: with_member(f / "arrays.npz", "x_train", npy("(100000000,)", body=bytes(100_000_000))),
    ),
    "recordings of a petabyte": (
        "audio",
        lambda f: np.savez(write_audio(f / "recordings.npz"), samples=np.zeros(3), offsets=np.array([0, 10**15])),
    ),
    "recordings that end before they begin": (
        "audio",
        lambda f: write_audio(f / "recordings.npz", offsets=np.array([0, 2**62, -(2**62), 5])),
    ),
    "samples that are no numbers": (
        "audio",
        lambda f: write_audio(f / "recordings.npz", samples=np.array([np.nan, np.inf] * 3000)),
    ),
    "an image of a gigapixel": ("imagefolder", lambda f: write_images(f, png(40_000, 40_000))),
    "an image of the largest size": ("parquet", lambda f: write_images(f, png(2**31 - 1, 2**31 - 1))),
    "an image cut off": ("imagefolder", lambda f: write_images(f, encoded(pixels(1)[0])[:40])),
    "an image that is a program": (
        "parquet",
        lambda f: write_images(f, b"%!PS\n(started) (w) file closefile\n", b"#!/bin/sh\ntouch started\n"),
    ),
    "the same large image again and again": ("parquet", repeated),
    "one gigantic line": ("text", long_line),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_hostile_file_is_one_line(name: str, tmp_path: Path, torture: Torture) -> None:
    source, write = ARCHIVES[name]
    write(tmp_path)
    before = peak_bytes()
    image_counts(data_of(source), tmp_path)
    with pytest.raises(DataError) as caught:
        read(data_of(source), tmp_path)
    assert peak_bytes() - before < BYTES
    assert str(tmp_path) in caught.value.message
    assert len(caught.value.message) < 3000
    assert not (tmp_path / "started").exists()
    torture.tell(f"{name} ({source})", 1, "nothing: refused")


SPECIAL: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a device that never ends": lambda path: path.symlink_to("/dev/zero"),
    "a folder": Path.mkdir,
    "a link to itself": lambda path: path.symlink_to(path.name),
}
PLACES = {
    "text": "train.txt",
    "npz": "arrays.npz",
    "parquet": "train.parquet",
    "audio": "recordings.npz",
    "imagefolder": "train/ant/000.png",
}


@pytest.mark.parametrize("thing", SPECIAL)
def test_what_is_no_file_is_not_waited_for(thing: str, tmp_path: Path, torture: Torture) -> None:
    write_folder(tmp_path / "train", pixels(12))
    (tmp_path / PLACES["imagefolder"]).unlink()
    started = time.process_time()
    for source, place in PLACES.items():
        if thing in ("a folder", "a link to itself") and source == "imagefolder":
            continue  # a folder of the name of an image, and a link within, are as good as any
        SPECIAL[thing](tmp_path / place)
        assert image_counts(data_of(source), tmp_path) is None
        with pytest.raises(DataError):
            read(data_of(source), tmp_path)
    assert time.process_time() - started < SECONDS
    torture.tell(f"{thing} in place of a data file", len(PLACES), "nothing: refused")


@pytest.mark.parametrize("link", ["/etc", "..", ".", "../bee", "/"])
def test_a_link_in_a_folder_of_images(link: str, tmp_path: Path) -> None:
    write_folder(tmp_path / "train", pixels(12))
    (tmp_path / "train" / "ant" / "more").symlink_to(link)
    with pytest.raises(DataError, match="is a link to"):
        read(data_of("imagefolder"), tmp_path)


def hostile_archives() -> dict[str, bytes]:
    """Archives whose members lie outside, or are links and devices."""
    found = {}
    for name in ("../outside", "/tmp/pkbench-outside", "a/../../outside"):
        zipped, packed = io.BytesIO(), io.BytesIO()
        with zipfile.ZipFile(zipped, "w") as archive:
            archive.writestr(name, "x")
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            entry = tarfile.TarInfo(name)
            entry.size = 1
            tar.addfile(entry, io.BytesIO(b"x"))
        found |= {f"zip {name}": zipped.getvalue(), f"tar {name}": packed.getvalue()}
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            entry = tarfile.TarInfo("cifar-10-batches-py")
            entry.type, entry.linkname = kind, "/etc"
            tar.addfile(entry)
        found[f"tar of type {kind!r}"] = packed.getvalue()
    found["a bomb"] = zlib.compress(bytes(50_000_000))
    return found


@pytest.mark.parametrize("source", ["torchvision:CIFAR10", "torchvision:MNIST", "torchvision:SVHN"])
def test_a_server_that_sends_something_else(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torture: Torture
) -> None:
    monkeypatch.setenv("PKBENCH_DATA", str(tmp_path / "data"))
    archives = hostile_archives()
    for content in archives.values():
        monkeypatch.setattr(urllib.request, "urlopen", lambda *_, sent=content, **__: Answer(sent))
        with pytest.raises(DataError, match="could not be downloaded"):
            fetch(data_of(source), tmp_path)
    assert [path for path in tmp_path.iterdir() if path.name != "data"] == []
    assert not Path("/tmp/pkbench-outside").exists()
    assert not any(path.is_symlink() or path.is_fifo() for path in (tmp_path / "data").rglob("*"))
    torture.tell(f"archives that reach outside, sent for {source}", len(archives), "nothing: not unpacked")


class Answer(io.BytesIO):
    """What a server sends."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.length = len(content)
        self.headers = {"Content-Length": str(len(content))}
        self.url = "https://example.org"


def test_a_pickle_in_place_of_a_published_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torture: Torture
) -> None:
    monkeypatch.setenv("PKBENCH_DATA", str(tmp_path))
    write_torchvision("torchvision:CIFAR10", data_folder(), monkeypatch)
    read(data_of("torchvision:CIFAR10"), tmp_path)
    sign = tmp_path / "started"
    files = [path for path in (tmp_path / "cifar-10-batches-py").iterdir() if path.is_file()]
    for file in files:
        whole = file.read_bytes()
        file.write_bytes(pickle.dumps(Bomb(sign)))
        with pytest.raises(DataError, match="damaged"):
            read(data_of("torchvision:CIFAR10"), tmp_path)
        file.write_bytes(whole)
    assert not sign.exists()
    torture.tell("a pickle in place of a file of CIFAR-10", len(files), "nothing: not opened")


def test_a_line_counted_in_pieces_is_counted_as_before(tmp_path: Path) -> None:
    data = data_of("text")
    write_text(tmp_path / "train.txt", count=5000)
    assert image_counts(data, tmp_path) == (5000 - 4, 4)
