"""Make ``.venv`` in this checkout and install pkbench with pinned dependencies; does nothing when that is done.

Only the standard library and old syntax (no f-strings): it must be able to say that Python is too old. Usage:

    python3 tools/install.py [EXTRA ...]        for instance: mlflow dvc, or dev
"""

import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 13)
NEEDED_GB = 9.0  # torch's CUDA builds take 6.5 GB installed; pip unpacks them on the way
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / ".pkbench-installed"
LOG = VENV / "install.log"


def say(text):
    """Print a line at once, in a pipe too."""
    print(text, flush=True)


def fail(message):
    """Say what is missing and stop."""
    sys.exit("pkbench: " + message)


def version_of(python):
    """``(major, minor)`` of an interpreter, or None where it does not start."""
    code = "import sys, ensurepip, venv; print('{} {}'.format(*sys.version_info[:2]))"
    try:
        done = subprocess.run([python, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        return tuple(int(part) for part in done.stdout.split())
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None


def find_python():
    """An interpreter that is new enough and can make environments: the one running, else one from PATH."""
    seen = []
    for name in (sys.executable, "python3", "python3.13", "python3.12", "python3.11"):
        version = version_of(name)
        if version is not None and OLDEST <= version <= NEWEST:
            return name
        if version is not None:
            seen.append("{} is Python {}.{}".format(name, *version))
    return fail(
        "needs Python {}.{} to {}.{} with the venv module; {}.\n"
        "Install one (on Debian and Ubuntu: apt install python3 python3-venv), or name it: "
        "make demo PYTHON=/path/to/python3".format(*OLDEST, *NEWEST, "; ".join(dict.fromkeys(seen)) or "found none")
    )


def wanted_stamp(extras):
    """What the stamp file says when exactly this is installed."""
    digest = hashlib.sha256(" ".join(sorted(extras)).encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def installed_stamps():
    """The stamps of all that was installed into the environment."""
    return STAMP.read_text().split() if STAMP.exists() else []


def check_disk():
    """Stop where the environment would not fit."""
    free = shutil.disk_usage(str(ROOT)).free / 1e9
    if free < NEEDED_GB:
        fail(
            "needs about {:.0f} GB of free disk for PyTorch and the rest; {} has {:.1f} GB. Free some, "
            "or clone to a larger disk.".format(NEEDED_GB, ROOT, free)
        )


def make_environment():
    """Create ``.venv``, or a sound one over the rest of one whose making was interrupted."""
    check_disk()
    python = find_python()
    say("making the environment in .venv (about 7 GB, some minutes the first time)")
    subprocess.run([python, "-m", "venv", "--clear", str(VENV)], check=True)


def short(line):
    """A line of pip's as progress, or None: ``Downloading torch-2.15.0-…whl (500 MB)`` as ``torch 2.15.0 (500 MB)``."""
    words = line.split()
    if line.startswith(("Downloading ", "Using cached ")) and ".metadata" not in line:
        path = words[1] if words[0] == "Downloading" else words[2]
        name, _, rest = path.rsplit("/", 1)[-1].partition("-")
        return "{} {} {}".format(name, rest.split("-")[0], line[line.rfind("(") :] if "(" in line else "").rstrip()
    if line.startswith("Installing collected packages"):
        return "unpacking {} packages".format(line.count(",") + 1)
    return line if line.startswith("ERROR") else None


def pip(arguments):
    """Run the environment's pip; a line for each package it fetches, everything into the log."""
    command = [
        str(PYTHON),
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar",
        "off",
    ]
    started = time.time()
    with LOG.open("a") as log:
        process = subprocess.Popen(command + arguments, cwd=str(ROOT), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for raw in process.stdout:
            line = raw.decode(errors="replace").strip()
            log.write(line + "\n")
            text = short(line)
            if text:
                say("  {:4.0f} s  {}".format(time.time() - started, text))
    if process.wait():
        fail("installing failed; the whole output is in {}. The same command again goes on.".format(LOG))


def main():
    """Install what the arguments ask for, if it is not there."""
    extras = sys.argv[1:]
    stamp = wanted_stamp(extras)
    if stamp in installed_stamps():
        return
    started = time.time()
    # Python without pip: the making was interrupted.
    if version_of(str(PYTHON)) is None or not list(VENV.glob("lib/*/site-packages/pip/__main__.py")):
        make_environment()
    else:
        say("bringing the environment in .venv up to date")
    target = ".[{}]".format(",".join(extras)) if extras else "."
    pip(["--constraint", "constraints.txt", "--editable", target])
    with STAMP.open("a") as file:
        file.write(stamp + "\n")
    say("installed in {:.0f} s".format(time.time() - started))


if __name__ == "__main__":
    main()
