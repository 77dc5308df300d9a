"""What the pages take from the code is what the code says now, and every verb has its section."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from tests.docs.pages import DOCS, ROOT, prose, read


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "tools" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["verbs.md", "spec-reference.md"])
def test_a_page_says_what_the_code_says(tool: ModuleType, name: str) -> None:
    text = read(DOCS / name)
    assert text == tool.filled(text, tool.blocks()[name]), "run: make reference"


def test_every_verb_has_a_section_and_every_section_a_verb(tool: ModuleType) -> None:
    sections = re.findall(r"^## (.+)$", prose(read(DOCS / "verbs.md")), flags=re.MULTILINE)
    assert sorted(sections) == sorted({name.split()[0] for name in tool.verbs()})


def test_lists_stand_in_their_verbs_sections(tool: ModuleType) -> None:
    _, *sections = re.split(r"^## ", read(DOCS / "verbs.md"), flags=re.MULTILINE)
    found = [(section.split()[0], *re.findall(r"BEGIN options: (.+) -->", section)) for section in sections]
    for verb, *lists in found:
        assert lists == [name for name in tool.verbs() if name.split()[0] == verb]


def test_a_page_without_marks_is_refused(tool: ModuleType) -> None:
    with pytest.raises(ValueError, match="no marks <!-- BEGIN keys -->"):
        tool.filled("# A page\n<!-- END keys -->\n", {"keys": "text"})


def test_only_pages_that_differ_are_written(tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in tool.blocks():
        (tmp_path / name).write_text(read(DOCS / name).replace("| `", "| stale `", 1), encoding="utf-8")
    (tmp_path / "verbs.md").write_text(read(DOCS / "verbs.md"), encoding="utf-8")
    before = (tmp_path / "verbs.md").stat().st_mtime_ns
    monkeypatch.setattr(tool, "DOCS", tmp_path)
    tool.main()
    assert (tmp_path / "verbs.md").stat().st_mtime_ns == before
    assert read(tmp_path / "spec-reference.md") == read(DOCS / "spec-reference.md")
