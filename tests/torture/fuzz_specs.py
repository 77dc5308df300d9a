"""Hostile specs against the loader, ``validate`` and ``plan``: ``python -m tests.torture.fuzz_specs --inputs 100000``.

It prints its seed; the same seed makes the same inputs. What goes wrong is kept in a folder, one file an input.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import faulthandler
import io
import json
import multiprocessing
import os
import secrets
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import pytest

from pkbench.errors import PkbenchError, SpecError
from pkbench.plan.estimate import Calibration
from tests.torture.spec_mutations import SPECS, mutated
from tests.torture.watched import TooLongError, Watch, peak_bytes

SECONDS = 1.0
"""Of its own time that reading and checking an input may take."""
SECONDS_A_RUN = 0.001
"""That planning may take besides, for each run."""
BYTES = 500_000_000
"""Memory that an input may take."""
_CHUNK = 100
_KILLED_AFTER = 120


@dataclass(frozen=True, slots=True)
class Finding:
    """What went wrong with one input, and the input."""

    number: int
    what: str
    content: bytes


class Fuzzer:
    """Looks at specs one after another, in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "specs" / "input.toml"
        self._path.parent.mkdir(exist_ok=True)
        self._folder = folder
        self._watch = Watch([folder / "cache"])
        os.environ |= {"XDG_CACHE_HOME": str(folder / "cache"), "PKBENCH_DATA": str(folder / "data")}
        self.look(0, SPECS[0].read_bytes())  # what is imported and remembered is so from here on
        self.look(0, b"a = [1,")
        self.look(0, SPECS[0].read_bytes() + b"\nunknown_key = 1\n")
        self._watch.noticed.clear()

    def look(self, number: int, content: bytes) -> Finding | None:
        """What goes wrong with ``content`` as a spec; nothing, as it should be."""
        self._path.write_bytes(content)
        before = peak_bytes()
        what = self._tried(as_json=number % 10 > 0)  # a table takes ten times as long to lay out
        if what is None and self._watch.noticed:
            what = "; ".join(self._watch.noticed)
            self._watch.noticed.clear()
        if what is None and peak_bytes() - before > BYTES:
            what = f"{(peak_bytes() - before) / 1e6:.0f} MB of memory"
        return None if what is None else Finding(number, what, content)

    def _tried(self, *, as_json: bool) -> str | None:
        faulthandler.dump_traceback_later(_KILLED_AFTER, exit=True)
        doing = "validate"
        try:
            runs: dict[str, int] = json.loads(self._said("validate", SECONDS))["specs"][0]["runs"]
            for doing in runs or ("quick",):
                self._said(doing, SECONDS + SECONDS_A_RUN * runs.get(doing, 0), as_json=as_json)
        except SpecError as error:
            return None if error.faults and str(error).strip() else "an error that says nothing"
        except PkbenchError as error:
            return None if error.message.strip() else "an error that says nothing"
        except TooLongError:
            return f"too long to {doing}: {traceback.format_exc()}"
        except Exception:  # whatever it is, it is a finding
            return traceback.format_exc()
        finally:
            faulthandler.cancel_dump_traceback_later()
        return None

    def _said(self, what: str, seconds: float, *, as_json: bool = True) -> str:
        """Standard output of ``validate --json``, or of ``plan`` at the profile of that name, as text and as JSON."""
        from pkbench.cli.plan import plan
        from pkbench.cli.spec import validate

        raw = io.BytesIO()
        out = io.TextIOWrapper(raw, encoding="utf-8", errors="replace", write_through=True)
        names = [str(self._path)]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()), self._watch.on(seconds):
            if what == "validate":
                validate(names, json_=True)
            else:
                plan(names, profile=what, results=self._folder / "results", device="cpu", estimate=True, json_=as_json)
        return raw.getvalue().decode()


def calibrated(*_: object) -> Calibration:
    """A machine that needs no measuring."""
    return Calibration(1e-5, 1e-10, 1e-9, 1e-9, 1e-9, 1e-9, 1e-9, 1e-9, 1e-9, 1e-9)


@cache
def fuzzer() -> Fuzzer:
    """This process's own, which has seen every real spec."""
    folder = Path(tempfile.mkdtemp(prefix="pkbench-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Fuzzer(folder)


def chunk(seed: int, numbers: range) -> list[Finding]:
    """What goes wrong with these inputs of ``seed``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pkbench.probes.calibrate.calibration", calibrated)
        found = (fuzzer().look(number, mutated(seed, number)) for number in numbers)
        return [finding for finding in found if finding is not None]


def fuzz(seed: int, inputs: int, jobs: int, told: Callable[[int], None] = lambda _: None) -> Iterator[Finding]:
    """What goes wrong with the first ``inputs`` of ``seed``; ``told`` hears how many have been looked at."""
    numbers = [range(at, min(at + _CHUNK, inputs)) for at in range(0, inputs, _CHUNK)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        try:
            for done, findings in zip(numbers, pool.map(partial(chunk, seed), numbers), strict=True):
                yield from findings
                told(done.stop)
        except BrokenProcessPool:
            yield Finding(-1, "a process was ended by an input: --jobs 1 shows which", b"")


def main() -> int:
    """Exit code 1 if an input went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    parser.add_argument("--only", type=int, help="number of the one input to look at")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "pkbench-findings")
    options = parser.parse_args()
    print(f"seed {options.seed}, {options.inputs} inputs")
    if options.only is not None:
        found = iter(chunk(options.seed, range(options.only, options.only + 1)))
    else:
        found = fuzz(options.seed, options.inputs, options.jobs, lambda done: print(done, end="\r", file=sys.stderr))
    count = 0
    for finding in found:
        count += 1
        options.keep.mkdir(parents=True, exist_ok=True)
        file = options.keep / f"{options.seed}-{finding.number}.toml"
        file.write_bytes(finding.content)
        print(f"input {finding.number} ({file}): {finding.what}", flush=True)
    print(f"{count} of {options.inputs} inputs went wrong (seed {options.seed})")
    return min(count, 1)


if __name__ == "__main__":
    sys.exit(main())
