"""Calls in PyTorch's own threads."""

import signal
import threading
from collections.abc import Iterator

import pytest
import torch

from pkbench.native import openmp, sparse


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


needed = pytest.mark.skipif(not openmp.available(), reason="PyTorch's threads cannot be asked for here")


@needed
@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_call_is_made_once_whatever_threads_there_are(count: int) -> None:
    torch.set_num_threads(count)
    made: list[int] = []
    for _ in range(50):
        openmp.at_once([lambda number=number: made.append(number) for number in range(5)])  # type: ignore[misc]
    assert sorted(made) == sorted(50 * list(range(5)))


@needed
def test_calls_are_made_at_the_same_time() -> None:
    torch.set_num_threads(2)
    both = threading.Barrier(2, timeout=60)
    openmp.at_once([lambda: (both.wait(), None)[1]] * 2)
    assert not both.broken


@needed
def test_what_fails_is_told_when_all_are_done() -> None:
    torch.set_num_threads(2)
    made: list[int] = []

    def fails() -> None:
        raise ValueError("one of three")

    with pytest.raises(ValueError, match="one of three"):
        openmp.at_once([lambda: made.append(1), fails, lambda: made.append(2)])
    assert sorted(made) == [1, 2]


@needed
def test_an_interruption_is_not_lost() -> None:
    torch.set_num_threads(1)
    made: list[int] = []

    def interrupted() -> None:
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            openmp.at_once([interrupted, lambda: made.append(1)])
    finally:
        signal.signal(signal.SIGINT, before)
    assert made == [1]


@needed
def test_pytorch_goes_on_with_its_threads() -> None:
    torch.set_num_threads(2)
    x = torch.randn(400, 400, generator=torch.Generator().manual_seed(0))
    expected = torch.nn.functional.gelu(x) @ x
    for _ in range(5):
        openmp.at_once([lambda: None] * 2)
        assert torch.equal(torch.nn.functional.gelu(x) @ x, expected)


@pytest.mark.parametrize("missing", ["folder", "function"])
def test_without_such_a_library(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if missing == "folder":
        monkeypatch.setattr(openmp.Path, "glob", lambda *_: [])
    else:
        monkeypatch.setattr(openmp.ctypes, "CDLL", lambda _: object())
    openmp._parallel.cache_clear()
    try:
        assert not openmp.available()
        with pytest.raises(RuntimeError, match="cannot be asked"):
            openmp.at_once([lambda: None])
    finally:
        openmp._parallel.cache_clear()


@pytest.mark.parametrize("there", [False, True])
def test_a_product_is_shared_out_in_either_way(there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if there and not openmp.available():
        pytest.skip("PyTorch's threads cannot be asked for here")
    torch.set_num_threads(2)
    monkeypatch.setattr(openmp, "available", lambda: there)
    names: set[str] = set()
    parts = [(lambda begin, end: names.add(f"{begin} to {end}"), share) for share in sparse._shares(10, 2)]
    sparse._in_threads(parts)
    assert names == {"0 to 5", "5 to 10"}
