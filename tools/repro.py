"""``dvc repro`` that goes on whatever ended the last one: ``python tools/repro.py [ARGUMENTS OF DVC REPRO]``.

DVC writes two files in place, ``dvc.lock`` and ``.dvc/tmp/rwlock``. A kill in that moment leaves half of one, which DVC then
refuses until somebody deletes it. Both say only what has been done and who is at it, and neither is a result: pkbench finds by
itself what it has computed. So what cannot be read is deleted here, under DVC's own locks, and then DVC is called.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")


def main(folder: Path, arguments: list[str]) -> None:
    """Mend what lies in ``folder``, then become ``dvc repro``."""
    for said in mend(folder):
        print(said, file=sys.stderr, flush=True)
    dvc = Path(sys.executable).with_name("dvc")
    program = str(dvc) if dvc.exists() else "dvc"
    os.chdir(folder)
    # Stages call pkbench by its name: that of this environment, active or not.
    os.environ["PATH"] = os.pathsep.join([str(dvc.parent), os.environ.get("PATH", os.defpath)])
    os.execvp(program, [program, "repro", *arguments])  # noqa: S606 - no shell, the user's own dvc


def mend(folder: Path) -> list[str]:
    """Delete those of DVC's two files in ``folder`` that it would refuse; a sentence for each."""
    state = folder / ".dvc" / "tmp"
    found = []
    with _held(state / "lock") as free:
        if free and not _is_sound(folder / "dvc.lock"):
            (folder / "dvc.lock").unlink()
            found.append(
                "dvc.lock was left half-written: deleted. DVC calls every stage again, which computes nothing twice"
            )
    with _held(state / "rwlock.lock") as free:
        if free and not _names_a_dvc(state / "rwlock"):
            (state / "rwlock").unlink()
            found.append(".dvc/tmp/rwlock was left by a DVC that is gone: deleted")
    return found


@contextmanager
def _held(path: Path) -> Iterator[bool]:
    """DVC's lock at ``path``, as DVC holds it; False where another process has it, and its files are in good hands."""
    if not path.parent.is_dir():
        yield True
        return
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True


def _is_sound(path: Path) -> bool:
    """Whether DVC can read the lock file at ``path``, or there is none.

    Its schema takes an entry that is cut in the middle (``hash: m``), and then fails on it without a word: entries have to be whole.
    """
    if not path.exists():
        return True
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    from ruamel.yaml import YAML, YAMLError
    from voluptuous import Invalid

    try:
        content = COMPILED_LOCKFILE_SCHEMA(YAML(typ="safe").load(path.read_text(encoding="utf-8")))
        stages = content.get("stages", {}).values()
        return all(_is_whole(entry) for stage in stages for part in ("deps", "outs") for entry in stage.get(part, []))
    except (YAMLError, Invalid, ValueError):
        return False


def _is_whole(entry: dict[str, Any]) -> bool:
    """Whether DVC wrote all of this file's entry."""
    return entry.get("hash") == "md5" and "size" in entry and bool(_MD5.fullmatch(str(entry.get("md5"))))


def _names_a_dvc(path: Path) -> bool:
    """Whether the file at ``path`` is sound and all it names are DVCs that run, or there is none.

    A number that the system has given to another process since makes DVC wait for that one.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        writers, readers = content.get("write", {}).values(), content.get("read", {}).values()
        return all(_is_a_dvc(holder["pid"]) for holder in [*writers, *(one for some in readers for one in some)])
    except FileNotFoundError:
        return True
    except (ValueError, AttributeError, TypeError, KeyError):
        return False


def _is_a_dvc(pid: Any) -> bool:
    import psutil

    try:
        return any("dvc" in Path(word).name for word in psutil.Process(int(pid)).cmdline())
    except psutil.Error:
        return False


if __name__ == "__main__":
    main(Path.cwd(), sys.argv[1:])
