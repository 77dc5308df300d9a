"""What is made ahead arrives in order, and the thread that makes it ends however the taking ends."""

import gc
import threading
import time
from collections.abc import Iterator

import pytest

from pkbench.train.ahead import made_ahead

NAME = "pkbench-batches"


def nothing() -> None:
    """No preparation."""


def alive() -> int:
    return sum(thread.name == NAME for thread in threading.enumerate())


def wait_until(made: list[int], count: int) -> None:
    end = time.monotonic() + 10
    while len(made) < count and time.monotonic() < end:
        time.sleep(0.001)
    # Had it been able to make more, it would have by now.
    time.sleep(0.02)


def noted(made: list[int], count: int = 100) -> Iterator[int]:
    for number in range(count):
        made.append(number)
        yield number


@pytest.mark.parametrize("count", [1, 2, 5])
def test_all_items_in_order_from_one_other_thread(count: int) -> None:
    threads = set()

    def source() -> Iterator[int]:
        for number in range(20):
            threads.add(threading.get_ident())
            yield number

    assert list(made_ahead(source(), count, lambda: threads.add(threading.get_ident()))) == list(range(20))
    assert len(threads) == 1
    assert threading.get_ident() not in threads
    assert alive() == 0


def test_so_many_wait_and_no_more() -> None:
    made: list[int] = []
    items = made_ahead(noted(made), 3, nothing)
    assert not made
    assert next(items) == 0
    wait_until(made, 5)
    # One is taken, three wait, and one is at hand.
    assert len(made) == 5
    items.close()
    assert len(made) == 5
    assert alive() == 0


def test_dropping_it_ends_the_thread() -> None:
    items = made_ahead(noted([]), 1, nothing)
    next(items)
    assert alive() == 1
    del items
    gc.collect()
    assert alive() == 0


def test_an_error_comes_after_what_was_made_before_it() -> None:
    def source() -> Iterator[int]:
        yield 1
        yield 2
        raise OSError("no more")

    items = made_ahead(source(), 5, nothing)
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(OSError, match="no more"):
        next(items)
    assert alive() == 0


def test_an_error_at_the_start_comes_first() -> None:
    def start() -> None:
        raise MemoryError("nothing left")

    with pytest.raises(MemoryError, match="nothing left"):
        next(made_ahead(noted([]), 1, start))
    assert alive() == 0


def test_an_error_where_items_are_taken_ends_the_thread() -> None:
    def take() -> None:
        for item in made_ahead(noted([]), 2, nothing):
            if item == 3:
                raise KeyError(item)

    with pytest.raises(KeyError) as error:
        take()
    del error
    gc.collect()
    assert alive() == 0
