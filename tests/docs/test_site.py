"""The site is made without a warning, has every page, needs no network, and no link of it leads out of it unseen."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT, read


def build(source: Path, site: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    """As `make docs` does, with ``more`` options."""
    (line,) = re.findall(r"-m (sphinx .*) docs docs/_build$", read(ROOT / "Makefile"), flags=re.MULTILINE)
    command = [sys.executable, "-m", *line.split(), *more, str(source), str(site)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(DOCS, folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_in_it_and_in_its_contents(site: Path) -> None:
    contents = read(site / "index.html")
    for page in DOCS.glob("*.md"):
        assert (site / f"{page.stem}.html").is_file()
        assert page.stem == "index" or f'class="reference internal" href="{page.stem}.html"' in contents


def test_links_to_files_of_the_repository_are_text(site: Path) -> None:
    text = read(site / "paper-to-code.html")
    assert 'href="../' not in text
    assert "pkbench/models/pk.py::PKLayer" in text
    assert not (site / "_downloads").exists()


def test_nothing_is_fetched(site: Path) -> None:
    loaded = re.compile(r"""<(?:script|img|iframe)[^>]*src=["']https?:|<link[^>]*rel="stylesheet"[^>]*href="https?:""")
    for page in site.glob("*.html"):
        assert not loaded.search(read(page)), page.name


def test_a_broken_link_fails(tmp_path: Path) -> None:
    source = tmp_path / "docs"
    source.mkdir()
    (source / "conf.py").write_text(read(DOCS / "conf.py"), encoding="utf-8")
    (source / "index.md").write_text("# Title\n\n[a](#no-such-heading) [b](no-such-page.md)\n", encoding="utf-8")
    done = build(source, tmp_path / "site", "-b", "dummy")
    assert done.returncode == 1
    assert "no-such-heading" in done.stderr
    assert "no-such-page" in done.stderr
