"""``pkbench report --html`` and ``--figures``, on a small project."""

from pathlib import Path

import pytest

from pkbench.errors import StoreError, UsageError
from tests.cli.test_exports import project  # noqa: F401 - a fixture
from tests.report.page.reader import read
from tests.report.test_cli import call


@pytest.mark.usefixtures("project")
def test_the_page_is_beside_the_report(tmp_path: Path) -> None:
    result = call("report", "--html")
    assert result.exit_code == 0, result.output
    page = tmp_path / "reports" / "report.html"
    assert result.output.splitlines()[-1] == f"page: {page}"
    text = page.read_text(encoding="utf-8")
    root = read(text)
    assert [spec.attributes["id"] for spec in root.all("section", cls="spec")] == ["spec:small", "spec:numbers"]
    assert str(tmp_path) not in text
    before = page.read_bytes()
    assert call("report", "--html").exit_code == 0
    assert page.read_bytes() == before


@pytest.mark.usefixtures("project")
def test_without_the_options_there_is_neither(tmp_path: Path) -> None:
    assert call("report").exit_code == 0
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".html", ".pdf")]


@pytest.mark.usefixtures("project")
def test_figures_for_a_paper(tmp_path: Path) -> None:
    result = call("report", "--figures", "paper/figures", "--html", "--out", "shown")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == "figures: paper/figures (PDF, SVG and PNG)"
    assert (tmp_path / "shown" / "report.html").is_file()
    folder = tmp_path / "paper" / "figures"
    names = [
        f"small-quick-{kind}.{ending}" for kind in ("curves", "effects", "errors") for ending in ("pdf", "png", "svg")
    ]
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", *names]
    shown = tmp_path / "shown" / "figures"
    for name in names:
        content = (folder / name).read_bytes()
        if name.endswith(".pdf"):
            assert content.startswith(b"%PDF")
            assert b"/Type3" not in content, "publishers refuse such fonts"
            assert b"CreationDate" not in content
        else:
            assert content == (shown / name).read_bytes()


@pytest.mark.usefixtures("project")
def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "figures").write_text("mine")
    assert isinstance(call("report", "--figures", "figures").exception, StoreError)
    assert (tmp_path / "figures").read_text() == "mine"
    assert (tmp_path / "reports" / "report.json").is_file(), "what was written before is kept"


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("option", [["--html"], ["--figures", "figures"]])
@pytest.mark.parametrize("other", [["--json"], ["--require", "small:less=supported"]])
def test_what_writes_nothing_writes_no_page(tmp_path: Path, option: list[str], other: list[str]) -> None:
    result = call("report", *option, *other)
    assert isinstance(result.exception, UsageError)
    assert "writes nothing" in str(result.exception)
    assert not (tmp_path / "reports").exists()
