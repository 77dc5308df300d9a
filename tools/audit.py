"""Known weaknesses of the pinned dependencies, by pip-audit; and the package's own code by ruff's security rules.

Usage: ``make audit``. Exit code 0: nothing found; 1: something found; 2: the database of weaknesses cannot be reached, so
that the dependencies were not looked at, which one line says.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
UNREACHABLE = 2
_SECONDS = 600


def code_is_sound() -> bool:
    """Whether ruff's security rules (flake8-bandit) find nothing; what they find is printed."""
    done = subprocess.run(
        [str(BIN / "ruff"), "check", "--quiet", "--select", "S,PGH", "pkbench"], cwd=ROOT, check=False
    )
    return done.returncode == 0


def audited(constraints: Path) -> list[dict[str, Any]]:
    """The pinned packages that the database knows, each with its weaknesses; empty where it cannot be reached."""
    command = [
        str(BIN / "pip-audit"),
        "--requirement",
        str(constraints),
        "--no-deps",
        "--disable-pip",
        "--format",
        "json",
    ]
    command += ["--progress-spinner", "off"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
        return known(done.stdout)
    except (OSError, subprocess.TimeoutExpired):
        return []


def known(report: str) -> list[dict[str, Any]]:
    """Of pip-audit's report the packages that were looked up; it leaves out the weaknesses of those it could not."""
    try:
        packages = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return []
    return [package for package in packages if "vulns" in package]


def main() -> int:
    """Look at both and say what was found."""
    sound = code_is_sound()
    constraints = ROOT / "constraints.txt"
    packages = audited(constraints)
    if not packages:
        print("the database of known weaknesses cannot be reached from here: the dependencies were not looked at")
        return UNREACHABLE if sound else 1
    weak = [(package, found) for package in packages for found in package["vulns"]]
    for package, found in weak:
        fixed = ", ".join(found.get("fix_versions", [])) or "none yet"
        print("{} {}: {} (fixed in {})".format(package["name"], package["version"], found["id"], fixed))
    print("{} of the pinned packages looked up, {} known weaknesses".format(len(packages), len(weak)))
    return 0 if sound and not weak else 1


if __name__ == "__main__":
    sys.exit(main())
