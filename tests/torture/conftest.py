"""How often damage is done, and the table of it: ``pytest tests/torture --torture full`` prints what ``make torture`` shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

ONLY_FULL = {
    "test_data.py",
    "test_disk.py",
    "test_dvc.py",
    "test_import_killed.py",
    "test_memory.py",
    "test_mlflow.py",
    "test_readers.py",
    "test_sharing.py",
    "test_surroundings.py",
}
"""Files whose every test starts whole commands one after another: minutes that `make torture` has."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--torture") == "full":
        return
    for item in items:
        if item.path.parent.name == "torture" and item.path.name in ONLY_FULL:
            item.add_marker(pytest.mark.skip(reason="`make torture` does it: it takes minutes"))


@dataclass(frozen=True)
class Torture:
    """One promise under damage.

    ``tell`` adds a line to the table at the end; a test calls it once its assertions have held.
    """

    full: bool
    _record: Callable[[str, object], None]

    def times(self, *, short: int, full: int) -> int:
        """How often to do the damage: ``short`` with every run of the tests, ``full`` for ``make torture``."""
        return full if self.full else short

    def only_full(self) -> None:
        """Leave the rest of this test to ``make torture``: its processes take seconds to start."""
        if not self.full:
            pytest.skip("`make torture` does it: its processes take seconds to start")

    def tell(self, damage: str, times: int, lost: str) -> None:
        """What was done, how often, and what was lost by it: ``"nothing"``, or how much at most."""
        self._record("torture", (damage, times, lost))


@pytest.fixture
def torture(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Torture:
    return Torture(request.config.getoption("--torture") == "full", record_property)
