import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from pkbench.data.assemble import Arrays, assemble
from pkbench.data.summary import repeated_in_test, summarise
from tests.data.factory import data_of, pixels, write_npz


def test_a_summary_counts_and_is_plain_data(tmp_path: Path) -> None:
    write_npz(tmp_path / "arrays.npz", 31, 6)
    spec = data_of("npz", validation_count=4)
    summary = summarise(spec, "00" * 32, assemble(spec, tmp_path))
    assert (summary.train, summary.validation, summary.test) == (27, 4, 6)
    assert summary.per_class == (9, 9)
    assert json.loads(json.dumps(asdict(summary)))["shape"] == [6, 4, 3]


def test_repeated_images_are_counted_in_training_and_validation(tmp_path: Path) -> None:
    write_npz(tmp_path / "arrays.npz")
    data = assemble(data_of("npz"), tmp_path)
    assert repeated_in_test(data) == 0
    images = data.test.images.copy()
    images[0], images[3], images[5] = data.train.images[2], data.validation.images[1], data.train.images[2]
    assert repeated_in_test(replace(data, test=Arrays(images, data.test.labels))) == 3
    nearly = images.copy()
    nearly[:, 0, 0, 0] ^= 1
    assert repeated_in_test(replace(data, test=Arrays(nearly, data.test.labels))) == 0


def test_identical_training_images_are_not_counted(tmp_path: Path) -> None:
    write_npz(tmp_path / "arrays.npz", x_train=pixels(1).repeat(12, axis=0))
    assert repeated_in_test(assemble(data_of("npz"), tmp_path)) == 0
    assert np.array_equal(*assemble(data_of("npz"), tmp_path).train.images[:2])
