"""The Markdown pages of the project, taken apart: fenced blocks, commands in them and in the text, headings, links.

A block ```` ```sh ```` holds commands that are run in order, in one folder a page. A comment at the end of a line says
with which exit code it ends, where that is not 0: ``# exit code 2``. The first line of a ``toml`` or ``python`` block may
name the file it is to be saved as, ``# specs/stripes.toml``, or added to, ``# at the end of specs/stripes.toml``.
A ``bash`` block is a script for another machine. Everything else that is shown is ``text``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TOP = tuple(ROOT / f"{name}.md" for name in ("README", "ARCHITECTURE", "CONTRIBUTING", "SECURITY"))
PAGES = (*TOP, *sorted(DOCS.glob("*.md")))
FENCE = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
CODE = re.compile(r"(`+)(.+?)\1", flags=re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", flags=re.MULTILINE)
FILE = re.compile(r"# (at the end of )?([\w./-]+\.(?:toml|py))\n")
EXIT_CODE = re.compile(r"\s*# exit code (\d+)$")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, which may be empty, its text and its line in the page."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Command:
    """A line of a shell, what it is to end with, and where it stands."""

    text: str
    exit_code: int
    line: int


@dataclass(frozen=True)
class Saved:
    """A file that a reader of the page makes, or adds to."""

    path: str
    text: str
    appended: bool


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(text: str) -> list[Block]:
    return [Block(found[1], found[2], text[: found.start()].count("\n") + 1) for found in FENCE.finditer(text)]


def prose(text: str) -> str:
    """What is not in fenced blocks."""
    return FENCE.sub("", text)


def commands_of(block: Block) -> list[Command]:
    lines = [
        (block.line + number, line)
        for number, line in enumerate(block.text.splitlines(), start=1)
        if line.strip() and not line.startswith("#")
    ]
    found = []
    for number, line in lines:
        code = EXIT_CODE.search(line)
        text = re.sub(r"\s+# .*$", "", line)
        found.append(Command(text, int(code[1]) if code else 0, number))
    return found


def steps(text: str) -> Iterator[Command | Saved]:
    """What a reader does from the top of a page to its end."""
    for block in blocks(text):
        named = FILE.match(block.text)
        if block.language == "sh":
            yield from commands_of(block)
        elif named and block.language in {"toml", "python"}:
            yield Saved(named[2], block.text[named.end() :] if named[1] else block.text, appended=bool(named[1]))


def script_commands(text: str) -> list[str]:
    """The calls of pkbench in scripts."""
    scripts = "".join(block.text for block in blocks(text) if block.language == "bash")
    return re.findall(r"\bpkbench [^\n;]*", scripts)


def inline_commands(text: str) -> list[str]:
    """Commands in the text of a page, without those that have a gap to fill in."""
    found = [" ".join(match[2].split()) for match in CODE.finditer(prose(text))]
    return [
        code
        for code in dict.fromkeys(found)
        if code.startswith(("pkbench ", "make ")) and not re.search(r"\b(VERB|NAME|FILES?|OLD)\b|[…|]", code)
    ]


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as code hosts and MyST make them."""
    found: set[str] = set()
    for heading in HEADING.findall(prose(text)):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        plain = re.sub(r"[^\w -]", "", shown).replace(" ", "-")
        numbered = (plain if number == 0 else f"{plain}-{number}" for number in range(100))
        found.add(next(anchor for anchor in numbered if anchor not in found))
    return found
