"""Which files on disk make up a data set that a library brings: known without importing the library."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from pkbench.data.places import candidates, data_folder, exists
from pkbench.errors import DataError
from pkbench.spec.data import TorchvisionData


@dataclass(frozen=True, slots=True)
class Layout:
    """The extracted files of one torchvision data set, relative to its root folder.

    Attributes:
        content: the files that hold training and test images and labels; they are the data's identity.
        required: files without which torchvision refuses to read the others.
    """

    content: tuple[str, ...]
    required: tuple[str, ...] = ()


def _idx(folder: str) -> Layout:
    """The four files of MNIST and everything published in its format."""
    names = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
    return Layout(tuple(f"{folder}/raw/{name}" for name in names))


def layout_of(data: TorchvisionData) -> Layout:
    """The files of ``data``."""
    match data.source:
        case "torchvision:CIFAR10":
            folder = "cifar-10-batches-py"
            batches = tuple(f"{folder}/data_batch_{number}" for number in range(1, 6))
            return Layout((*batches, f"{folder}/test_batch"), (f"{folder}/batches.meta",))
        case "torchvision:CIFAR100":
            folder = "cifar-100-python"
            return Layout((f"{folder}/train", f"{folder}/test"), (f"{folder}/meta",))
        case "torchvision:STL10":
            folder = "stl10_binary"
            names = ("train_X.bin", "train_y.bin", "test_X.bin", "test_y.bin")
            # torchvision checks the 2.6 GB of unlabelled images even where only the labelled ones are read.
            return Layout(tuple(f"{folder}/{name}" for name in names), (f"{folder}/unlabeled_X.bin",))
        case "torchvision:MNIST":
            return _idx("MNIST")
        case "torchvision:FashionMNIST":
            return _idx("FashionMNIST")
        case "torchvision:SVHN":
            return Layout(("train_32x32.mat", "test_32x32.mat"))


def torchvision_root(data: TorchvisionData, base: Path) -> Path:
    """The ``root`` folder torchvision needs for ``data``: where its files are, or else where a download will put them.

    Without a ``path`` it is the data folder. A relative ``path`` is looked up beside the spec, then in the
    data folder; where neither is complete, it is the one that exists, or else the one beside the spec.
    """
    if data.path is None:
        return data_folder()
    places = candidates(data.path, base)
    complete = [place for place in places if not absent_files(data, place)]
    existing = [place for place in places if exists(place)]
    return (*complete, *existing, *places)[0]


def absent_files(data: TorchvisionData, root: Path) -> tuple[str, ...]:
    """The files of ``data``, relative to ``root``, that are not there."""
    layout = layout_of(data)
    return tuple(name for name in (*layout.content, *layout.required) if not exists(root / name))


def torchvision_files(data: TorchvisionData, base: Path) -> tuple[tuple[str, Path], ...]:
    """Name and path of every content file of ``data``.

    Raises:
        DataError: some of the data set's files are not there.
    """
    root = torchvision_root(data, base)
    absent = absent_files(data, root)
    if absent:
        shown = ", ".join(absent[:3]) + (f" and {len(absent) - 3} more" if len(absent) > 3 else "")
        raise DataError(
            f"data set {data.id} ({data.source}) is not in {root}: no {shown}",
            constraint="nothing is downloaded inside a run",
            remedy=f"fetch it with 'pkbench data get SPEC {data.id}', or set PKBENCH_DATA to the folder that holds it",
        )
    return tuple((name, root / name) for name in layout_of(data).content)


def digits_file() -> Path:
    """scikit-learn's own copy of the handwritten digits, found without importing scikit-learn.

    Raises:
        DataError: scikit-learn is not installed, or without its data.
    """
    found = importlib.util.find_spec("sklearn")
    folder = None if found is None or found.origin is None else Path(found.origin).parent
    path = None if folder is None else folder / "datasets" / "data" / "digits.csv.gz"
    if path is None or not path.is_file():
        raise DataError(
            f"the handwritten digits are not at {path or 'scikit-learn, which is not installed'}",
            constraint="they ship with scikit-learn",
            remedy="install it again: pip install --force-reinstall scikit-learn",
        )
    return path
