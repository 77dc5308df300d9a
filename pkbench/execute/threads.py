"""The number of torch's threads, which runs set, left as it was in somebody else's program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pkbench.execute.prepare import Prepared


@contextmanager
def threads_as_before() -> Iterator[Callable[[Prepared, int], None]]:
    """Give what is to be called before runs are computed; afterwards torch has as many threads as it had then."""
    before: list[int] = []

    def prepared(found: Prepared, jobs: int) -> None:
        if jobs == 1 and (found.to_run or found.comparisons):
            import torch

            before.append(torch.get_num_threads())

    try:
        yield prepared
    finally:
        if before:
            import torch

            torch.set_num_threads(before[0])
