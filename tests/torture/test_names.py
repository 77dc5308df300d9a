"""Titles, paths and records full of other programs' commands: shown by every verb, obeyed by nothing."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from pkbench.store.files import Store
from pkbench.store.record import Failure
from tests.small import write_small
from tests.torture.conftest import Torture

ESCAPE, C1, TURNED, HIDDEN = "\x1b]0;pwned\x07", "\x9b31mpwned", "\u202epwned", "\u200bpwned"
COMMANDS = (ESCAPE, C1, TURNED, HIDDEN)
TEXT = (
    f"{C1} {TURNED} {HIDDEN} <script>alert(1)</script> \\\\input{{/etc/passwd}} $x$ | [a](javascript:b) ![i](http://x)"
)
FORMULA = "=HYPERLINK(1)"
FOLDER = f"{ESCAPE}{C1}{TURNED} [red]"
"""What a folder can be called."""
VERBS = (
    *(
        "validate",
        "plan",
        "plan --json",
        "run --fresh --only narrow/0",
        "report",
        "claims",
        "data list",
        f"plan --only {C1}",
    ),
    *("validate --json", "run", "run --json", "report --json", "report --latex tex --csv tables", "report --check"),
    *("claims --json", "data list --json", "data check", "report --require small:rp-parity=supported", "sync"),
    *("cost --steps 1", "plan --profile paper", f"plan --only {HIDDEN}"),
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spec and records with commands wherever there can be text, in a folder whose name is one."""
    root = tmp_path_factory.mktemp("names") / FOLDER
    replacements = [
        ('title = "Small"', f'title = "{TEXT}"'),
        ('paper = "none"', f'paper = "{TEXT}"'),
        ('statement = "Random permutations make the error smaller"', f'statement = "{FORMULA}{TEXT}"'),
        ('place = "nowhere"', f'place = "{TEXT}"'),
        ('scope = "A test."', f'scope = "{TEXT}"'),
        ("[profile.quick]", f'[assumption]\n"train.epochs" = "{TEXT}"\n\n[profile.quick]'),
    ]
    spec = write_small(root, *replacements)
    done, said = shown(spec, "run")
    assert done == 0, said
    store = Store(root / "results")
    record = next(record for record in store.scan("small").records.values() if record.labels.seed == 2)
    failure = Failure(kind="error", message=f"{ESCAPE}{TEXT}", epoch=1)
    fields = {
        "engine": f"{ESCAPE}{C1}",
        "environment": record.environment.model_copy(update={"processor": ESCAPE + TEXT}),
    }
    store.write(record.model_copy(update={"status": "failed", "failure": failure, **fields}))
    return spec


def shown(spec: Path, verb: str) -> tuple[int, str]:
    """Exit code of a verb about ``spec`` and all that a terminal gets of it."""
    ours, theirs = pty.openpty()
    name, *options = verb.split(" ")
    group = [name, options.pop(0)] if name == "data" else [name]
    command = [sys.executable, "-m", "pkbench", *group, str(spec), *options]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(
        command, stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL, cwd=spec.parent.parent, env=environment
    ) as process:
        os.close(theirs)
        found = bytearray()
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # Linux says so at the end
                break
            if not piece:
                break
            found += piece
    os.close(ours)
    return process.returncode, found.decode()


def test_no_verb_lets_a_text_steer_the_terminal(project: Path, torture: Torture) -> None:
    verbs = VERBS[: torture.times(short=8, full=len(VERBS))]
    for verb in verbs:
        code, said = shown(project, verb)
        assert "Traceback" not in said, said
        assert code in (0, 1, 2), f"{verb}: {said}"
        assert [command for command in COMMANDS if command in said] == [], f"{verb}: {said!r}"
    torture.tell("titles, paths and failures with terminal commands, shown by every verb", len(verbs), "nothing obeyed")


def test_no_file_of_a_report_has_a_command(project: Path, torture: Torture) -> None:
    assert shown(project, "report --latex tex --csv tables")[0] == 0
    root = project.parent.parent
    files = [path for folder in ("reports", "tex", "tables") for path in (root / folder).rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".md", ".svg", ".json", ".tex", ".csv"}
    for path in files:
        if path.suffix == ".png":
            continue
        text = path.read_text(encoding="utf-8")
        assert [command for command in COMMANDS if command in text] == [], path
        if path.suffix == ".json":
            json.loads(text)
            continue
        assert path.suffix == ".csv" or "<script" not in text, path
        assert path.suffix != ".md" or not re.search(r"(?<!\\)\[a\]\(javascript", text), path
        if path.suffix == ".tex":
            assert "\\input{" not in text
        if path.suffix == ".svg":
            assert all(not element.tag.endswith("script") for element in ET.fromstring(text).iter())
        if path.suffix == ".csv":
            cells = [cell for row in csv.reader(text.splitlines()) for cell in row]
            odd = [cell for cell in cells if re.match(r"[=+@\t\r]|-(?![\d.])", cell)]
            assert odd == [], path
    torture.tell("the same in every file of a report, its LaTeX and its tables", len(files), "nothing obeyed")
