"""Settings of every test."""

import os
import signal
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

# One thread for each test process, set before torch is imported: several of them waiting for each other's threads
# on a few cores take a hundred times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Commands that tests start write to their pipes as a user's do: not unbuffered, wherever the tests run.
os.environ.pop("PYTHONUNBUFFERED", None)

# Without a GPU, the kernels written for one are interpreted, number by number. Triton asks once, when it is first imported.
if not Path("/dev/nvidiactl").exists():
    os.environ.setdefault("TRITON_INTERPRET", "1")

# No deadlines: the machines that run these tests are shared, and a slow example is no fault of the code.
settings.register_profile("pkbench", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pkbench")

# Mutation asks whether a test fails, of which a failing example says enough: it need not be made small, nor kept.
settings.register_profile("mutation", database=None, phases=(Phase.explicit, Phase.generate))


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """Verbs that only print let a closed pipe end their process. Called within this one, they would leave it to the tests that follow,
    whose workers' pipes close at any time."""
    before = signal.getsignal(signal.SIGPIPE)
    yield
    signal.signal(signal.SIGPIPE, before)


_LONG = (
    "tests/cli/test_bench.py",
    "tests/test_readme.py",
    "tests/docs/",
    "tests/torture/",
    "tests/pipeline/",
    "tests/execute/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Under mutation, tests of many cases come last: most changes fail a test of one case, which costs far less."""
    if settings.get_current_profile_name() == "mutation":
        items.sort(key=lambda item: "hypothesis" in item.keywords)
    else:
        # What takes longest begins first, so that no process is left alone with it at the end.
        items.sort(key=lambda item: not item.nodeid.startswith(_LONG))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--torture",
        choices=("short", "full"),
        default="short",
        help="how often tests/torture does its damage: short with every run, full for `make torture`",
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of tests/torture: what was done, how often, what was lost."""
    reports = terminalreporter.stats.get("passed", []) + terminalreporter.stats.get("failed", [])
    told = [value for report in reports for name, value in report.user_properties if name == "torture"]
    if not told:
        return
    terminalreporter.section("what was done, how often, what was lost")
    for damage, times, lost in sorted(told):
        first, *rest = textwrap.wrap(damage, 76)
        terminalreporter.write_line(f"{first:<76}  {times:>6}  {lost}")
        for line in rest:
            terminalreporter.write_line(f"  {line}")
