"""Settings of every test."""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

# One thread for each test process, set before torch is imported: several of them waiting for each other's threads
# on a few cores take a hundred times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# No deadlines: the machines that run these tests are shared, and a slow example is no fault of the code.
settings.register_profile("pkbench", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pkbench")

# Mutation asks whether a test fails, of which a failing example says enough: it need not be made small, nor kept.
settings.register_profile("mutation", database=None, phases=(Phase.explicit, Phase.generate))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Under mutation, tests of many cases come last: most changes fail a test of one case, which costs far less."""
    if settings.get_current_profile_name() == "mutation":
        items.sort(key=lambda item: "hypothesis" in item.keywords)
