"""Items of an iterator made ahead of their use, in one background thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from queue import Empty, Queue
from typing import TypeVar

Item = TypeVar("Item")


class _Failed:
    """What the thread leaves in the queue when the iterator raises."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


class _End:
    """What it leaves there at the iterator's end."""


def made_ahead(source: Iterator[Item], count: int, start: Callable[[], None]) -> Generator[Item, None, None]:
    """The items of ``source`` in order, of which up to ``count`` wait, made in a thread that lives as long as this generator.

    The thread starts with the first item that is asked for. It has ended when the generator has: with the last item, with an
    error, or when it is closed, explicitly or because nothing refers to it any more.

    Args:
        source: used in the thread alone.
        count: 1 or more.
        start: called in the thread before anything else.

    Raises:
        BaseException: what ``start`` or ``source`` raises, in place of the item that it kept from being made.
    """
    queue: Queue[Item | _Failed | _End] = Queue(count)
    stop = threading.Event()

    def work() -> None:
        try:
            start()
            for item in source:
                queue.put(item)
                if stop.is_set():
                    return
            queue.put(_End())
        except BaseException as error:
            # It is raised where the items are taken.
            queue.put(_Failed(error))

    # A daemon, so that a generator that is never closed does not keep the process from ending.
    thread = threading.Thread(target=work, name="pkbench-batches", daemon=True)
    thread.start()
    try:
        while not isinstance(item := queue.get(), _End):
            if isinstance(item, _Failed):
                raise item.error
            yield item
    finally:
        stop.set()
        # The thread may be waiting for room. Once emptied, there is enough for what it has at hand, and it makes no more.
        while True:
            try:
                queue.get_nowait()
            except Empty:
                break
        # Python may collect what nothing refers to in any thread, in this one too.
        if threading.current_thread() is not thread:
            thread.join()
