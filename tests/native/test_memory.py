"""Memory for features, whatever pages the system has."""

import mmap

import pytest
import torch

from pkbench.native.memory import in_large_pages, numbers


@pytest.mark.parametrize("count", [1, 1000, 2**20, 2**20 + 1])
def test_all_of_it_can_be_written(count: int) -> None:
    memory = numbers(count)
    assert (memory.shape, memory.dtype) == ((count,), torch.float32)
    assert memory.fill_(3.0).double().sum() == 3.0 * count


@pytest.mark.parametrize("count", [3, 2000])
def test_images_are_the_same_there(count: int) -> None:
    images = torch.randint(256, (count, 32, 32, 3), dtype=torch.uint8).permute(0, 3, 1, 2)
    found = in_large_pages(images)
    assert found.is_contiguous()
    assert torch.equal(found, images)
    assert found.data_ptr() != images.data_ptr()


def test_without_large_pages_it_is_there_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(mmap.mmap):
        def madvise(self, *_: int) -> None:
            raise OSError(22, "Invalid argument")

    monkeypatch.setattr("pkbench.native.memory.mmap.mmap", Refusing)
    assert numbers(2**20).fill_(1.0).sum() == 2**20
    monkeypatch.delattr(mmap, "MADV_HUGEPAGE", raising=False)
    assert numbers(2**20).fill_(1.0).sum() == 2**20


def test_it_lives_as_long_as_any_part_of_it() -> None:
    part = numbers(2**21).fill_(2.0)[-5:]
    assert part.tolist() == [2.0] * 5
