"""How true the time left is that `pkbench run` tells: runs specs anew, and holds what was told against what it then took.

Of one spec that is what is told along its runs; of several, what is told before each for all that is left. Exit code 1 where, after
the first tenth, it was off by more than a quarter. On a machine whose speed changes meanwhile, that says something about the machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from bisect import bisect_right
from itertools import takewhile
from statistics import median

TENTHS = range(1, 10)
ALLOWED = 1.25


def told(specs: list[str], options: list[str], results: str) -> tuple[list[tuple[float, float]], float, float]:
    """(when, seconds left as told then) of a run of ``specs``, when it began, and when its last run ended."""
    command = [sys.executable, "-m", "pkbench", "run", *specs, "--no-mlflow", "--json", "--results", results, *options]
    lines = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    events = [json.loads(line) for line in lines]
    several = len(specs) > 1
    started = min(event["time"] for event in events if event["event"] == ("SpecStarted" if several else "RunStarted"))
    ended = max(event["time"] for event in events if event["event"] == "RunEnded")
    about = [event for event in events if (event["event"] == "SpecStarted") == several]
    return [(event["time"], event["left_seconds"]) for event in about if event.get("left_seconds")], started, ended


def main() -> None:
    """Run it as often as is asked for, and print the ratio of what was told to what it took, by tenths of the time."""
    specs = list(takewhile(lambda argument: not argument.startswith("-"), sys.argv[1:]))
    usage = "%(prog)s [SPEC]... [--times TIMES] [options of `pkbench run`]"
    parser = argparse.ArgumentParser(description=__doc__, usage=usage)
    parser.add_argument("--times", type=int, default=3)
    arguments, options = parser.parse_known_args(sys.argv[1 + len(specs) :])
    specs = specs or ["specs/table1.toml"]
    ratios: dict[int, list[float]] = {tenth: [] for tenth in TENTHS}
    for _ in range(arguments.times):
        with tempfile.TemporaryDirectory() as results:
            found, started, ended = told(specs, options, results)
        times = [time for time, _ in found]
        for tenth in TENTHS:
            now = started + tenth / 10 * (ended - started)
            place = bisect_right(times, now) - 1
            if place >= 0:
                when, left = found[place]
                ratios[tenth].append((left - (now - when)) / (ended - now))
    for tenth, values in ratios.items():
        words = f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})" if values else "nothing told yet"
        print(f"after {tenth} tenths: told / true = {words}")
    first = ratios[1]
    sys.exit(not first or not 1 / ALLOWED <= median(first) <= ALLOWED)


main()
