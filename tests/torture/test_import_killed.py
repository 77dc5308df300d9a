"""Taking in an archive is killed at any moment: what is there is whole, and the same command goes on."""

from __future__ import annotations

import random
import time

import pytest

from pkbench.store.files import Store
from tests.results.conftest import call, made
from tests.results.made import Made, every_file
from tests.store.processes import start_pkbench
from tests.torture.conftest import Torture

__all__ = ["made"]


@pytest.mark.timeout(1800)  # in full, on a machine that others use
def test_a_killed_import_leaves_nothing_half_written(made: Made, torture: Torture) -> None:
    assert call("export", "--out", "all.tar.gz").exit_code == 0
    whole = every_file(made.folder / "results")
    started = time.monotonic()
    assert start_pkbench("import", "all.tar.gz", "--results", made.folder / "first").wait(timeout=200) == 0
    length = time.monotonic() - started
    chance = random.Random(0)
    times = torture.times(short=3, full=12)
    for number in range(times):
        into = made.folder / f"into-{number}"
        with start_pkbench("import", "all.tar.gz", "--results", into) as process:
            # Most of its time it is being imported itself; what matters comes last.
            time.sleep(length * chance.uniform(0.5, 1.1))
            process.kill()
        found = {name: content for name, content in every_file(into).items() if not name.endswith(".tmp")}
        assert all(whole[name] == content for name, content in found.items())
        assert not Store(into).scan("small").problems
        assert call("import", "all.tar.gz", "--results", str(into)).exit_code == 0
        left = {name: content for name, content in every_file(into).items() if not name.endswith(".tmp")}
        assert left == whole
    torture.tell("pkbench import killed (SIGKILL) at a random moment", times, "nothing: the same command goes on")
