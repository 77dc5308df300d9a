"""Installed packages made here: a folder for ``sys.path`` with modules and the metadata that installers write."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pkbench.extend.load import forget

MODEL = """
from pkbench.extend.base import Options
from pkbench.extend.model import ModelExtension
from pkbench.extend.shape import Sizes


class LinearOptions(Options):
    scale: float = 1.0
    bias: bool


class Linear(ModelExtension[LinearOptions]):
    api = 1
    result_version = 1
    options = LinearOptions

    def shape(self, options, image, classes):
        if image[2] != 1:
            raise ValueError("it is for one colour")
        n = image[0] * image[1] * image[2]
        return Sizes(depth=1, layers=1, width=n, m=n, omega=n * classes, p=1.0, block_connections=n * classes,
                     connections=n * classes, parameters=n * classes + options.bias * classes,
                     forward_flops=2 * n * classes, activation_floats=n)

    def build(self, options, image, classes, seed):
        from torch import nn
        return nn.Sequential(nn.Flatten(), nn.Linear(image[0] * image[1] * image[2], classes, bias=options.bias))
"""
"""A module with the model extension ``Linear``."""

DATA_SET = """
import numpy as np
from pathlib import Path
from pkbench.extend.base import Options
from pkbench.extend.data import Arrays, DataExtension


class SetOptions(Options):
    file: str = ""
    shift: int = 0


class Set(DataExtension[SetOptions]):
    api = 1
    result_version = 1
    options = SetOptions
    places = frozenset({"file"})

    def files(self, options, base):
        return {"all": Path(options.file)} if options.file else {}

    def count(self, options, base):
        return 30, 0

    def read(self, options, base):
        images = np.arange(30 * 4, dtype=np.uint8).reshape(30, 2, 2, 1) + np.uint8(options.shift)
        labels = np.arange(30) % 3
        BODY
        return Arrays(train_images=images, train_labels=labels)
"""
"""The same with the data extension ``Set``; ``BODY`` stands where its arrays can be spoiled."""


def install(
    folder: Path, name: str, points: dict[str, dict[str, str]], modules: dict[str, str], version: str = "1.0"
) -> None:
    """Put the package ``name`` into ``folder``: entry points by group and name, modules by name and text."""
    metadata = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "utf-8")
    forget()
    lines = [line for group, own in points.items() for line in (f"[{group}]", *(f"{k} = {v}" for k, v in own.items()))]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n", "utf-8")
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text, "utf-8")


@contextmanager
def on_path(folder: Path) -> Iterator[None]:
    """While open, what is installed in ``folder`` is found; afterwards nothing of it is remembered."""
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        forget()
        try:
            yield
        finally:
            forget()
            for name in set(sys.modules) - before:
                if (folder / f"{name.partition('.')[0]}.py").is_file() or (folder / name.partition(".")[0]).is_dir():
                    del sys.modules[name]
