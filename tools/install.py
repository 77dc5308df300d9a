"""Make ``.venv`` in this checkout and install pkbench with pinned dependencies; does nothing when that is done.

Only the standard library, and old syntax: it must be able to say that Python is too old. Usage:

    python3 tools/install.py [EXTRA ...]        for instance: mlflow dvc, or dev
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time

OLDEST, NEWEST = (3, 11), (3, 13)
NEEDED_GB = 9.0  # torch's CUDA builds take 6.5 GB installed; pip unpacks them on the way
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, ".pkbench-installed")
LOG = os.path.join(VENV, "install.log")


def fail(message):
    """Say what is missing and stop."""
    sys.exit("pkbench: " + message)


def version_of(python):
    """``(major, minor)`` of an interpreter, or None where it does not start."""
    try:
        text = subprocess.run(
            [python, "-c", "import sys, ensurepip, venv; print('%d %d' % sys.version_info[:2])"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
        ).stdout.decode()
        return tuple(int(part) for part in text.split())
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None


def find_python():
    """An interpreter that is new enough and can make environments: the one running, else one from PATH."""
    names = [sys.executable, "python3", "python3.13", "python3.12", "python3.11"]
    seen = []
    for name in names:
        version = version_of(name)
        if version is not None and OLDEST <= version <= NEWEST:
            return name
        if version is not None:
            seen.append("%s is Python %d.%d" % (name, version[0], version[1]))
    fail(
        "needs Python %d.%d to %d.%d with the venv module; %s.\n"
        "Install one (on Debian and Ubuntu: apt install python3 python3-venv) or name it: make PYTHON=/path/to/python3 …"
        % (OLDEST + NEWEST + (", ".join(dict.fromkeys(seen)) or "none was found",))
    )


def wanted_stamp(extras):
    """What the stamp file says when exactly this is installed."""
    digest = hashlib.sha256(" ".join(sorted(extras)).encode())
    for name in ("pyproject.toml", "constraints.txt"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def installed_stamps():
    """The stamps of all that was installed into the environment."""
    try:
        with open(STAMP) as file:
            return file.read().split()
    except OSError:
        return []


def check_disk():
    """Stop where the environment would not fit."""
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < NEEDED_GB:
        fail("needs about %.0f GB of free disk for torch and the rest, %s has %.1f GB." % (NEEDED_GB, ROOT, free))


def pip(arguments):
    """Run the environment's pip; a line for each package it fetches, everything into the log."""
    python = os.path.join(VENV, "bin", "python")
    command = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    started = time.time()
    with open(LOG, "a") as log:
        process = subprocess.Popen(command + arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for raw in process.stdout:
            line = raw.decode(errors="replace").strip()
            log.write(line + "\n")
            if line.startswith(("Downloading ", "Using cached ")):
                # "Downloading name-version-….whl (12 MB)": names without the tags, so that lines stay short.
                name = os.path.basename(line.split()[1]).split("-")
                size = line[line.rfind("(") :] if "(" in line else ""
                print("  %3.0f s  %s %s %s" % (time.time() - started, name[0], name[1] if len(name) > 1 else "", size), flush=True)
            elif line.startswith(("Installing collected", "ERROR")):
                print("  %3.0f s  %s" % (time.time() - started, line[:160]), flush=True)
    if process.wait():
        fail("installing failed; the whole output is in %s. Running the same command again goes on." % LOG)


def main():
    """Install what the arguments ask for, if it is not there."""
    extras = sys.argv[1:]
    stamp = wanted_stamp(extras)
    if stamp in installed_stamps():
        return
    started = time.time()
    if not os.path.exists(os.path.join(VENV, "bin", "python")):
        check_disk()
        python = find_python()
        print("making the environment in .venv (several GB, a few minutes the first time)", flush=True)
        subprocess.run([python, "-m", "venv", VENV], check=True)
    else:
        print("bringing the environment in .venv up to date", flush=True)
    target = "." + ("[%s]" % ",".join(extras) if extras else "")
    pip(["--constraint", "constraints.txt", "--editable", target])
    with open(STAMP, "a") as file:
        file.write(stamp + "\n")
    print("installed in %.0f s" % (time.time() - started), flush=True)


if __name__ == "__main__":
    main()
