"""Data sets made here: specs of them, and small files in every format."""

import hashlib
import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.io
import torchvision
from PIL import Image
from pydantic import TypeAdapter

from pkbench.spec.data import Data
from pkbench.spec.scale import AnyData

SHAPE = (6, 4, 3)
SOURCES = {
    "digits": {"shape": [8, 8, 1], "classes": 10, "test_count": 360, "validation_count": 180},
    "parquet": {"train_path": "train.parquet", "test_count": 2},
    "npz": {"path": "arrays.npz"},
    "imagefolder": {"train_path": "train", "test_count": 2},
    "text": {"train_path": "train.txt", "test_count": 2, "format": "trec", "encoding": "utf-8"}
    | {"shape": [5, 1, 8], "embedding_seed": 0},
    "audio": {"path": "recordings.npz", "sample_rate": 8000, "window": 64, "hop": 32, "bands": 6}
    | {"shape": [7, 1, 6]},
    "generated:questions": {"shape": [12, 1, 8], "classes": 6, "embedding_seed": 0}
    | {"generator_seed": 0, "count": 30, "test_count": 6},
    "generated:tones": {"shape": [20, 1, 6], "classes": 10, "window": 256, "hop": 200, "bands": 6}
    | {"generator_seed": 0, "count": 30, "test_count": 10},
    "torchvision:CIFAR10": {"shape": [32, 32, 3], "classes": 10},
    "torchvision:CIFAR100": {"shape": [32, 32, 3], "classes": 100},
    "torchvision:STL10": {"shape": [96, 96, 3], "classes": 10},
    "torchvision:MNIST": {"shape": [28, 28, 1], "classes": 10},
    "torchvision:FashionMNIST": {"shape": [28, 28, 1], "classes": 10},
    "torchvision:SVHN": {"shape": [32, 32, 3], "classes": 10},
}


def data_of(source: str, **fields: Any) -> AnyData:
    """The ``[[data]]`` table of a source, with ``fields`` instead of what fits the files made here."""
    table = {
        "id": "made",
        "source": source,
        "shape": list(SHAPE),
        "classes": 3,
        "validation_count": 2,
        "split_seed": 0,
        "normalize": "train-statistics",
    }
    adapter: TypeAdapter[AnyData] = TypeAdapter(Data)
    return adapter.validate_python(table | SOURCES[source] | fields)


