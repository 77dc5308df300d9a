"""Write what the code says of itself into the pages of docs/: each verb's options, and the keys of a spec.

    python tools/reference.py

A page says where by a pair of marks, ``<!-- BEGIN name -->`` and ``<!-- END name -->``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from pkbench.atomic import write_bytes
from pkbench.cli.main import app
from pkbench.spec.reference import reference

DOCS = Path(__file__).resolve().parent.parent / "docs"


def verbs(group: Any = None, above: str = "") -> dict[str, Any]:
    """Every verb by its name, ``data get`` included, without those that only have verbs below them."""
    found: dict[str, Any] = {}
    top: Any = typer.main.get_command(app)
    for name, command in (group or top).commands.items():
        below = getattr(command, "commands", None)
        found |= verbs(command, f"{above}{name} ") if below else {f"{above}{name}": command}
    return found


def options(command: Any) -> str:
    """The table of the options and arguments of a verb."""
    rows = [row for parameter in command.params if (row := _row(parameter))]
    return "\n".join(["| option | default | what it does |", "|---|---|---|", *rows])


def _row(parameter: Any) -> str:
    if parameter.name == "help":
        return ""
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    if parameter.param_type_name == "argument":
        names = f"`{(parameter.metavar or parameter.name).upper().rstrip('.')}`"
    value = _value(parameter)
    default = "required" if parameter.required else _default(parameter.default)
    meaning = " ".join((parameter.help or "").split())
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in (f"{names} {value}".strip(), default, meaning)) + " |"


def _value(parameter: Any) -> str:
    if parameter.min is not None:
        return f"{parameter.min} or more" if parameter.max is None else f"{parameter.min} to {parameter.max:,}"
    if parameter.param_type_name == "option" and parameter.metavar:
        return f"`{parameter.metavar}`"
    return ""


def _default(default: Any) -> str:
    return "" if default in (None, False, (), []) else "on" if default is True else f"`{default}`"


def blocks() -> dict[str, dict[str, str]]:
    """For each page: the text that belongs between each of its pairs of marks."""
    lists = {f"options: {name}": options(command) for name, command in verbs().items()}
    return {"verbs.md": lists, "spec-reference.md": {"keys": reference()}}


def filled(page: str, content: dict[str, str]) -> str:
    """``page`` with what stands between its marks replaced.

    Raises:
        ValueError: a pair of marks is missing.
    """
    for name, text in content.items():
        begin, end = f"<!-- BEGIN {name} -->", f"<!-- END {name} -->"
        before, found, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"the page has no marks {begin} and {end}")
        page = f"{before}{begin}\n\n{text}\n\n{end}{after}"
    return page


def main() -> None:
    """Write every page that is otherwise."""
    for name, content in blocks().items():
        path = DOCS / name
        text = path.read_text(encoding="utf-8")
        new = filled(text, content)
        if new != text:
            write_bytes(path, new.encode())
            print(f"wrote {path}")


if __name__ == "__main__":
    main()