def pixels(count: int, shape: tuple[int, ...] = SHAPE, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def labels_of(count: int, classes: int = 3) -> np.ndarray:
    """Sorted by class, as many published files are."""
    return np.sort(np.arange(count) % classes)


def encoded(image: np.ndarray, form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, form)
    return buffer.getvalue()


def write_parquet(path: Path, images: Any, labels: Any, **columns: Any) -> Path:
    """One row an image; ``images`` are arrays to encode, or an Arrow array to take as it is."""
    if not isinstance(images, pa.Array):
        images = pa.array([encoded(image) for image in images], pa.binary())
    pq.write_table(pa.table({"image": images, "label": labels, **columns}), path)
    return path


def write_npz(path: Path, train: int = 12, test: int = 6, **arrays: Any) -> Path:
    made = {
        "x_train": pixels(train),
        "y_train": labels_of(train),
        "x_test": pixels(test, seed=1),
        "y_test": labels_of(test),
    }
    kept = {key: value for key, value in (made | arrays).items() if value is not None}
    np.savez(path, **kept)
    return path


def write_text(path: Path, count: int = 12, classes: int = 3) -> Path:
    """Questions of labels A, B, …, as TREC's are written."""
    lines = [f"{chr(65 + label)}:x question {row} of {label} ?" for row, label in enumerate(labels_of(count, classes))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_audio(path: Path, count: int = 12, test: int = 6, **arrays: Any) -> Path:
    """``count`` recordings to train on and ``test`` to test on, of noise and of different lengths."""
    lengths = 100 + 17 * np.arange(count + test)
    source = np.random.default_rng(0)
    made = {
        "samples": source.integers(-9000, 9000, int(lengths.sum()), dtype=np.int16),
        "offsets": np.concatenate([[0], np.cumsum(lengths)]),
        "label": np.concatenate([labels_of(count), labels_of(test)]).astype(np.uint8),
        "is_test": np.arange(count + test) >= count,
    }
    kept = {key: value for key, value in (made | arrays).items() if value is not None}
    np.savez(path, **kept)
    return path


def write_folder(root: Path, images: np.ndarray, classes: tuple[str, ...] = ("ant", "bee", "cow")) -> Path:
    """A PNG for each image in ``root``/class/, classes in turn."""
    for name in classes:
        (root / name).mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(images):
        (root / classes[number % len(classes)] / f"{number:03}.png").write_bytes(encoded(image))
    return root


# ---- torchvision: the files as its data sets are published, with a few images and their own checksums


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()


def write_cifar(root: Path, kind: type, monkeypatch: pytest.MonkeyPatch, label_key: str, classes: int) -> None:
    folder = root / kind.base_folder
    folder.mkdir(parents=True)
    lists: dict[str, list[list[str]]] = {"train_list": [], "test_list": []}
    for name, entries in lists.items():
        for seed, (file, _) in enumerate(getattr(kind, name)):
            count = 2 * classes if "train" in name else classes
            batch = {
                "data": pixels(count, (3072,), seed=seed + 10 * len(name)),
                label_key: [row % classes for row in range(count)],
            }
            (folder / file).write_bytes(pickle.dumps(batch))
            entries.append([file, md5(folder / file)])
        monkeypatch.setattr(kind, name, entries)
    meta = folder / kind.meta["filename"]
    meta.write_bytes(pickle.dumps({kind.meta["key"]: [str(number) for number in range(classes)]}))
    monkeypatch.setattr(kind, "meta", kind.meta | {"md5": md5(meta)})


def write_idx(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = bytes([0, 0, 8, values.ndim]) + b"".join(size.to_bytes(4, "big") for size in values.shape)
    path.write_bytes(header + values.astype(np.uint8).tobytes())


def write_mnist(root: Path, name: str = "MNIST") -> None:
    for part, count in (("train", 20), ("t10k", 10)):
        write_idx(root / name / "raw" / f"{part}-images-idx3-ubyte", pixels(count, (28, 28), seed=count))
        write_idx(root / name / "raw" / f"{part}-labels-idx1-ubyte", np.arange(count) % 10)


def write_svhn(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root.mkdir(parents=True, exist_ok=True)
    entries = {}
    for part, count in (("train", 20), ("test", 10)):
        file = root / f"{part}_32x32.mat"
        # On disk: (H, W, colours, N), and 10 stands for the digit 0.
        images = pixels(count, (32, 32, 3), seed=count).transpose(1, 2, 3, 0)
        scipy.io.savemat(file, {"X": images, "y": (np.arange(count) % 10 + 1)[:, None].astype(np.uint8)})
        entries[part] = ["http://nowhere.invalid", file.name, md5(file)]
    entries["extra"] = entries["test"]
    monkeypatch.setattr(torchvision.datasets.SVHN, "split_list", entries)


def write_stl10(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = root / "stl10_binary"
    folder.mkdir(parents=True)
    contents = {
        # On disk: (N, colours, W, H), and classes count from 1.
        "train_X.bin": pixels(20, (96, 96, 3), seed=20).transpose(0, 3, 2, 1),
        "train_y.bin": np.arange(20) % 10 + 1,
        "unlabeled_X.bin": pixels(1, (3, 96, 96)),
        "test_X.bin": pixels(10, (96, 96, 3), seed=10).transpose(0, 3, 2, 1),
        "test_y.bin": np.arange(10) % 10 + 1,
    }
    for name, values in contents.items():
        (folder / name).write_bytes(np.ascontiguousarray(values, dtype=np.uint8).tobytes())
    kind = torchvision.datasets.STL10
    for attribute in ("train_list", "test_list"):
        monkeypatch.setattr(kind, attribute, [[name, md5(folder / name)] for name, _ in getattr(kind, attribute)])


def write_torchvision(source: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of ``source`` below ``root``, made so that torchvision's own checks hold."""
    match source.removeprefix("torchvision:"):
        case "CIFAR10":
            write_cifar(root, torchvision.datasets.CIFAR10, monkeypatch, "labels", 10)
        case "CIFAR100":
            write_cifar(root, torchvision.datasets.CIFAR100, monkeypatch, "fine_labels", 100)
        case "STL10":
            write_stl10(root, monkeypatch)
        case "SVHN":
            write_svhn(root, monkeypatch)
        case name:
            write_mnist(root, name)
